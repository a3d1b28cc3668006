"""The runner's environment becomes checked values, or an error that names the variable."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.errors import AlekseylearnError, InputError, MachineError, UsageError
from alekseylearn.settings import EVENT_LIMITS, CiSettings, Inputs, Occasion

RUNNER = {
    "GITHUB_EVENT_NAME": "pull_request",
    "GITHUB_EVENT_PATH": "/tmp/event.json",
    "GITHUB_REPOSITORY": "octo/consumer",
    "GITHUB_WORKSPACE": "/work",
    "GITHUB_API_URL": "https://api.github.com",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_RUN_ID": "812",
    "GITHUB_RUN_NUMBER": "7",
    "GITHUB_RUN_ATTEMPT": "2",
    "RUNNER_TEMP": "/tmp",
}


def test_an_empty_environment_gives_the_inputs_their_defaults() -> None:
    assert Inputs.from_environ({}) == Inputs()
    assert Inputs.from_environ({"INPUT_MODE": "", "INPUT_COMMENT": " "}) == Inputs()


def test_every_input_is_read() -> None:
    found = Inputs.from_environ(
        {
            "INPUT_MODE": "plan",
            "INPUT_GITHUB_TOKEN": "ghs_x",
            "INPUT_PYTHON": "python3.12",
            "INPUT_BACKEND": "docker",
            "INPUT_NOTEBOOKS": "a/*.ipynb\n\n  !a/b.ipynb  \n",
            "INPUT_CONFIG": "conf/al.yml",
            "INPUT_BASE": "release/1.x",
            "INPUT_FORCE": "TRUE",
            "INPUT_TIMEOUT": "1h30m",
            "INPUT_COMMENT": "no",
            "INPUT_UPLOAD_ARTIFACTS": "false",
            "INPUT_STORE": "/var/al",
            "INPUT_AWS_ROLE": "arn:aws:iam::123456789012:role/team/alekseylearn",
            "INPUT_AWS_REGION": "eu-central-1",
        }
    )
    assert found == Inputs(
        mode="plan",
        github_token="ghs_x",
        python="python3.12",
        backend="docker",
        notebooks=("a/*.ipynb", "!a/b.ipynb"),
        config="conf/al.yml",
        base="release/1.x",
        force=True,
        timeout=5400,
        comment=False,
        upload_artifacts=False,
        store="/var/al",
        aws_role="arn:aws:iam::123456789012:role/team/alekseylearn",
        aws_region="eu-central-1",
    )


@pytest.mark.parametrize(
    ("name", "value", "label"),
    [
        ("MODE", "train", "mode"),
        ("BACKEND", "gpu", "backend"),
        ("BASE", "--upload-pack=x", "base"),
        ("BASE", "a b", "base"),
        ("FORCE", "maybe", "force"),
        ("TIMEOUT", "soon", "timeout"),
        ("COMMENT", "2", "comment"),
        ("UPLOAD_ARTIFACTS", "x", "upload-artifacts"),
        ("AWS_ROLE", "alekseylearn", "aws-role"),
        ("AWS_ROLE", "arn:aws:iam::123456789012:user/mona", "aws-role"),
        ("AWS_ROLE", "arn:aws:iam::12345678901:role/x", "aws-role"),
        ("AWS_ROLE", "arn:aws:iam::123456789012:role/x y", "aws-role"),
        ("AWS_REGION", "Frankfurt", "aws-region"),
        ("AWS_REGION", "eu-central-1.evil.example", "aws-region"),
    ],
)
def test_a_wrong_input_is_named_as_the_workflow_names_it(name: str, value: str, label: str) -> None:
    with pytest.raises(UsageError, match=f"the input {label} is ") as caught:
        Inputs.from_environ({f"INPUT_{name}": value})
    assert (caught.value.slug, caught.value.where) == ("ci.input", f"INPUT_{name}")


def test_a_token_is_never_shown() -> None:
    token = "ghs_" + "s3cret" * 5
    settings = CiSettings.from_environ({**RUNNER, "INPUT_GITHUB_TOKEN": token})
    assert token not in repr(settings)
    assert settings.inputs.github_token == token
    with pytest.raises(UsageError) as caught:
        Inputs.from_environ({"INPUT_GITHUB_TOKEN": f"{token}\n{token}"})
    assert "s3cret" not in str(caught.value)


def test_the_runner_tells_where_we_are() -> None:
    settings = CiSettings.from_environ({**RUNNER, "GITHUB_OUTPUT": "/tmp/out", "RUNNER_DEBUG": "1"})
    assert settings.order == (7, 2)
    assert settings.run_url == "https://github.com/octo/consumer/actions/runs/812"
    assert (settings.output, settings.summary, settings.tool_cache) == (Path("/tmp/out"), None, None)
    assert (settings.debug, settings.outcome, settings.artifact_url) == (True, None, "")


def test_the_last_step_hears_of_the_ones_before() -> None:
    url = "https://github.com/octo/consumer/actions/runs/812/artifacts/5"
    settings = CiSettings.from_environ(
        {**RUNNER, "ALEKSEYLEARN_OUTCOME": "cancelled", "ALEKSEYLEARN_ARTIFACT_URL": url}
    )
    assert (settings.outcome, settings.artifact_url) == ("cancelled", url)


@pytest.mark.parametrize("name", RUNNER)
def test_a_missing_variable_of_the_runner_is_named(name: str) -> None:
    with pytest.raises(MachineError, match=f"{name} is not set"):
        CiSettings.from_environ({key: value for key, value in RUNNER.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_REPOSITORY", "octo"),
        ("GITHUB_REPOSITORY", "octo/../etc"),
        ("GITHUB_REPOSITORY", "octo/.."),
        ("GITHUB_API_URL", "file:///etc"),
        ("GITHUB_SERVER_URL", "https://github.com/)[x](https://evil"),
        ("GITHUB_RUN_ID", "x"),
        ("GITHUB_RUN_NUMBER", "-1"),
        ("GITHUB_RUN_ATTEMPT", "9" * 40),
        ("ALEKSEYLEARN_OUTCOME", "fine"),
        ("ALEKSEYLEARN_ARTIFACT_URL", "javascript:x"),
    ],
)
def test_a_wrong_variable_of_the_runner_is_named(name: str, value: str) -> None:
    with pytest.raises(MachineError, match=name) as caught:
        CiSettings.from_environ({**RUNNER, name: value})
    assert caught.value.slug == "ci.environment"


@given(st.dictionaries(st.sampled_from([*RUNNER, "INPUT_MODE", "INPUT_BASE", "INPUT_TIMEOUT"]), st.text(max_size=20)))
def test_no_environment_is_a_defect(environ: dict[str, str]) -> None:
    try:
        CiSettings.from_environ({**RUNNER, **environ})
    except AlekseylearnError as error:
        assert error.exit_code in (2, 6)  # noqa: PT017 (or there is none)


class TestOccasion:
    def test_three_variables_are_all_that_trust_needs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        needed = {name: RUNNER[name] for name in ("GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH", "GITHUB_REPOSITORY")}
        occasion = Occasion.from_environ(needed)
        assert (occasion.workspace, occasion.sha, occasion.checked_out) == (tmp_path, "", "")
        for name in needed:
            with pytest.raises(InputError, match=f"{name} is not set") as caught:
                Occasion.from_environ({key: value for key, value in needed.items() if key != name})
            assert caught.value.slug == "trust.event"
        with pytest.raises(InputError, match="owner/name"):
            Occasion.from_environ({**needed, "GITHUB_REPOSITORY": "../octo"})

    def test_commits_are_compared_without_regard_to_case(self) -> None:
        occasion = Occasion.from_environ({**RUNNER, "GITHUB_SHA": "AB" * 20, "AL_CHECKED_OUT": " CD " * 1})
        assert (occasion.sha, occasion.checked_out) == ("ab" * 20, "cd")


class TestPayload:
    def occasion(self, path: Path) -> Occasion:
        return Occasion.from_environ({**RUNNER, "GITHUB_EVENT_PATH": str(path)})

    def test_it_is_read_strictly(self, tmp_path: Path) -> None:
        path = tmp_path / "event.json"
        path.write_text('{"action": "opened"}')
        assert self.occasion(path).read_payload() == {"action": "opened"}

    @pytest.mark.parametrize(
        "text",
        [
            b"[]",
            b"1",
            b"null",
            b"",
            b"{",
            b'{"action": "opened", "action": "closed"}',
            b"\xff\xfe{}",
            b'{"a":' * 100 + b"1" + b"}" * 100,
            b'{"a":' * 100_000,
            b'{"n": ' + b"9" * 5000 + b"}",
            b"{}\0",
        ],
    )
    def test_what_is_no_event_is_refused_by_one_name(self, tmp_path: Path, text: bytes) -> None:
        path = tmp_path / "event.json"
        path.write_bytes(text)
        with pytest.raises(InputError) as caught:
            self.occasion(path).read_payload()
        assert caught.value.slug == "trust.event"
        assert "GITHUB_EVENT_PATH" in caught.value.where

    def test_one_that_is_too_large_is_not_read_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "event.json"
        with path.open("wb") as file:
            file.truncate(EVENT_LIMITS.max_bytes * 40)
        with pytest.raises(InputError, match="at most"):
            self.occasion(path).read_payload()

    def test_a_missing_file_a_folder_and_a_pipe_are_named_and_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        for name in ("none", ".", "pipe"):
            with pytest.raises(InputError, match="cannot be read") as caught:
                self.occasion(tmp_path / name).read_payload()
            assert (caught.value.slug, caught.value.where) == ("trust.event", "GITHUB_EVENT_PATH")
