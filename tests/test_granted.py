"""Backends get the way to a role of AWS where the event may train, and none of the workflow's secrets; jobs get neither."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from alekseylearn.allowlist import PASS, for_container, for_installer, for_job, for_service
from alekseylearn.aws_credentials import session_name
from alekseylearn.cli.granted import granted, withhold
from alekseylearn.settings import Inputs
from tests.steps import EVENT, settings_of

ROLE = "arn:aws:iam::123456789012:role/alekseylearn"
IDENTITY = {
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://token.example/?v=1",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer-s3cret",
}
STEP = {
    **IDENTITY,
    "PATH": "/bin",
    "GITHUB_ACTIONS": "true",
    "GITHUB_TOKEN": "ghs_s3cret",
    "GITHUB_REPOSITORY": "octo/consumer",
    "GITHUB_RUN_ID": "4711",
    "INPUT_GITHUB_TOKEN": "ghs_s3cret",
    "ACTIONS_RUNTIME_TOKEN": "s3cret",
    "AWS_ACCESS_KEY_ID": "AKIA",
    "AWS_SECRET_ACCESS_KEY": "s3cret",
}


def given(environ: Mapping[str, str], *, role: str = "", region: str = "", trusted: bool = True) -> dict[str, str]:
    settings = settings_of(Inputs(aws_role=role, aws_region=region))
    return granted(environ, settings, replace(EVENT, trusted=trusted))


def test_a_role_comes_with_the_means_to_say_which_workflow_it_is() -> None:
    found = given(STEP, role=ROLE, region="eu-central-1")
    assert (found["AWS_ROLE_ARN"], found["AWS_REGION"]) == (ROLE, "eu-central-1")
    assert {name: found[name] for name in IDENTITY} == IDENTITY
    assert session_name(found) == "alekseylearn-octo-consumer-4711"


def test_a_role_that_the_environment_names_is_as_good() -> None:
    found = given({**STEP, "AWS_ROLE_ARN": ROLE, "AWS_REGION": "us-east-1"})
    assert {*IDENTITY, "AWS_ROLE_ARN"} <= set(found)
    assert found["AWS_REGION"] == "us-east-1"


def test_without_a_role_nobody_says_which_workflow_it_is() -> None:
    found = given(STEP)
    assert not set(IDENTITY) & set(found)
    assert "AWS_REGION" not in found
    assert found["AWS_ACCESS_KEY_ID"] == "AKIA"


def test_an_event_that_may_not_train_gets_nothing_of_aws() -> None:
    found = given({**STEP, "AWS_ROLE_ARN": ROLE}, role=ROLE, region="eu-central-1", trusted=False)
    assert not [name for name in found if name.startswith(("AWS_", "ACTIONS_"))]
    assert found["PATH"] == "/bin"


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "INPUT_GITHUB_TOKEN", "ACTIONS_RUNTIME_TOKEN"])
def test_other_secrets_of_the_workflow_stay_where_they_are(name: str) -> None:
    assert name not in given(STEP, role=ROLE)


@pytest.mark.parametrize("sees", [for_job, for_container, for_service, for_installer])
def test_no_job_sees_anything_of_it(sees: object) -> None:
    found = given(STEP, role=ROLE, region="eu-central-1")
    passed = {f"{PASS}{name}": value for name, value in found.items()}
    assert callable(sees)
    seen = sees({**found, **passed})
    assert not [name for name in seen if name.startswith(("AWS_", "ACTIONS_", "GITHUB_", "INPUT_"))]
    assert "s3cret" not in str(seen)


def test_the_steps_own_environment_keeps_no_secret_once_it_was_read() -> None:
    secrets = {"GH_TOKEN": "x", "ALEKSEYLEARN_NOTIFY": "x", "AWS_PROFILE": "x", "DB_PASSWORD": "x", "api_key": "x"}
    own = {**STEP, **secrets, "HOME": "/root"}
    known = dict(own)
    assert withhold(own) == known
    assert own == {
        name: STEP.get(name, "/root")
        for name in ("PATH", "HOME", "GITHUB_ACTIONS", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    }
