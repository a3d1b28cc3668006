"""What AWS says when it refuses becomes who may not do what, and what to do; no secret gets through."""

from __future__ import annotations

from typing import Any

import botocore.exceptions
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.aws_failures import error_code, failed
from alekseylearn.errors import MachineError

SECRET = "FwoGZXIvYXdzEXAMPLETOKEN"


def refusal(code: str, message: str = "", status: int = 400, operation: str = "CreateTrainingJob") -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)


USER = "User: arn:aws:iam::123456789012:user/ann"
ROLE = "User: arn:aws:sts::123456789012:assumed-role/submit/alekseylearn-octo-17"
DENY = "with an explicit deny in a service control policy"
JOB = "arn:aws:sagemaker:us-east-1:123456789012:training-job/alekseylearn-0123-1"


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (
            f"{ROLE} is not authorized to perform: sagemaker:CreateTrainingJob on resource: {JOB} because no policy does",
            ("sagemaker:CreateTrainingJob is not allowed", JOB, "allow sagemaker:CreateTrainingJob", "of the role submit;"),
        ),
        (
            f"{USER} is not authorized to perform: iam:PassRole on resource: arn:aws:iam::123456789012:role/job",
            ("iam:PassRole is not allowed", "role/job", "of the user ann;"),
        ),
        (
            f'{USER} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::models/a b" {DENY}',
            ("s3:PutObject is not allowed", "arn:aws:s3:::models/a", "a deny in a service control policy forbids it"),
        ),
        ("You are not authorized to perform this operation.", ("CreateTrainingJob is not allowed", "these credentials")),
        ("", ("CreateTrainingJob is not allowed",)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
def test_what_is_denied_names_action_resource_and_whom(code: str, message: str, says: tuple[str, ...]) -> None:
    told = failed(refusal(code, message), doing="starting the job")
    assert told.slug == "aws.denied"
    assert told.what.startswith("starting the job: ")
    for words in says:
        assert words in str(told)


def test_a_workflow_that_the_role_does_not_trust_is_told_where_to_look() -> None:
    told = failed(refusal("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"), doing="x")
    assert told.slug == "aws.denied"
    assert "trust policy" in told.hint
    assert "id-token: write" in told.hint


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("HeadObject", "s3:GetObject"),
        ("UploadPart", "s3:PutObject"),
        ("ListObjectsV2", "s3:ListBucket"),
        ("Odd", "Odd"),
    ],
)
def test_an_answer_without_words_is_known_by_its_status(operation: str, action: str) -> None:
    for code in ("403", "Forbidden", ""):
        told = failed(refusal(code, "Forbidden", 403, operation), doing="x")
        assert told.slug == "aws.denied"
        assert f"{action} is not allowed" in told.what


def test_what_is_forbidden_for_another_reason_is_told_as_that() -> None:
    words = "The operation is not valid for the object's storage class"
    told = failed(refusal("InvalidObjectState", words, 403, "GetObject"), doing="reading from S3")
    assert told.slug == "aws.failed"
    assert words in told.what


@pytest.mark.parametrize(
    "code",
    [
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidToken",
        "IncompleteSignature",
        "MissingAuthenticationToken",
        "InvalidIdentityToken",
        "IDPRejectedClaim",
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403])
def test_wrong_credentials_are_told_without_what_was_sent(code: str, status: int) -> None:
    canonical = f"The Canonical String for this request should have been 'x-amz-security-token:{SECRET}'"
    told = failed(refusal(code, canonical, status), doing="starting the job")
    assert told.slug == "aws.credentials"
    assert told.hint
    assert SECRET not in str(told)


@pytest.mark.parametrize("code", ["Throttling", "ThrottlingException", "SlowDown", "RequestLimitExceeded", "odd"])
def test_who_is_asked_for_patience_again_and_again_is_told(code: str) -> None:
    told = failed(refusal(code, "Rate exceeded", 429 if code == "odd" else 400), doing="x")
    assert told.slug == "aws.throttled"
    assert told.hint


def test_what_is_refused_otherwise_is_told_in_awss_own_words() -> None:
    told = failed(refusal("ValidationException", "1 validation error detected"), doing="starting the job")
    assert (told.slug, told.hint) == ("aws.failed", "")
    assert told.what == "starting the job: 1 validation error detected (ValidationException)"
    assert failed(refusal("", "", 400), doing="x").what == "x: no reason given (400)"
    assert failed(refusal("InternalFailure", "", 500), doing="x").hint


def made(name: str) -> Exception:
    """Make one of botocore's exceptions with all that its text needs."""
    kind = getattr(botocore.exceptions, name)
    fields = ("error", "endpoint_url", "profile", "provider", "cred_var", "error_msg", "region_name", "path", "name")
    return kind(**dict.fromkeys((*fields, "actual_bytes", "expected_bytes", "proxy_url"), "x"))


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("NoCredentialsError", "aws.credentials"),
        ("PartialCredentialsError", "aws.credentials"),
        ("CredentialRetrievalError", "aws.credentials"),
        ("ProfileNotFound", "aws.credentials"),
        ("ConfigParseError", "aws.credentials"),
        ("UnauthorizedSSOTokenError", "aws.credentials"),
        ("SSOTokenLoadError", "aws.credentials"),
        ("TokenRetrievalError", "aws.credentials"),
        ("MetadataRetrievalError", "aws.credentials"),
        ("RefreshWithMFAUnsupportedError", "aws.credentials"),
        ("NoRegionError", "aws.region"),
        ("InvalidRegionError", "aws.region"),
        ("EndpointConnectionError", "aws.network"),
        ("ConnectTimeoutError", "aws.network"),
        ("ReadTimeoutError", "aws.network"),
        ("ConnectionClosedError", "aws.network"),
        ("ProxyConnectionError", "aws.network"),
        ("SSLError", "aws.network"),
        ("ResponseStreamingError", "aws.network"),
        ("IncompleteReadError", "aws.network"),
        ("FlexibleChecksumError", "aws.network"),
        ("UnknownServiceError", "aws.failed"),
    ],
)
def test_what_aws_was_never_asked_is_told_with_a_remedy(name: str, slug: str) -> None:
    if name == "UnknownServiceError":
        error: Exception = botocore.exceptions.UnknownServiceError(service_name="x", known_service_names="y")
    else:
        error = made(name)
    told = failed(error, doing="starting the job")
    assert told.slug == slug
    assert told.what.startswith("starting the job: ")
    assert told.hint or slug == "aws.failed"


def test_an_error_of_ours_stays_as_it_is() -> None:
    error = MachineError("aws.region", "none")
    assert failed(error, doing="x") is error


def test_any_other_error_is_told() -> None:
    assert failed(OSError("reset"), doing="x").slug == "aws.network"
    assert failed(RuntimeError("odd"), doing="x").what == "x: odd"
    assert failed(RuntimeError(), doing="x").what == "x: RuntimeError"


codes = st.text(max_size=8) | st.none() | st.integers()


@given(
    st.dictionaries(st.sampled_from(["Code", "Message"]), codes), st.sampled_from([None, 0, 200, 400, 403, 429, 503])
)
def test_whatever_answers_is_told(error: dict[str, Any], status: int | None) -> None:
    told = failed(ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}}, "x"), doing="y")  # type: ignore[typeddict-item]
    assert told.slug.startswith("aws.")
    assert len(str(told).splitlines()) <= 3


def test_the_code_of_what_is_no_answer_is_empty() -> None:
    assert error_code(OSError()) == ("", 0)
    assert error_code(refusal("Odd", status=418)) == ("Odd", 418)
