"""What AWS says when it refuses, in our words: who may not do what, and the remedy. No secret gets into them."""

from __future__ import annotations

import re
from typing import Any

from alekseylearn.errors import MachineError

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"})
"""Codes of credentials that were good once: new ones help."""

_LOGIN = "sign in again (`aws sso login`), or set new keys; a workflow's role (`aws-role`) is renewed by itself"
_CLOCK = "set this machine's clock: AWS takes requests that are at most five minutes off"
_KEYS = "look at AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_PROFILE"
_TRUST = (
    "the role's trust policy must name this repository (and environment), and the workflow needs "
    "`permissions: {id-token: write}`; pull requests of forks never get a token"
)
_PROVIDER = (
    "add the identity provider token.actions.githubusercontent.com to the account: `alekseylearn init` writes it"
)
# What AWS itself says of these may repeat the request with its token: none of it is shown.
_CREDENTIALS = {
    **dict.fromkeys(EXPIRED, ("the credentials have expired", _LOGIN)),
    "RequestExpired": ("the credentials have expired, or the clock is wrong", _CLOCK),
    "RequestTimeTooSkewed": ("this machine's clock is wrong", _CLOCK),
    "SignatureDoesNotMatch": ("the secret key does not belong to the access key, or the clock is wrong", _KEYS),
    "InvalidSignatureException": ("the secret key does not belong to the access key, or the clock is wrong", _KEYS),
    "InvalidAccessKeyId": ("AWS knows no such access key", _KEYS),
    "InvalidClientTokenId": ("AWS knows no such access key, or its session token is wrong", _KEYS),
    "UnrecognizedClientException": ("AWS knows no such access key, or its session token is wrong", _KEYS),
    "InvalidToken": ("the session token is wrong", _KEYS),
    "IncompleteSignature": ("the credentials are no credentials of AWS", _KEYS),
    "IncompleteSignatureException": ("the credentials are no credentials of AWS", _KEYS),
    "MissingAuthenticationToken": ("AWS got no credentials", _KEYS),
    "MissingAuthenticationTokenException": ("AWS got no credentials", _KEYS),
    "AuthFailure": ("AWS refuses the credentials", _KEYS),
    "InvalidIdentityToken": ("AWS does not take the workflow's identity token", _PROVIDER),
    "IDPRejectedClaim": ("AWS does not take the workflow's identity token", _TRUST),
    "IDPCommunicationError": ("AWS cannot reach who issued the identity token", "run it again later"),
}
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Forbidden", "403"})
_THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "SlowDown",
    }
)
_WHO = re.compile(r"User: \S+:(user|assumed-role)/([^/\s]+)")
_ACTION = re.compile(r"not authorized to perform:? ([a-z0-9-]+:[a-z0-9*]+)", re.IGNORECASE)
_RESOURCE = re.compile(r"on (?:the )?resource:? \"?([^\s\"]+)")
_EXPLICIT = re.compile(r"with an explicit deny in an? ([a-z -]+)")
# By name, as not every botocore has them all; of those that may repeat a secret no word is shown.
_UNANSWERED = (
    ({"NoCredentialsError", "NoAuthTokenError"}, "aws.credentials", "there are no credentials", _KEYS),
    (
        {"ProfileNotFound", "ConfigParseError", "ConfigNotFound", "InvalidConfigError"},
        "aws.credentials",
        "{error}",
        "look at AWS_PROFILE and ~/.aws/config; `aws configure list-profiles` lists the profiles",
    ),
    (
        {"SSOError", "TokenRetrievalError", "LoginError"},
        "aws.credentials",
        "the sign-in has expired, or there was none",
        "`aws sso login` (or `aws login`), with --profile where AWS_PROFILE names one",
    ),
    ({"RefreshWithMFAUnsupportedError"}, "aws.credentials", "the sign-in with MFA has expired", _LOGIN),
    (
        {"PartialCredentialsError", "CredentialRetrievalError", "MetadataRetrievalError"},
        "aws.credentials",
        "no credentials can be had ({name})",
        _KEYS,
    ),
    (
        {"NoRegionError", "InvalidRegionError", "UnknownRegionError"},
        "aws.region",
        "{error}",
        "correct `region` or AWS_REGION",
    ),
    (
        {"HTTPClientError", "ConnectionError", "IncompleteReadError", "FlexibleChecksumError", "HTTPError", "OSError"},
        "aws.network",
        "AWS cannot be reached ({name})",
        "look at the network, a proxy and AWS_ENDPOINT_URL, and run the same command again",
    ),
)
# Answers to requests without a body of their own name no action.
_S3_ACTIONS = {
    "HeadObject": "s3:GetObject",
    "GetObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "DeleteObject": "s3:DeleteObject",
    "HeadBucket": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
}


def error_code(error: Exception) -> tuple[str, int]:
    """Return AWS's own code and the HTTP status of *error*; '' and 0 where AWS did not answer."""
    response: Any = getattr(error, "response", None)
    if not isinstance(response, dict):
        return "", 0
    code = str(response.get("Error", {}).get("Code", ""))
    return code, int(response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)


def failed(error: Exception, *, doing: str) -> MachineError:
    """Turn what boto3 raised while *doing* something ("starting the job") into an error with a remedy.

    Its slug is `aws.credentials` (none, wrong, expired), `aws.denied` (names the action), `aws.network`,
    `aws.throttled`, `aws.region` or `aws.failed`.
    """
    if isinstance(error, MachineError):
        return error
    code, status = error_code(error)
    if not (code or status):
        return _unanswered(error, doing)
    message = str(getattr(error, "response", {}).get("Error", {}).get("Message", ""))
    if code in _CREDENTIALS:
        what, hint = _CREDENTIALS[code]
        return MachineError("aws.credentials", f"{doing}: {what}", where="AWS", hint=hint)
    if code in _THROTTLED or status == 429:
        hint = "run the same command again in a few minutes"
        return MachineError("aws.throttled", f"{doing}: AWS asks for patience again and again ({code})", hint=hint)
    if code in _DENIED or (status == 403 and not code):
        return _denied(message, str(getattr(error, "operation_name", "")), doing)
    hint = "run the same command again later" if status >= 500 else ""
    return MachineError("aws.failed", f"{doing}: {message or 'no reason given'} ({code or status})", hint=hint)


def _denied(message: str, operation: str, doing: str) -> MachineError:
    who, action, resource = _WHO.search(message), _ACTION.search(message), _RESOURCE.search(message)
    name = action[1] if action else _S3_ACTIONS.get(operation, operation)
    where = resource[1].rstrip(".") if resource else ""
    if name == "sts:AssumeRoleWithWebIdentity":
        return MachineError("aws.denied", f"{doing}: the role does not trust this workflow", where=where, hint=_TRUST)
    deny = _EXPLICIT.search(message)
    if deny:
        hint = f"a deny in a {deny[1].strip()} forbids it: ask who looks after the account"
    else:
        owner = f"the {who[1].removeprefix('assumed-')} {who[2]}" if who else "these credentials"
        hint = f"allow {name} in the policy of {owner}; `alekseylearn init` writes one that does"
    return MachineError("aws.denied", f"{doing}: {name} is not allowed", where=where, hint=hint)


def _unanswered(error: Exception, doing: str) -> MachineError:
    """Say why there is no answer of AWS: the request was never made, or the network failed."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    for names, slug, what, hint in _UNANSWERED:
        if kinds & names:
            told = what.format(error=error, name=type(error).__name__)
            return MachineError(slug, f"{doing}: {told}", where="AWS", hint=hint)
    return MachineError("aws.failed", f"{doing}: {str(error) or type(error).__name__}")
