"""Who may train is decided by the event alone, and an event that leaves it open is refused."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.errors import InputError
from alekseylearn.trust import EventName, event_of, read_event, read_pull
from tests.fakes.github.server import FakeGitHub
from tests.fakes.github.state import Repository

BASE, HEAD = "b" * 40, "a" * 40


def official(*, fork: bool = False) -> dict[str, Any]:
    """Return a payload in the shape of GitHub's own examples."""
    with FakeGitHub() as github:
        repository: Repository = github.add_repository("octo/consumer")
        other = github.add_repository("stranger/consumer", parent=repository) if fork else repository
        repository.add_pull(42, head_sha=HEAD, base_sha=BASE, head_repository=other)
        return {
            "action": "opened",
            "number": 42,
            "pull_request": github.pull_json(repository, 42),
            "repository": github.repository_json(repository),
        }


OWN, FORK = official(), official(fork=True)


def changed(payload: Mapping[str, Any], *path: str, to: object) -> dict[str, Any]:
    """Return *payload* with another value at *path*; `...` deletes it."""
    copied = copy.deepcopy(dict(payload))
    at: Any = copied
    for key in path[:-1]:
        at = at[key]
    if to is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = to
    return copied


def refusal(name: str, payload: Mapping[str, Any], repository: str = "octo/consumer") -> str:
    with pytest.raises(InputError) as caught:
        read_event(name, payload, repository)
    assert caught.value.slug == "trust.event"
    assert len(str(caught.value).splitlines()) <= 5
    return str(caught.value)


def test_a_pull_request_of_the_repository_itself_is_trusted() -> None:
    event = read_event("pull_request", OWN, "octo/consumer")
    assert event.trusted
    assert event.pull_request is not None
    assert (event.pull_request.number, event.pull_request.fork) == (42, False)
    assert (event.base_sha, event.head_sha) == (BASE, HEAD)
    assert (event.pull_request.base_ref, event.pull_request.head_ref) == ("main", "feature")


def test_a_forks_pull_request_is_only_looked_at() -> None:
    event = read_event("pull_request", FORK, "octo/consumer")
    assert not event.trusted
    assert event.reason == "the pull request comes from a fork"
    assert event.pull_request is not None
    assert event.pull_request.fork


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("pull_request", "head", "repo"), None),
        (("pull_request", "head", "repo", "id"), 99),
        (("pull_request", "head", "repo", "full_name"), "stranger/consumer"),
    ],
)
def test_a_head_that_is_not_surely_in_the_repository_is_a_fork(path: tuple[str, ...], value: object) -> None:
    assert not read_event("pull_request", changed(OWN, *path, to=value), "octo/consumer").trusted


def test_nothing_but_where_head_lies_makes_a_fork() -> None:
    payload = changed(FORK, "pull_request", "head", "repo", "fork", to=False)
    assert not read_event("pull_request", payload, "octo/consumer").trusted
    payload = changed(payload, "pull_request", "author_association", to="OWNER")
    assert not read_event("pull_request", payload, "octo/consumer").trusted


def test_a_repository_that_is_a_fork_itself_trains_its_own_branches() -> None:
    payload = changed(OWN, "pull_request", "head", "repo", "fork", to=True)
    assert read_event("pull_request", payload, "Octo/Consumer").trusted


@pytest.mark.parametrize("name", ["pull_request_target", "workflow_run", "issue_comment"])
def test_events_that_mix_rights_and_code_of_different_people_are_refused(name: str) -> None:
    assert "pull_request" in refusal(name, OWN)


@pytest.mark.parametrize("name", ["", "merge_group", "check_run", "pull_request\n"])
def test_unknown_events_are_refused_with_the_known_ones_named(name: str) -> None:
    assert "workflow_dispatch" in refusal(name, OWN)


def test_a_closed_pull_request_is_known_as_such() -> None:
    event = read_event("pull_request", changed(OWN, "pull_request", "state", to="closed"), "octo/consumer")
    assert (event.trusted, event.closed) == (True, True)
    assert not read_event("pull_request", OWN, "octo/consumer").closed
    assert not read_event("schedule", {}, "octo/consumer").closed
    fork = read_event("pull_request", changed(FORK, "pull_request", "state", to="closed"), "octo/consumer")
    assert (fork.trusted, fork.closed) == (False, True)


def test_a_pull_request_that_is_neither_open_nor_closed_is_refused() -> None:
    assert "neither" in refusal("pull_request", changed(OWN, "pull_request", "state", to="merged"))


