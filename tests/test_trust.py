"""Who may train is decided by the event alone, and an event that leaves it open is refused."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.errors import InputError
from alekseylearn.trust import Event, EventName, check_commit, event_of, pull_of, read_event, read_finished, read_pull
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
            "sender": github.user_json("mona"),
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


def read(payload: Mapping[str, Any], name: str = "pull_request") -> Event:
    return read_event(name, payload, "octo/consumer")


def refusal(name: str, payload: Mapping[str, Any], repository: str = "octo/consumer", slug: str = "trust.event") -> str:
    with pytest.raises(InputError) as caught:
        read_event(name, payload, repository)
    assert caught.value.slug == slug
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
    both = changed(payload, "pull_request", "base", "repo", "fork", to=True)
    assert read_event("pull_request", both, "Octo/Consumer").trusted
    assert read_event("pull_request", changed(payload, "repository", "fork", to=True), "octo/consumer").trusted
    # A flag is one, or nothing.
    for value in ("true", "false", 1, 0, [], {}):
        refusal("pull_request", changed(OWN, "pull_request", "head", "repo", "fork", to=value))
    # A head that says it is a fork, of a repository that is none, contradicts itself.
    assert read(payload).slug == "trust.fork"


def test_names_alone_say_where_head_lies_where_nobody_tells_numbers() -> None:
    def bare(payload: dict[str, Any]) -> dict[str, Any]:
        without = changed(payload, "pull_request", "head", "repo", "id", to=...)
        return changed(without, "pull_request", "base", "repo", "id", to=...)

    assert read(bare(OWN)).trusted
    assert not read(bare(FORK)).trusted


@pytest.mark.parametrize("name", ["pull_request_target", "workflow_run"])
def test_events_that_mix_rights_and_code_of_different_people_are_refused(name: str) -> None:
    assert "pull_request" in refusal(name, OWN)


def comment(association: object) -> dict[str, Any]:
    """Return the payload of a comment on a pull request."""
    shown = {"body": "/train", "user": {"login": "x"}, "author_association": association}
    return {"action": "created", "comment": shown, "issue": {"number": 42, "pull_request": {}}, **OWN}


@pytest.mark.parametrize(
    "association",
    ["NONE", "CONTRIBUTOR", "FIRST_TIMER", "FIRST_TIME_CONTRIBUTOR", "MANNEQUIN", "owner", "ADMIN", "OWNER\n"],
)
def test_a_comment_of_a_passer_by_is_refused_by_name(association: str) -> None:
    assert "COLLABORATOR" in refusal("issue_comment", comment(association), slug="trust.actor")


@pytest.mark.parametrize("association", ["OWNER", "MEMBER", "COLLABORATOR"])
def test_a_comment_of_a_member_starts_nothing_either(association: str) -> None:
    assert "use `pull_request`" in refusal("issue_comment", comment(association)).replace("run on", "use")


@pytest.mark.parametrize("association", [None, "", 7, ["OWNER"]])
def test_a_comment_of_which_nobody_says_whose_it_is_is_refused(association: object) -> None:
    refusal("issue_comment", comment(association))


class TestWhoCausedIt:
    def test_dependabot_is_looked_at_and_told_why(self) -> None:
        event = read(changed(OWN, "sender", "login", to="dependabot[bot]"))
        assert (event.trusted, event.slug) == (False, "trust.actor")
        assert "Dependabot" in event.warnings[0]

    @pytest.mark.parametrize("login", ["renovate[bot]", "github-actions[bot]", "mona", "dependabot"])
    def test_other_programs_that_can_push_are_as_good_as_people(self, login: str) -> None:
        assert read(changed(OWN, "sender", "login", to=login)).trusted

    @pytest.mark.parametrize("sender", [..., None])
    def test_where_nobody_is_named_it_is_looked_at_only(self, sender: object) -> None:
        event = read(changed(OWN, "sender", to=sender))
        assert (event.trusted, event.slug) == (False, "trust.actor")

    @pytest.mark.parametrize("sender", [7, {}, {"login": ""}, {"login": ["mona"]}, "mona"])
    def test_a_sender_of_another_shape_is_refused(self, sender: object) -> None:
        assert "sender.login" in refusal("pull_request", changed(OWN, "sender", to=sender))

    def test_dependabots_fork_is_a_fork(self) -> None:
        assert read(changed(FORK, "sender", "login", to="dependabot[bot]")).slug == "trust.fork"


class TestWhatIsSaid:
    def test_nothing_where_all_is_well(self) -> None:
        assert read(OWN).warnings == ()

    def test_a_fork_and_a_closed_pull_request_are_named(self) -> None:
        closed = read(changed(FORK, "pull_request", "state", to="closed"))
        assert [text.partition(": ")[0] for text in closed.warnings] == ["trust.fork", "trust.event"]

    @pytest.mark.parametrize(
        ("path", "text"),
        [
            (("pull_request", "title"), "harmless ${{ secrets.X }}"),
            (("pull_request", "title"), "$(id)"),
            (("pull_request", "title"), "x\u202ey"),
            (("pull_request", "body"), "See:\n::set-env name=A::b"),
            (("pull_request", "body"), "x ##[error]y"),
            (("pull_request", "head", "ref"), "a;id"),
            (("pull_request", "head", "ref"), "a`id`"),
            (("pull_request", "base", "ref"), "a|b"),
            (("sender", "login"), "x<script>"),
            (("pull_request", "labels"), [{"name": "${HOME}"}]),
        ],
    )
    def test_texts_that_somebody_could_obey_are_named(self, path: tuple[str, ...], text: object) -> None:
        event = read(changed(OWN, *path, to=text))
        assert event.odd == (".".join(path),)
        assert event.warnings[0].startswith(f"text.neutralised: {event.odd[0]} of the event")
        assert event.trusted

    @pytest.mark.parametrize("text", ["Use `fit`; then train", "a && b", None, 7])
    def test_plain_words_are_not(self, text: object) -> None:
        assert read(changed(OWN, "pull_request", "title", to=text)).odd == ()

    @pytest.mark.parametrize("labels", [None, "x", [None, 7, {}, {"name": 7}]])
    def test_labels_of_any_shape_are_passed_over(self, labels: object) -> None:
        assert read(changed(OWN, "pull_request", "labels", to=labels)).odd == ()


class TestCheckedOut:
    EVENT = read_event("pull_request", OWN, "octo/consumer")

    @pytest.mark.parametrize("sha", ["", HEAD, "c" * 40])
    def test_the_head_and_the_runners_own_commit_are_right(self, sha: str) -> None:
        check_commit(self.EVENT, sha, "c" * 40)

    @pytest.mark.parametrize("sha", ["d" * 40, BASE, HEAD[:7], "HEAD", "--output=x", "d" * 64])
    def test_any_other_is_a_mismatch_that_names_both(self, sha: str) -> None:
        with pytest.raises(InputError) as caught:
            check_commit(self.EVENT, sha, "c" * 40)
        assert caught.value.slug == "git.mismatch"
        assert HEAD[:7] in caught.value.what
        assert sha[:7] in caught.value.what

    def test_an_event_without_a_commit_is_compared_with_the_runners(self) -> None:
        by_hand = read_event("workflow_dispatch", OWN, "octo/consumer")
        check_commit(by_hand, "c" * 40, "c" * 40)
        with pytest.raises(InputError, match="ccccccc"):
            check_commit(by_hand, "d" * 40, "c" * 40)
        with pytest.raises(InputError, match="none"):
            check_commit(by_hand, "d" * 40)


class TestFinishedRun:
    RUN: Mapping[str, Any] = {
        "action": "completed",
        "repository": OWN["repository"],
        "workflow_run": {
            "id": 9,
            "run_number": 3,
            "run_attempt": 2,
            "event": "pull_request",
            "head_sha": HEAD,
            "head_repository": {"id": 77},
            "repository": {"id": OWN["repository"]["id"], "full_name": "octo/consumer"},
        },
    }

    def test_it_tells_which_run_of_whom_has_ended(self) -> None:
        run = read_finished("workflow_run", self.RUN, "Octo/Consumer")
        assert (run.id, run.order, run.event, run.head_sha, run.head_repository) == (
            9,
            (3, 2),
            "pull_request",
            HEAD,
            77,
        )
        assert run.fork

    def test_the_repositorys_own_run_is_no_forks(self) -> None:
        own = changed(self.RUN, "workflow_run", "head_repository", to={"id": OWN["repository"]["id"]})
        assert not read_finished("workflow_run", own, "octo/consumer").fork

    def test_a_fork_that_was_deleted_is_one(self) -> None:
        gone = changed(self.RUN, "workflow_run", "head_repository", to=None)
        assert read_finished("workflow_run", gone, "octo/consumer").fork

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            (("action",), "requested"),
            (("repository", "full_name"), "octo/other"),
            (("workflow_run", "repository", "full_name"), "octo/other"),
            (("workflow_run", "head_sha"), "HEAD"),
            (("workflow_run", "head_repository"), {}),
            *((("workflow_run", name), value) for name in RUN["workflow_run"] for value in (..., "", -1, [], True)),
        ],
    )
    def test_whatever_else_is_refused(self, path: tuple[str, ...], value: object) -> None:
        with pytest.raises(InputError) as caught:
            read_finished("workflow_run", changed(self.RUN, *path, to=value), "octo/consumer")
        assert caught.value.slug == "trust.event"

    def test_other_events_are_refused(self) -> None:
        with pytest.raises(InputError, match="alone"):
            read_finished("pull_request", self.RUN, "octo/consumer")

    def test_its_pull_request_lies_where_its_code_came_from(self) -> None:
        head = FORK["pull_request"]["head"]["repo"]["id"]
        known = changed(self.RUN, "workflow_run", "head_repository", "id", to=head)
        run = read_finished("workflow_run", known, "octo/consumer")
        assert pull_of(run, FORK["pull_request"], "octo/consumer").number == 42
        for other in (
            OWN["pull_request"],
            changed(FORK, "pull_request", "head", "repo", to=None)["pull_request"],
            [],
            None,
        ):
            with pytest.raises(InputError) as caught:
                pull_of(run, other, "octo/consumer")
            assert caught.value.slug == "trust.event"


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
    assert event_of(pull, "octo/consumer", actor="").trusted is False


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
        (("pull_request", "head", "ref"), "-rf"),
        (("pull_request", "head", "ref"), "--upload-pack=x"),
        (("pull_request", "head", "ref"), "a/../b"),
        (("pull_request", "head", "ref"), "a@{1}"),
        (("pull_request", "head", "ref"), "/a"),
        (("pull_request", "head", "ref"), "a/"),
        (("pull_request", "head", "ref"), "a.lock"),
        (("pull_request", "base", "ref"), "-x"),
        (("pull_request", "base", "sha"), "-" * 40),
        (("pull_request", "number"), True),
        (("pull_request", "number"), 0),
        (("number",), 41),
        (("number",), "42"),
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
    PUSH: Mapping[str, Any] = {
        "repository": OWN["repository"],
        "before": BASE,
        "after": HEAD,
        "ref": "refs/heads/a",
        "sender": OWN["sender"],
    }

    def test_a_push_compares_with_what_was_there_before(self) -> None:
        event = read_event("push", self.PUSH, "octo/consumer")
        assert (event.trusted, event.base_sha, event.head_sha, event.pull_request) == (True, BASE, HEAD, None)

    def test_a_new_branch_has_no_base(self) -> None:
        assert read_event("push", {**self.PUSH, "before": "0" * 40}, "octo/consumer").base_sha == ""

    def test_a_deleted_branch_leaves_nothing_to_look_at(self) -> None:
        event = read({**self.PUSH, "after": "0" * 40}, "push")
        assert (event.deleted, event.trusted, event.head_sha) == (True, False, "")
        assert event.warnings == ("trust.event: the push deletes a branch: there is nothing to look at",)

    def test_dependabots_push_is_looked_at(self) -> None:
        event = read({**self.PUSH, "sender": {"login": "Dependabot[bot]"}}, "push")
        assert (event.trusted, event.slug) == (False, "trust.actor")

    def test_a_branch_with_a_strange_name_is_told(self) -> None:
        assert read({**self.PUSH, "ref": "refs/heads/$(id)"}, "push").odd == ("ref",)

    @pytest.mark.parametrize(
        "ref",
        [
            "refs/heads/a\n::add-mask::b",
            "refs/heads/a\x1b[2J",
            "refs/heads/",
            "main",
            "--x",
            "refs/heads/../x",
            ["a"],
            5,
        ],
    )
    def test_a_ref_that_git_would_not_take_is_refused(self, ref: object) -> None:
        refusal("push", {**self.PUSH, "ref": ref})

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
DEPENDABOT = changed(OWN, "sender", "login", to="dependabot[bot]")
GONE = changed(OWN, "pull_request", "head", "repo", to=None)


def places(payload: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """List every place in *payload*."""
    inner = (
        [place for key, value in payload.items() for place in places(value, (*path, key))]
        if isinstance(payload, dict)
        else []
    )
    return [*([path] if path else []), *inner]


def decides(path: tuple[str, ...]) -> bool:
    """Tell whether a value there is all that says who somebody is: what GitHub says there is believed."""
    return path[:1] == ("sender",) or path in (
        ("pull_request",),
        ("pull_request", "head"),
        ("pull_request", "head", "repo"),
    )


@given(
    data=st.data(), value=st.just(...) | JSON | st.sampled_from(["octo/consumer", OWN["repository"]["id"], True, False])
)
def test_no_other_field_of_an_untrusted_payload_makes_it_trusted_or_a_defect(
    data: st.DataObject, value: object
) -> None:
    payload = data.draw(st.sampled_from([FORK, GONE, DEPENDABOT]))
    path = data.draw(st.sampled_from([place for place in places(payload) if value is ... or not decides(place)]))
    try:
        event = read(changed(payload, *path, to=value))
    except InputError as error:
        assert error.slug == "trust.event"  # noqa: PT017 (or there is none)
    else:
        assert not event.trusted


@given(
    data=st.data(),
    name=st.text(max_size=20) | st.sampled_from([*get_args(EventName), *["workflow_run", "issue_comment"]]),
    value=JSON,
)
def test_any_event_with_any_field_changed_is_read_or_refused(data: st.DataObject, name: str, value: object) -> None:
    path = data.draw(st.sampled_from(places(OWN)))
    try:
        read(changed(OWN, *path, to=value), name)
    except InputError as error:
        assert error.slug in ("trust.event", "trust.actor")  # noqa: PT017 (or there is none)
