"""The image: looked for, pulled with the login that its registry wants, and named by what it holds."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoCredentialsError
from botocore.stub import Stubber

from alekseylearn.engines import RefusedError
from alekseylearn.errors import MachineError
from alekseylearn.images import Image, ecr_login, find_image
from alekseylearn.tables import Pull
from alekseylearn.transfers import Transfer, unwatched

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/churn:7"


class FakeEngine:
    """An engine that has the images *there*, and those of *far* once they are pulled."""

    def __init__(self, *there: str, far: tuple[str, ...] = (), events: tuple[Mapping[str, Any], ...] = ()) -> None:
        self.there = set(there)
        self.far = set(far)
        self.events = events
        self.digests: list[str] | None = []
        self.refusal = ""
        self.pulled: list[tuple[str, Mapping[str, str] | None]] = []

    def image(self, name: str) -> Mapping[str, Any] | None:
        return {"Id": "sha256:f00", "RepoDigests": self.digests} if name in self.there else None

    def pull(self, name: str, login: Mapping[str, str] | None, hear: Callable[[Mapping[str, Any]], None]) -> None:
        self.pulled.append((name, login))
        if self.refusal:
            raise RefusedError(self.refusal, 500)
        for event in self.events:
            hear(event)
        self.there |= self.far


def found(
    fake: FakeEngine,
    name: str = "python:3.12",
    pull: Pull = "missing",
    *,
    watch: Callable[[Transfer], None] = unwatched,
    login: Callable[[str], Mapping[str, str] | None] = lambda _: None,
) -> Image:
    engine: Any = fake
    return find_image(engine, name, pull, watch=watch, login=login)


def refusal(fake: FakeEngine, name: str = "python:3.12", pull: Pull = "missing") -> MachineError:
    with pytest.raises(MachineError) as caught:
        found(fake, name, pull)
    assert caught.value.slug == "docker.pull"
    assert caught.value.hint
    return caught.value


# -- whether it is pulled ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pull", "there", "pulled"),
    [
        ("missing", True, False),
        ("missing", False, True),
        ("always", True, True),
        ("always", False, True),
        ("never", True, False),
    ],
)
def test_an_image_is_pulled_when_it_is_asked_for(pull: Pull, there: bool, pulled: bool) -> None:
    fake = FakeEngine(*(["python:3.12"] if there else []), far=("python:3.12",))
    assert found(fake, pull=pull).id == "sha256:f00"
    assert bool(fake.pulled) is pulled


def test_an_image_that_may_not_be_pulled_has_to_be_there() -> None:
    fake = FakeEngine(far=("python:3.12",))
    error = refusal(fake, pull="never")
    assert error.where == "python:3.12"
    assert not fake.pulled


def test_an_engine_that_pulled_and_has_nothing_had_no_such_image() -> None:
    assert "no such image" in refusal(FakeEngine()).what


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("python", "python:latest"),
        ("python:3.12", "python:3.12"),
        ("registry:5000/python", "registry:5000/python:latest"),
        ("registry:5000/python:3.12", "registry:5000/python:3.12"),
        ("python@sha256:" + "a" * 64, "python@sha256:" + "a" * 64),
        ("registry:5000/python@sha256:" + "a" * 64, "registry:5000/python@sha256:" + "a" * 64),
    ],
)
def test_the_tag_that_is_meant_is_named_for_engines_would_pull_them_all(name: str, asked: str) -> None:
    fake = FakeEngine(far=(name,))
    assert found(fake, name).name == name
    assert fake.pulled == [(asked, None)]


def test_a_login_is_looked_up_only_for_what_is_pulled() -> None:
    login = {"username": "AWS", "password": "p"}
    fake = FakeEngine(far=("x:1",))
    asked: list[str] = []

    def look_up(name: str) -> Mapping[str, str]:
        asked.append(name)
        return login

    found(fake, "x:1", login=look_up)
    found(fake, "x:1", login=look_up)
    assert (fake.pulled, asked) == ([("x:1", login)], ["x:1"])


# -- what it is called ------------------------------------------------------------------------------------------------

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


@pytest.mark.parametrize(
    ("name", "digests", "digest"),
    [
        ("team/churn:7", [f"mirror/churn@{A}", f"team/churn@{B}"], f"team/churn@{B}"),
        (f"team/churn@{B}", [f"mirror/churn@{A}", f"team/churn@{B}"], f"team/churn@{B}"),
        ("registry:5000/churn", [f"churn@{A}", f"registry:5000/churn@{B}"], f"registry:5000/churn@{B}"),
        # Podman writes names out.
        ("python:3.12", [f"docker.io/library/python@{A}"], f"docker.io/library/python@{A}"),
        # What only another repository calls it by is not its name here.
        ("built:here", [f"127.0.0.1:5000/toys/moving@{A}"], ""),
        ("built:here", [], ""),
        ("built:here", None, ""),
    ],
)
def test_an_image_is_named_by_its_content_in_its_own_repository(
    name: str, digests: list[str] | None, digest: str
) -> None:
    fake = FakeEngine(name)
    fake.digests = digests
    image = found(fake, name)
    assert image.digest == digest
    assert image.told == (digest or f"{name} (sha256:f00)")


# -- how far it has come ----------------------------------------------------------------------------------------------


def layer(name: str, status: str, current: int | None = None, total: int | None = None) -> Mapping[str, Any]:
    detail = {key: value for key, value in (("current", current), ("total", total)) if value is not None}
    return {"id": name, "status": status, "progressDetail": detail}


def test_progress_is_the_sum_of_all_layers() -> None:
    fake = FakeEngine(
        far=("python:3.12",),
        events=(
            {"status": "Pulling from library/python", "id": "3.12"},
            layer("one", "Pulling fs layer"),
            layer("zero", "Already exists"),
            layer("one", "Downloading", 10, 100),
            layer("two", "Downloading", 5, 50),
            layer("one", "Downloading", 90, 100),
            layer("one", "Extracting", 1, 100),
            layer("one", "Download complete"),
            layer("two", "Pull complete"),
            {"status": "Digest: sha256:..."},
        ),
    )  # fmt: skip
    seen: list[Transfer] = []
    found(fake, watch=seen.append)
    assert [(transfer.done, transfer.total) for transfer in seen] == [
        (10, 100), (15, 150), (95, 150), (95, 150), (105, 150), (150, 150), (150, 150),
    ]  # fmt: skip
    assert {transfer.name for transfer in seen} == {"python:3.12"}


def test_nothing_is_told_before_a_size_is_known() -> None:
    events = (layer("one", "Downloading"), layer("one", "Download complete"), {"status": "x", "progressDetail": None})
    seen: list[Transfer] = []
    found(FakeEngine(far=("python:3.12",), events=events), watch=seen.append)
    assert seen == []


# -- why it did not come ----------------------------------------------------------------------------------------------

WHY = [
    ("no basic auth credentials", "login"),
    ("manifest for python:9 not found: manifest unknown", "no such image or tag"),
    ("Get https://r.invalid/v2/: dial tcp: lookup r.invalid: no such host", "cannot be reached"),
    ("write /var/lib/docker/tmp/x: no space left on device", "disk"),
    ("an oracle said no", "an oracle said no"),
]


@pytest.mark.parametrize(("words", "what"), WHY)
def test_a_pull_that_is_refused_says_why(words: str, what: str) -> None:
    fake = FakeEngine()
    fake.refusal = words
    error = refusal(fake)
    assert what in error.what
    assert error.where == "python:3.12"


@pytest.mark.parametrize(("words", "what"), WHY)
def test_a_pull_that_fails_on_its_way_says_why(words: str, what: str) -> None:
    fake = FakeEngine(far=("python:3.12",), events=({"errorDetail": {"message": words}, "error": words},))
    assert what in refusal(fake).what


# -- registries of AWS ------------------------------------------------------------------------------------------------


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def ecr(region: str = "eu-west-1") -> Any:
    return boto3.client("ecr", region_name=region, aws_access_key_id="x", aws_secret_access_key="x")


@pytest.mark.parametrize(
    ("name", "region"),
    [
        (ECR, "eu-west-1"),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/churn", "us-gov-west-1"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/churn@sha256:f00", "cn-north-1"),
    ],
)
def test_aws_gives_a_login_for_its_own_registries(name: str, region: str) -> None:
    client = ecr(region)
    asked: list[str] = []

    def connect(where: str) -> Any:
        asked.append(where)
        return client

    token = base64.b64encode(b"AWS:pass:word").decode()
    answer = {"authorizationData": [{"authorizationToken": token, "proxyEndpoint": "https://x"}]}
    with Stubber(client) as stub:
        stub.add_response("get_authorization_token", answer, {"registryIds": ["123456789012"]})
        assert ecr_login(name, connect) == {"username": "AWS", "password": "pass:word"}
        stub.assert_no_pending_responses()
    assert asked == [region]


@pytest.mark.parametrize(
    "name",
    [
        "python:3.12",
        "public.ecr.aws/deep-learning-containers/pytorch:2.13",
        "registry.example/" + ECR,
        "1234.dkr.ecr.eu-west-1.amazonaws.com/churn",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example/churn",
    ],
)
def test_no_other_registry_is_told_anything(name: str) -> None:
    def connect(_: str) -> Any:
        raise AssertionError("AWS was asked")

    assert ecr_login(name, connect) is None


def test_a_login_that_aws_refuses_is_none() -> None:
    client = ecr()
    with Stubber(client) as stub:
        stub.add_client_error("get_authorization_token", "AccessDeniedException")
        assert ecr_login(ECR, lambda _: client) is None


@pytest.mark.usefixtures("no_credentials")
def test_without_credentials_the_engines_own_login_may_do() -> None:
    assert ecr_login(ECR, lambda region: boto3.client("ecr", region_name=region)) is None

    def none(_: str) -> Any:
        raise NoCredentialsError

    assert ecr_login(ECR, none) is None