@pytest.mark.parametrize("payload", [OWN, FORK])
def test_a_pull_request_from_a_list_is_read_as_its_event_is(payload: dict[str, Any]) -> None:
    pull = read_pull(payload["pull_request"], "octo/consumer")
    assert event_of(pull, "octo/consumer") == read_event("pull_request", payload, "octo/consumer")


def test_a_listed_pull_request_of_another_repository_is_refused() -> None:
    with pytest.raises(InputError, match="another repository"):
        read_pull(OWN["pull_request"], "octo/other")


@pytest.mark.parametrize(
    "path",
    [
        ("repository",),
        ("repository", "full_name"),
        ("pull_request",),
        ("pull_request", "state"),
        ("pull_request", "number"),
        ("pull_request", "base", "repo"),
        ("pull_request", "base", "ref"),
        ("pull_request", "base", "sha"),
        ("pull_request", "head", "ref"),
        ("pull_request", "head", "sha"),
        ("pull_request", "head", "repo"),
        ("pull_request", "head", "repo", "id"),
        ("pull_request", "base", "repo", "id"),
    ],
)
@pytest.mark.parametrize("value", [..., 7.5, [], ""])
def test_a_payload_without_what_trust_is_decided_by_is_refused(path: tuple[str, ...], value: object) -> None:
    said = refusal("pull_request", changed(OWN, *path, to=value))
    assert path[-1] in said


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("pull_request", "head", "sha"), "HEAD"),
        (("pull_request", "head", "sha"), HEAD + "\n"),
        (("pull_request", "head", "sha"), "--upload-pack=x"),
        (("pull_request", "head", "ref"), "a\nb"),
        (("pull_request", "head", "ref"), "x" * 300),
        (("pull_request", "number"), True),
        (("pull_request", "number"), 0),
    ],
)
def test_values_that_git_or_a_shell_could_misread_are_refused(path: tuple[str, ...], value: object) -> None:
    refusal("pull_request", changed(OWN, *path, to=value))


def test_an_event_of_another_repository_is_refused() -> None:
    assert "another repository" in refusal("pull_request", OWN, "octo/other")
    assert "another repository" in refusal("push", {"repository": {"full_name": "a/b"}}, "octo/other")
    payload = changed(OWN, "pull_request", "base", "repo", "full_name", to="octo/other")
    assert "another repository" in refusal("pull_request", payload)


class TestOwnBranches:
    PUSH: Mapping[str, Any] = {"repository": OWN["repository"], "before": BASE, "after": HEAD}

    def test_a_push_compares_with_what_was_there_before(self) -> None:
        event = read_event("push", self.PUSH, "octo/consumer")
        assert (event.trusted, event.base_sha, event.head_sha, event.pull_request) == (True, BASE, HEAD, None)

    def test_a_new_branch_has_no_base(self) -> None:
        assert read_event("push", {**self.PUSH, "before": "0" * 40}, "octo/consumer").base_sha == ""

    def test_a_deleted_branch_is_refused(self) -> None:
        assert "deletes" in refusal("push", {**self.PUSH, "after": "0" * 40})

    @pytest.mark.parametrize("name", ["workflow_dispatch", "repository_dispatch"])
    def test_a_run_by_hand_names_no_commits(self, name: str) -> None:
        event = read_event(name, {"repository": OWN["repository"]}, "octo/consumer")
        assert (event.trusted, event.base_sha, event.head_sha) == (True, "", "")

    def test_a_scheduled_run_has_no_repository_in_its_payload(self) -> None:
        assert read_event("schedule", {"schedule": "0 0 * * *"}, "octo/consumer").trusted


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PLACES = ((), ("repo",), ("repo", "id"), ("repo", "full_name"), ("sha",), ("ref",))
PATHS: list[tuple[str, ...]] = [("repository",), ("pull_request",)]
PATHS += [("pull_request", side, *place) for side in ("base", "head") for place in PLACES]


@given(path=st.sampled_from(PATHS), value=JSON, name=st.sampled_from(get_args(EventName)))
def test_no_payload_of_a_fork_becomes_trusted_or_a_defect(path: tuple[str, ...], value: object, name: str) -> None:
    try:
        event = read_event("pull_request", changed(FORK, *path, to=value), "octo/consumer")
    except InputError as error:
        assert error.slug == "trust.event"  # noqa: PT017 (or there is none)
    else:
        assert not event.trusted
