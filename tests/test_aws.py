"""Who we are at AWS, where, and for how long: every way of signing in, and what is said where none works."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from alekseylearn.aws import Aws, connect_aws, failed
from alekseylearn.aws_credentials import github_token, session_name
from alekseylearn.errors import MachineError
from tests.fakes.aws import LOST, Cloud, Reply, Request, refusal
from tests.fakes.aws.tokens import BEARER, Tokens

ROLE = "arn:aws:iam::123456789012:role/alekseylearn-submit"
SECRETS = (BEARER, "secret-token", "a-secret-of-tests", "session-token-")


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the process's own environment lead astray whoever looks there."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "ACTIONS_", "GITHUB_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEMACHINE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-machine")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    monkeypatch.setenv("AWS_PROFILE", "of-the-machine")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent/of-the-machine")


@pytest.fixture
def tokens() -> Iterator[Tokens]:
    with Tokens() as tokens:
        yield tokens


@pytest.fixture
def there(cloud: Cloud, tmp_path: Path) -> dict[str, str]:
    """Lead to the cloud, without any credentials."""
    return {
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_REGION": "us-east-1",
        "HOME": str(tmp_path),
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture
def workflow(there: Mapping[str, str], tokens: Tokens) -> dict[str, str]:
    """What a job of GitHub's has that may take a role."""
    about = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "octo/models", "GITHUB_RUN_ID": "17"}
    return {**there, **tokens.environ, **about, "AWS_ROLE_ARN": ROLE}


def settle(folder: Path, **files: str) -> None:
    """Write the files in ~/.aws."""
    (folder / ".aws").mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / ".aws" / name).write_text(text)


def refused(slug: str, action: Callable[[], Any]) -> str:
    with pytest.raises(MachineError) as caught:
        action()
    told = str(caught.value)
    assert caught.value.slug == slug, told
    assert not any(secret in told + repr(caught.value) for secret in SECRETS)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return told


def keys_for(seconds: float, name: str) -> Callable[[Request], Reply]:
    """Answer the request for a role with keys that last so long."""

    def answer(_: Request) -> Reply:
        end = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        keys = f"<AccessKeyId>{name}</AccessKeyId><SecretAccessKey>x</SecretAccessKey>"
        keys += f"<SessionToken>session-token-{name}</SessionToken><Expiration>{end}</Expiration>"
        result = f"<AssumeRoleWithWebIdentityResult><Credentials>{keys}</Credentials></AssumeRoleWithWebIdentityResult>"
        text = f"<AssumeRoleWithWebIdentityResponse>{result}</AssumeRoleWithWebIdentityResponse>"
        return Reply(status=200, body=text.encode(), headers={"Content-Type": "text/xml"})

    return answer


def is_for_a_role(request: Request) -> bool:
    return request.form.get("Action") == "AssumeRoleWithWebIdentity"


def signers(cloud: Cloud) -> list[str]:
    """Return whose keys signed the requests that were signed."""
    return [one.access_key for one in cloud.seen if one.access_key]


# -- regions, addresses, clients --------------------------------------------------------------------------------------


def test_nothing_of_aws_is_imported_before_it_is_needed() -> None:
    program = (
        "import sys, alekseylearn.cli, alekseylearn.aws, alekseylearn.s3, alekseylearn.stores.s3\n"
        "print([name for name in ('boto3', 'botocore', 's3transfer', 'requests') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_region_is_the_one_that_is_named_first(cloud: Cloud, tmp_path: Path) -> None:
    environ = {**cloud.environ, "HOME": str(tmp_path), "AWS_DEFAULT_REGION": "eu-west-2"}
    settle(tmp_path, config="[default]\nregion = eu-west-3\n")
    assert connect_aws(environ, "eu-west-1").region == "eu-west-1"
    assert connect_aws(environ).region == "us-east-1"
    del environ["AWS_REGION"]
    assert connect_aws(environ).region == "eu-west-2"
    del environ["AWS_DEFAULT_REGION"]
    assert connect_aws(environ).region == "eu-west-3"
    (tmp_path / ".aws" / "config").unlink()
    assert "AWS_REGION" in refused("aws.region", lambda: connect_aws(environ))


def test_a_client_is_made_once_for_each_region(cloud: Cloud) -> None:
    aws = connect_aws(cloud.environ, "eu-west-1")
    assert aws.client("sts") is aws.client("sts")
    assert aws.client("sts").meta.region_name == "eu-west-1"
    assert aws.client("pricing", "us-east-1").meta.region_name == "us-east-1"
    assert aws.client("sts", "us-east-1") is not aws.client("sts")


def test_a_region_that_is_none_is_told(cloud: Cloud) -> None:
    aws = connect_aws(cloud.environ, "no region")
    assert "no region" in refused("aws.region", lambda: aws.client("sts"))


def test_the_account_is_asked_for_once(cloud: Cloud) -> None:
    aws = connect_aws(cloud.environ)
    assert aws.account() == aws.account() == "123456789012"
    assert signers(cloud) == ["AKIATEST"]


@pytest.mark.parametrize(
    ("service", "variable"),
    [
        ("sts", "AWS_ENDPOINT_URL_STS"),
        ("sagemaker", "AWS_ENDPOINT_URL_SAGEMAKER"),
        ("logs", "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"),
        ("service-quotas", "AWS_ENDPOINT_URL_SERVICE_QUOTAS"),
    ],
)
def test_a_service_may_have_an_address_of_its_own(cloud: Cloud, service: str, variable: str) -> None:
    environ = {**cloud.environ, variable: "http://127.0.0.1:1"}
    assert connect_aws(environ).client(service).meta.endpoint_url == "http://127.0.0.1:1"
    assert connect_aws(cloud.environ).client(service).meta.endpoint_url == cloud.url
    ignoring = {**environ, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
    assert "amazonaws.com" in connect_aws(ignoring).client(service).meta.endpoint_url


def test_an_address_may_stand_in_the_profile(cloud: Cloud, tmp_path: Path) -> None:
    settle(tmp_path, config=f"[default]\nregion = us-east-1\nendpoint_url = {cloud.url}\n")
    environ = {"HOME": str(tmp_path), "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "x"}
    assert connect_aws(environ).account() == "123456789012"


def test_many_threads_may_ask_for_clients_at_once(cloud: Cloud) -> None:
    aws = connect_aws(cloud.environ)
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(aws.client("sts"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1


def test_a_service_that_asks_for_patience_gets_it(cloud: Cloud) -> None:
    cloud.fault(refusal("ThrottlingException", "Rate exceeded"), times=2)
    cloud.fault(LOST)
    assert connect_aws(cloud.environ).account() == "123456789012"
    assert len(cloud.seen) == 4


# -- keys and files ---------------------------------------------------------------------------------------------------


def test_keys_may_have_a_session_token(cloud: Cloud) -> None:
    connect_aws({**cloud.environ, "AWS_SESSION_TOKEN": "session-token-1"}).account()
    assert cloud.seen[0].headers["X-Amz-Security-Token"] == "session-token-1"
    assert signers(cloud) == ["AKIATEST"]


def test_half_a_key_is_told(there: Mapping[str, str]) -> None:
    told = refused("aws.credentials", lambda: connect_aws({**there, "AWS_ACCESS_KEY_ID": "AKIATEST"}))
    assert "AWS_SECRET_ACCESS_KEY is not" in told


def test_nothing_is_found_in_the_processes_own_environment(there: Mapping[str, str]) -> None:
    assert "aws configure" in refused("aws.credentials", lambda: connect_aws(there))


def test_a_profile_is_found_in_the_files_of_the_home(there: Mapping[str, str], cloud: Cloud, tmp_path: Path) -> None:
    settle(
        tmp_path,
        credentials="[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = x\n"
        "[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = x\n",
    )
    connect_aws(there).account()
    connect_aws({**there, "AWS_PROFILE": "work"}).account()
    assert signers(cloud) == ["AKIADEFAULT", "AKIAWORK"]


def test_the_files_may_lie_elsewhere(there: Mapping[str, str], cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        "[profile work]\ncredential_process = sh -c 'cat " + str(tmp_path / "keys") + "'\n"
    )
    (tmp_path / "keys").write_text(json.dumps({"Version": 1, "AccessKeyId": "AKIAPROCESS", "SecretAccessKey": "x"}))
    connect_aws({**there, "AWS_PROFILE": "work", "AWS_CONFIG_FILE": str(tmp_path / "config")}).account()
    assert signers(cloud) == ["AKIAPROCESS"]


def test_a_profile_that_is_not_there_is_told(there: Mapping[str, str]) -> None:
    environ = {**there, "AWS_PROFILE": "wrok"}
    for region in ("us-east-1", ""):
        environ["AWS_REGION"] = region
        told = refused("aws.credentials", lambda: connect_aws(environ))
        assert "wrok" in told
        assert "list-profiles" in told


def test_a_file_that_nobody_can_read_is_told(there: Mapping[str, str], tmp_path: Path) -> None:
    settle(tmp_path, config="[default\nregion")
    refused("aws.credentials", lambda: connect_aws(there))


def test_a_sign_in_that_has_expired_is_told(there: Mapping[str, str], tmp_path: Path) -> None:
    settle(
        tmp_path,
        config="[profile work]\nsso_session = us\nsso_account_id = 123456789012\nsso_role_name = x\n"
        "[sso-session us]\nsso_start_url = https://example.awsapps.com/start\nsso_region = us-east-1\n",
    )
    aws = connect_aws({**there, "AWS_PROFILE": "work"})
    assert "aws sso login" in refused("aws.credentials", aws.account)


def test_keys_in_a_file_that_were_replaced_when_they_expired_are_read_again(
    there: Mapping[str, str], cloud: Cloud, tmp_path: Path
) -> None:
    text = "[default]\naws_access_key_id = {}\naws_secret_access_key = x\n"
    settle(tmp_path, credentials=text.format("AKIAOLD"))
    aws = connect_aws(there)
    aws.client("sts").get_caller_identity()
    settle(tmp_path, credentials=text.format("AKIANEW"))
    cloud.expired.add("AKIAOLD")
    assert aws.account() == "123456789012"
    assert signers(cloud) == ["AKIAOLD", "AKIAOLD", "AKIANEW"]


def test_a_file_that_is_gone_when_its_keys_expire_leaves_what_was_said_first(
    there: Mapping[str, str], cloud: Cloud, tmp_path: Path
) -> None:
    settle(tmp_path, credentials="[default]\naws_access_key_id = AKIAOLD\naws_secret_access_key = x\n")
    aws = connect_aws(there)
    (tmp_path / ".aws" / "credentials").unlink()
    cloud.expired.add("AKIAOLD")
    for _ in range(2):
        assert "have expired" in refused("aws.credentials", aws.account)


def test_a_profile_may_take_a_role(there: Mapping[str, str], cloud: Cloud, tmp_path: Path, monkeypatch: Any) -> None:
    # botocore looks for the address of the service that gives roles in the process's own environment.
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.url)
    settle(
        tmp_path,
        config=f"[profile work]\nrole_arn = {ROLE}\nsource_profile = me\n",
        credentials="[me]\naws_access_key_id = AKIAME\naws_secret_access_key = x\n",
    )
    connect_aws({**there, "AWS_PROFILE": "work"}).account()
    assert [one.form["Action"] for one in cloud.seen] == ["AssumeRole", "GetCallerIdentity"]
    assert signers(cloud)[0] == "AKIAME"
    assert signers(cloud)[1].startswith("ASIA")


def test_keys_that_have_expired_for_good_are_told(cloud: Cloud) -> None:
    aws = connect_aws(cloud.environ)
    cloud.expired.add("AKIATEST")
    assert "have expired" in refused("aws.credentials", aws.account)
    assert len(cloud.seen) == 1


# -- machines that know who they are ----------------------------------------------------------------------------------


class Machine:
    """The address at which a machine at AWS learns its own keys."""

    def __init__(self, answers: Mapping[str, bytes]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = answers.get(self.path)
                self.send_response_only(200 if body is not None else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            do_PUT = do_GET  # noqa: N815 (the name that the server calls)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


@pytest.fixture
def machine() -> Iterator[Machine]:
    keys = {"AccessKeyId": "ASIAMACHINE", "SecretAccessKey": "x", "Token": "t", "Expiration": "2099-01-01T00:00:00Z"}
    told = json.dumps({"Code": "Success", **keys}).encode()
    path = "/latest/meta-data/iam/security-credentials/"
    machine = Machine({"/latest/api/token": b"token", path: b"role", f"{path}role": told, "/task": told})
    yield machine
    machine.server.shutdown()
    machine.server.server_close()


def test_a_machine_at_aws_knows_its_role(there: dict[str, str], cloud: Cloud, machine: Machine) -> None:
    del there["AWS_EC2_METADATA_DISABLED"]
    connect_aws({**there, "AWS_EC2_METADATA_SERVICE_ENDPOINT": machine.url}).account()
    assert signers(cloud) == ["ASIAMACHINE"]


def test_a_container_at_aws_knows_its_role(there: dict[str, str], cloud: Cloud, machine: Machine) -> None:
    connect_aws({**there, "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{machine.url}/task"}).account()
    assert signers(cloud) == ["ASIAMACHINE"]


def test_nobody_waits_long_where_no_machine_of_aws_answers(there: dict[str, str]) -> None:
    del there["AWS_EC2_METADATA_DISABLED"]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environ = {**there, "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        started = time.monotonic()
        assert "aws configure" in refused("aws.credentials", lambda: connect_aws(environ))
        assert time.monotonic() - started < 3


# -- the role of a workflow -------------------------------------------------------------------------------------------


def test_a_workflow_takes_its_role_with_a_token(workflow: Mapping[str, str], cloud: Cloud, tokens: Tokens) -> None:
    assert connect_aws(workflow).account() == "123456789012"
    (asked,) = cloud.assumed()
    assert asked["RoleArn"] == ROLE
    assert asked["WebIdentityToken"] == tokens.given[0]
    assert asked["RoleSessionName"] == "alekseylearn-octo-models-17"
    assert tokens.asked == [{"api-version": ["2.0"], "audience": ["sts.amazonaws.com"]}]
    assert "Authorization" not in cloud.seen[0].headers
    assert signers(cloud)[0].startswith("ASIA")


def test_the_role_comes_before_keys_that_are_left_over(workflow: Mapping[str, str], cloud: Cloud) -> None:
    connect_aws({**workflow, "AWS_ACCESS_KEY_ID": "AKIALEFT", "AWS_SECRET_ACCESS_KEY": "x"}).account()
    assert "AKIALEFT" not in signers(cloud)


def test_a_role_without_a_way_to_take_it_leaves_the_keys(there: Mapping[str, str], cloud: Cloud) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AKIALEFT", "AWS_SECRET_ACCESS_KEY": "x"}
    connect_aws({**there, **keys, "AWS_ROLE_ARN": ROLE}).account()
    assert signers(cloud) == ["AKIALEFT"]


def test_the_role_is_taken_again_before_it_ends(workflow: Mapping[str, str], cloud: Cloud, tokens: Tokens) -> None:
    for number in range(20):
        cloud.fault(keys_for(2, f"ASIA{number}"), when=is_for_a_role)
    aws = connect_aws(workflow)
    sts = aws.client("sts")
    end = time.monotonic() + 30
    while len(set(signers(cloud))) < 3 and time.monotonic() < end:
        sts.get_caller_identity()
        time.sleep(0.02)
    assert signers(cloud)[0] == "ASIA0"
    assert list(dict.fromkeys(signers(cloud)))[:3] == ["ASIA0", "ASIA1", "ASIA2"]
    assert len(tokens.given) == len(cloud.assumed())
    assert len(cloud.assumed()) <= len(set(signers(cloud))) + 1


def test_what_is_refused_because_the_role_has_ended_is_tried_once_more(
    workflow: Mapping[str, str], cloud: Cloud, tokens: Tokens
) -> None:
    aws = connect_aws(workflow)
    aws.client("sts").get_caller_identity()
    cloud.expired.update(signers(cloud))
    assert aws.account() == "123456789012"
    assert len(tokens.given) == 2
    assert len(set(signers(cloud))) == 2


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException"])
def test_a_role_that_has_ended_again_and_again_is_told(
    workflow: Mapping[str, str], cloud: Cloud, tokens: Tokens, code: str
) -> None:
    aws = connect_aws(workflow)
    cloud.fault(refusal(code, "expired"), times=99, when=lambda one: not is_for_a_role(one))
    assert "have expired" in refused("aws.credentials", aws.account)
    assert len(tokens.given) == 2


def test_many_requests_that_meet_the_end_of_the_role_take_it_once(
    workflow: Mapping[str, str], cloud: Cloud, tokens: Tokens
) -> None:
    aws = connect_aws(workflow)
    sts = aws.client("sts")
    sts.get_caller_identity()
    cloud.expired.update(signers(cloud))
    start, told = threading.Barrier(8), []

    def ask() -> None:
        start.wait()
        told.append(sts.get_caller_identity()["Account"])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == ["123456789012"] * 8
    assert len(tokens.given) == 2


def test_what_is_sent_is_sent_again_whole(
    workflow: Mapping[str, str], cloud: Cloud, bucket_name: str, tmp_path: Path
) -> None:
    s3 = connect_aws(workflow).client("s3")
    s3.list_objects_v2(Bucket=bucket_name)
    cloud.expired.update(signers(cloud))
    (tmp_path / "file").write_bytes(b"data" * 1000)
    with (tmp_path / "file").open("rb") as file:
        s3.put_object(Bucket=bucket_name, Key="key", Body=file)
    assert s3.get_object(Bucket=bucket_name, Key="key")["Body"].read() == b"data" * 1000


def test_a_role_that_cannot_be_taken_again_is_told_as_it_is(
    workflow: Mapping[str, str], cloud: Cloud, tokens: Tokens
) -> None:
    aws = connect_aws(workflow)
    aws.client("sts").get_caller_identity()
    cloud.expired.update(signers(cloud))
    tokens.replies.append((403, b"{}"))
    assert "id-token: write" in refused("aws.credentials", aws.account)


def test_a_file_with_a_token_gives_a_role_too(there: Mapping[str, str], cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("eyJ.secret-token-of-a-file.sig\n")
    environ = {**there, "AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token")}
    connect_aws({**environ, "AWS_ROLE_SESSION_NAME": "a pod"}).account()
    assert cloud.assumed()[0]["WebIdentityToken"] == "eyJ.secret-token-of-a-file.sig"
    assert cloud.assumed()[0]["RoleSessionName"] == "a-pod"
    (tmp_path / "token").unlink()
    assert str(tmp_path / "token") in refused("aws.credentials", lambda: connect_aws(environ))


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, "alekseylearn"),
        ({"GITHUB_REPOSITORY": "octo/models", "GITHUB_RUN_ID": "17"}, "alekseylearn-octo-models-17"),
        ({"GITHUB_REPOSITORY": "o/" + "x" * 100, "GITHUB_RUN_ID": "12345678901"}, "alekseylearn-o-" + "x" * 36 + "-12345678901"),
        ({"GITHUB_REPOSITORY": "\u00fc/\u4f60 ..", "GITHUB_RUN_ID": "a1b"}, "alekseylearn-..-1"),
        ({"AWS_ROLE_SESSION_NAME": "me@work " + "y" * 99}, "me@work-" + "y" * 56),
    ],
)  # fmt: skip
def test_a_session_is_named_after_its_run(environ: Mapping[str, str], name: str) -> None:
    assert session_name(environ) == name
    assert len(name) <= 64


# -- tokens that do not come, roles that are not given ----------------------------------------------------------------


def test_a_token_that_does_not_come_at_once_is_asked_for_again(tokens: Tokens) -> None:
    tokens.replies += [(500, b""), (503, b"<html>"), (200, b"not json")]
    waits: list[float] = []
    assert github_token(tokens.environ, waits.append) == tokens.given[0]
    assert len(tokens.asked) == 4
    assert waits == sorted(waits)


@pytest.mark.parametrize(
    "reply", [(500, b""), (429, b""), (302, b""), (200, b""), (200, b"[]"), (200, b'{"value": null'), (200, b"{}")]
)
def test_a_token_that_never_comes_is_told(tokens: Tokens, reply: tuple[int, bytes]) -> None:
    tokens.replies += [reply] * 9
    assert "later" in refused("aws.network", lambda: github_token(tokens.environ, lambda _: None))
    assert len(tokens.asked) == 4


def test_nobody_there_is_told(tokens: Tokens) -> None:
    environ = {**tokens.environ, "ACTIONS_ID_TOKEN_REQUEST_URL": "http://127.0.0.1:9/token?secret-token"}
    refused("aws.network", lambda: github_token(environ, lambda _: None))


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_workflow_that_gets_no_token_is_told_what_it_needs(
    workflow: Mapping[str, str], tokens: Tokens, status: int
) -> None:
    tokens.replies.append((status, b"secret-token"))
    assert "id-token: write" in refused("aws.credentials", lambda: connect_aws(workflow))
    assert len(tokens.asked) == 1


def test_a_login_for_the_same_host_in_netrc_is_not_sent(
    tokens: Tokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert github_token(tokens.environ) == tokens.given[0]


@pytest.mark.parametrize(
    ("environ", "hint"),
    [
        ({"AWS_ROLE_ARN": ROLE}, "id-token: write"),
        ({"AWS_ROLE_ARN": ROLE, "GITHUB_ACTIONS": "true"}, "id-token: write"),
        ({"GITHUB_ACTIONS": "true"}, "aws-role"),
        ({}, "AWS_PROFILE"),
    ],
    ids=["role", "role in a workflow", "workflow", "nothing"],
)
def test_who_has_no_credentials_is_told_where_to_get_them(
    there: Mapping[str, str], environ: Mapping[str, str], hint: str
) -> None:
    assert hint in refused("aws.credentials", lambda: connect_aws({**there, **environ}))


@pytest.mark.parametrize(
    ("code", "message", "slug", "words"),
    [
        ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", "aws.denied", "trust policy"),
        (
            "InvalidIdentityToken",
            "No OpenIDConnect provider found in your account for https://token.actions.githubusercontent.com",
            "aws.credentials",
            "identity provider",
        ),
        ("ValidationError", "Request ARN is invalid", "aws.credentials", "arn:aws:iam::"),
        ("ExpiredTokenException", "Token expired: current date/time must be before", "aws.credentials", "expired"),
        ("MalformedPolicyDocument", "odd", "aws.failed", "odd"),
    ],
)
def test_a_role_that_is_not_given_is_told(
    workflow: Mapping[str, str], cloud: Cloud, code: str, message: str, slug: str, words: str
) -> None:
    cloud.fault(refusal(code, message, 403 if code == "AccessDenied" else 400), times=9)
    told = refused(slug, lambda: connect_aws(workflow))
    assert words in told
    assert ROLE in told


@pytest.mark.parametrize("role", ["x", "not-an-arn-at-all-but-long"])
def test_what_is_no_role_is_told(workflow: Mapping[str, str], cloud: Cloud, role: str) -> None:
    cloud.fault(refusal("ValidationError", "secret-token is no ARN"))
    assert "AWS_ROLE_ARN is no role" in refused(
        "aws.credentials", lambda: connect_aws({**workflow, "AWS_ROLE_ARN": role})
    )


def test_nothing_that_is_printed_tells_a_secret(workflow: Mapping[str, str]) -> None:
    aws = connect_aws(workflow)
    for thing in (aws, aws.client("sts"), aws._credentials, aws._credentials.loaded()):
        assert not any(secret in repr(thing) + str(thing) for secret in SECRETS)
    assert isinstance(aws, Aws)
    assert callable(failed)
