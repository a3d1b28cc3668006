"""Every forge keeps the same promises; GitHub's hold whatever fails between us and it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from alekseylearn.comment_state import CommentState, encode, marker
from alekseylearn.errors import MachineError
from alekseylearn.forges import connect
from alekseylearn.forges.base import Forge
from alekseylearn.forges.github import LATER_RUN, NOT_DELETED, READ_ONLY, GitHubForge
from alekseylearn.forges.github import connect as connect_github
from alekseylearn.forges.local import LocalForge
from alekseylearn.settings import Inputs
from alekseylearn.text import Markdown
from alekseylearn.trust import Event
from tests.fakes.github import faults
from tests.fakes.github.faults import Fault
from tests.fakes.github.server import FakeGitHub
from tests.fakes.github.state import ACTIONS, Account, Repository
from tests.steps import EVENT, settings_of

pytest_plugins = ["tests.fakes.github.fixture"]

PULL = 7
POSTS = "/issues/7/comments"


def body(text: str, order: tuple[int, int] = (1, 1), pull: int = PULL) -> Markdown:
    """Return a report that says *text*, in the shape of all of them."""
    state = encode(CommentState(order=order, head="a" * 40))
    return Markdown(f"{marker(pull)}\n### {text}\n\n{state}")


@pytest.fixture
def repository(github: FakeGitHub) -> Repository:
    found = github.add_repository("octo/consumer")
    found.add_pull(PULL, labels=["gpu", "train"])
    return found


class Bench:
    """A forge on the stand-in whose waits are noted, not taken."""

    def __init__(self, github: FakeGitHub, *, token: str = "ghs_workflow", now: float = 0.0) -> None:
        self.waits: list[float] = []
        self.warnings: tuple[str, ...] = ()
        settings = settings_of(Inputs(github_token=token), api_url=github.url)
        self.forge: GitHubForge = connect_github(settings, EVENT, pause=self.waits.append, clock=lambda: now)

    def post(self, text: str, order: tuple[int, int] = (1, 1), *, anew: bool = False) -> tuple[str, str]:
        posted = self.forge.upsert_comment(PULL, body(text, order), order=order, anew=anew)
        self.warnings = posted.warnings
        return posted.url, posted.note


@pytest.fixture
def bench(github: FakeGitHub, repository: Repository) -> Bench:
    return Bench(github)


def texts(repository: Repository) -> list[str]:
    """Return the headings of the comments on the pull request."""
    return [comment.body.split("### ")[-1].split("\n")[0] for comment in repository.comments(PULL)]


class TestEveryForge:
    @pytest.fixture(params=["github", "local"])
    def forge(self, request: pytest.FixtureRequest, bench: Bench) -> Forge:
        return bench.forge if request.param == "github" else LocalForge(lambda text: None)

    def test_there_is_no_comment_at_first(self, forge: Forge) -> None:
        assert forge.comment_body(PULL) is None

    def test_a_comment_is_taken_with_its_order(self, forge: Forge) -> None:
        posted = forge.upsert_comment(PULL, body("one"), order=(1, 1))
        assert posted.url or posted.note

    def test_a_new_one_is_taken_as_well(self, forge: Forge) -> None:
        posted = forge.upsert_comment(PULL, body("one"), order=(1, 1), anew=True)
        assert posted.url or posted.note

    def test_open_pull_requests_are_listed_or_there_are_none(self, forge: Forge) -> None:
        assert {pull.number for pull in forge.open_pulls()} <= {PULL}

    def test_an_unknown_artifact_has_no_address(self, forge: Forge) -> None:
        assert forge.artifact_url("none") == ""

    def test_a_push_has_no_pull_request(self, forge: Forge) -> None:
        assert forge.pull_request() is None


def test_the_local_forge_hands_the_comment_on() -> None:
    shown: list[str] = []
    connect("local", write=shown.append).upsert_comment(PULL, body("one"), order=(1, 1))
    assert shown == [body("one")]


def test_outside_the_action_there_is_no_github() -> None:
    with pytest.raises(MachineError, match="no workflow run"):
        connect("github")


def test_without_a_token_there_is_no_github(github: FakeGitHub) -> None:
    settings = Bench(github).forge.settings
    event = Event(name="push", repository="octo/consumer", trusted=True, reason="")
    assert connect("github", settings=settings, event=event).pull_request() is None
    with pytest.raises(MachineError, match="no token"):
        connect_github(dataclasses.replace(settings, inputs=Inputs()), event)


class TestOneComment:
    def test_the_first_report_makes_it_and_the_next_one_edits_it(self, bench: Bench, repository: Repository) -> None:
        first = bench.post("one", (1, 1))
        assert bench.post("two", (2, 1)) == first
        assert first[0].startswith("https://github.com/octo/consumer/")
        assert texts(repository) == ["two"]
        assert bench.waits == []
        assert bench.forge.comment_body(PULL) == body("two", (2, 1))

    def test_the_same_report_again_writes_nothing(self, github: FakeGitHub, bench: Bench) -> None:
        bench.post("one")
        writes = len(github.writes())
        bench.post("one")
        assert len(github.writes()) == writes

    def test_it_is_found_beyond_the_first_page(self, bench: Bench, repository: Repository) -> None:
        for number in range(130):
            repository.add_comment(PULL, f"### talk {number}", author="mona")
        bench.post("one", (1, 1))
        for number in range(130):
            repository.add_comment(PULL, f"### more {number}", author="mona")
        bench.post("two", (2, 1))
        assert [text for text in texts(repository) if text in {"one", "two"}] == ["two"]

    def test_a_later_runs_report_stays(self, bench: Bench, repository: Repository) -> None:
        url, _ = bench.post("new", (9, 1))
        assert bench.post("old", (8, 3)) == (url, LATER_RUN)
        assert bench.post("newer attempt", (9, 2)) == (url, "")
        assert texts(repository) == ["newer attempt"]

    def test_duplicates_are_deleted(self, bench: Bench, repository: Repository) -> None:
        for order in ((1, 1), (2, 1), (3, 1)):
            repository.add_comment(PULL, body(f"run {order}", order))
        bench.post("four", (4, 1))
        assert texts(repository) == ["four"]

    def test_a_duplicate_of_a_later_run_is_left_to_that_run(self, bench: Bench, repository: Repository) -> None:
        repository.add_comment(PULL, body("one", (1, 1)))
        repository.add_comment(PULL, body("two", (2, 1)))
        repository.add_comment(PULL, body("nine", (9, 1)))
        assert bench.post("three", (3, 1))[1] == LATER_RUN
        assert texts(repository) == ["nine"]
        bench.post("ten", (10, 1))
        assert texts(repository) == ["ten"]

    def test_a_comment_whose_memory_is_broken_is_replaced(self, bench: Bench, repository: Repository) -> None:
        repository.add_comment(PULL, f"{marker(PULL)}\n### broken\n\n<!-- alekseylearn-state v1 AAAA -->")
        bench.post("one")
        assert texts(repository) == ["one"]


class TestTime:
    def test_nobody_waits_for_a_comment_longer_than_it_is_worth(self, github: FakeGitHub, bench: Bench) -> None:
        bench.forge.rest = dataclasses.replace(bench.forge.rest, ticks=lambda: sum(bench.waits))
        github.faults += [faults.secondary_limit(retry_after=80, method="GET")] * 3
        github.faults += [faults.secondary_limit(retry_after=80, method="POST")] * 3
        with pytest.raises(MachineError, match=r"github\.unreachable"):
            bench.post("one")
        assert bench.waits == [80.0] * 3
        bench.post("two")
        assert bench.waits == [80.0] * 3 + [80.0] * 2


class TestNewComment:
    """A long run's result is a comment of its own, so that everybody hears of it; the running one goes after that."""

    @pytest.fixture
    def running(self, bench: Bench, repository: Repository) -> str:
        url, _ = bench.post("running")
        repository.add_comment(PULL, "### a person's remark", author="mona")
        return url

    def test_it_stands_at_the_end_of_the_thread_alone(
        self, github: FakeGitHub, bench: Bench, repository: Repository, running: str
    ) -> None:
        before = len(github.writes())
        url, note = bench.post("result", anew=True)
        assert (url != running, note) == (True, "")
        assert texts(repository) == ["a person's remark", "result"]
        # First the new one, then the old one goes: at no moment there is none.
        assert [request.method for request in github.writes()[before:]] == ["POST", "DELETE"]

    def test_what_is_completed_later_goes_into_it(self, bench: Bench, repository: Repository, running: str) -> None:
        url, _ = bench.post("result", anew=True)
        assert bench.post("result with a link") == (url, "")
        assert texts(repository) == ["a person's remark", "result with a link"]

    def test_where_there_is_none_yet_it_is_the_first(self, bench: Bench, repository: Repository) -> None:
        bench.post("result", anew=True)
        assert texts(repository) == ["result"]

    def test_a_later_runs_comment_stays_the_only_one(self, bench: Bench, repository: Repository) -> None:
        url, _ = bench.post("later", (2, 1))
        assert bench.post("result", anew=True) == (url, LATER_RUN)
        assert texts(repository) == ["later"]

    @pytest.mark.parametrize("after_commit", [False, True])
    @pytest.mark.parametrize("method", ["POST", "DELETE"])
    def test_a_write_that_may_have_happened_happens_once(
        self, github: FakeGitHub, bench: Bench, repository: Repository, running: str, method: str, after_commit: bool
    ) -> None:
        github.faults.append(dataclasses.replace(faults.bad_gateway(after_commit=after_commit), method=method))
        bench.post("result", anew=True)
        assert texts(repository) == ["a person's remark", "result"]

    def test_a_run_that_died_before_the_old_one_was_deleted_is_tidied_up_after(
        self, github: FakeGitHub, bench: Bench, repository: Repository, running: str
    ) -> None:
        github.faults += [dataclasses.replace(faults.bad_gateway(), method="DELETE")] * 4
        with pytest.raises(MachineError):
            bench.post("result", anew=True)
        assert texts(repository) == ["running", "a person's remark", "result"]
        Bench(github).post("result with a link")
        assert texts(repository) == ["a person's remark", "result with a link"]

    def test_a_list_that_lags_makes_no_third(
        self, github: FakeGitHub, bench: Bench, repository: Repository, running: str
    ) -> None:
        seen = json.dumps(bench.forge.rest.get(f"/repos/octo/consumer{POSTS}"))
        # The looks after each write still show what stood before.
        github.faults += [Fault(status=200, body=seen, path=POSTS, method="GET")] * 3
        bench.post("result", anew=True)
        assert texts(repository) == ["a person's remark", "result"]

    def test_a_token_that_may_not_delete_says_so_and_the_result_stands(
        self, github: FakeGitHub, bench: Bench, repository: Repository, running: str
    ) -> None:
        github.faults.append(Fault(status=403, body=faults.message("Resource not accessible"), method="DELETE"))
        url, note = bench.post("result", anew=True)
        assert (url != running, note) == (True, NOT_DELETED)
        assert texts(repository) == ["running", "a person's remark", "result"]

    def test_a_running_comment_that_somebody_deletes_first_is_no_error(
        self, github: FakeGitHub, bench: Bench, repository: Repository, running: str
    ) -> None:
        github.faults.append(Fault(status=404, body=faults.message("Not Found"), method="DELETE", after_commit=True))
        assert bench.post("result", anew=True)[1] == ""
        assert texts(repository) == ["a person's remark", "result"]
        assert bench.waits == []

    def test_a_comment_that_another_run_writes_meanwhile_is_not_deleted(
        self, github: FakeGitHub, bench: Bench, repository: Repository
    ) -> None:
        old = repository.add_comment(PULL, body("running"))
        rest = bench.forge.rest
        seen = rest.get(f"/repos/octo/consumer{POSTS}")
        repository.add_comment(PULL, body("result"))
        both = rest.get(f"/repos/octo/consumer{POSTS}")
        assert seen[0]["id"] == old.id
        old.body = body("a later run's", (2, 1))
        github.faults.append(Fault(status=200, body=json.dumps(both), path=POSTS, method="GET"))
        bench.post("result")
        assert texts(repository) == ["a later run's"]

    def test_a_result_that_somebody_deletes_is_made_again_once(
        self, github: FakeGitHub, bench: Bench, repository: Repository, running: str
    ) -> None:
        bench.post("result", anew=True)
        (ours,) = [one for one in repository.comments(PULL) if "result" in one.body]
        del repository.all_comments[ours.id]
        bench.post("result with a link")
        assert texts(repository) == ["a person's remark", "result with a link"]

    def test_a_forged_running_comment_is_nobody_elses_to_delete(self, bench: Bench, repository: Repository) -> None:
        repository.add_comment(PULL, body("forged", (99, 9)), author="mona")
        bench.post("running")
        bench.post("result", anew=True)
        assert texts(repository) == ["forged", "result"]


class TestOpenPulls:
    def test_open_ones_are_told_with_their_heads_and_where_they_come_from(
        self, github: FakeGitHub, bench: Bench, repository: Repository
    ) -> None:
        fork = github.add_repository("stranger/consumer", parent=repository)
        repository.add_pull(8, head_sha="c" * 40, head_repository=fork)
        repository.add_pull(9).state = "closed"
        found = {pull.number: (pull.head_sha, pull.fork, pull.closed) for pull in bench.forge.open_pulls()}
        assert found == {PULL: ("a" * 40, False, False), 8: ("c" * 40, True, False)}

    def test_they_are_found_beyond_the_first_page(self, bench: Bench, repository: Repository) -> None:
        for number in range(100, 230):
            repository.add_pull(number)
        assert len(bench.forge.open_pulls()) == 131

    def test_what_is_no_pull_request_of_ours_is_passed_over(self, bench: Bench, repository: Repository) -> None:
        repository.add_pull(8, head_ref="a b")
        assert [pull.number for pull in bench.forge.open_pulls()] == [PULL]

    def test_a_token_that_may_not_look_says_what_it_lacks(self, github: FakeGitHub, bench: Bench) -> None:
        github.grant("ghs_workflow", contents="read")
        with pytest.raises(MachineError, match="pull-requests: write"):
            bench.forge.open_pulls()


class TestForeignComments:
    @pytest.mark.parametrize(
        "author",
        [
            "mona",
            Account(login="github-actions[bot]", id=4, type="User"),
            Account(login="github-actions[bot]", id=41898282, type="Bot"),
            Account(login="other[bot]", id=5, type="Bot", app="other"),
        ],
    )
    def test_the_marker_alone_makes_no_comment_ours(
        self, bench: Bench, repository: Repository, author: str | Account
    ) -> None:
        repository.add_comment(PULL, body("spoof", (99, 9)), author=author)
        bench.post("ours")
        assert texts(repository) == ["spoof", "ours"]

    @pytest.mark.parametrize(
        "forged",
        [
            {"body": body("x", (1, 1)), "author": "mona"},
            {"body": marker(PULL), "author": Account(login="github-actions", id=123)},
            {"body": f"Quoted:\n> {marker(PULL)}\n> words", "author": ACTIONS},
            {"body": f"### words\n{marker(PULL)}", "author": ACTIONS},
            {"body": marker(71), "author": ACTIONS},
            {"body": f"a\r\n- {marker(PULL)}", "author": "mona"},
            {"body": marker(PULL), "author": Account(login="", id=0)},
        ],
    )
    def test_a_marker_that_is_not_ours_is_told_and_left_alone(
        self, bench: Bench, repository: Repository, forged: dict[str, Any]
    ) -> None:
        found = repository.add_comment(PULL, **forged)
        bench.post("ours", (1, 1))
        bench.post("again", (2, 1))
        assert bench.warnings == (
            "comment.foreign: 1 comment with our marker is not ours: what others have written stays as it is",
        )
        assert repository.all_comments[found.id].body == forged["body"]
        assert len(repository.comments(PULL)) == 2

    @pytest.mark.parametrize("words", ["words", "`<!-- alekseylearn pr=7 -->` is the marker", "<!-- other pr=7 -->"])
    def test_plain_words_are_nothing_to_tell(self, bench: Bench, repository: Repository, words: str) -> None:
        repository.add_comment(PULL, words, author="mona")
        bench.post("ours")
        assert bench.warnings == ()

    def test_ours_is_found_among_hundreds_of_forged_ones(self, bench: Bench, repository: Repository) -> None:
        for number in range(320):
            repository.add_comment(PULL, body("forged", (99, 9)), author="mona")
            if number == 249:
                bench.post("ours", (1, 1))
        bench.post("newer", (2, 1))
        assert bench.warnings[0].startswith("comment.foreign: 320 comments")
        assert [text for text in texts(repository) if text != "forged"] == ["newer"]

    @pytest.mark.parametrize(
        "text",
        [
            f"### words\n{marker(PULL)}",
            f" {marker(PULL)}\n### words",
            f"{marker(PULL)} \n### words",
            f"{marker(71)}\n### words",
            "### words",
        ],
    )
    def test_other_comments_of_the_same_bot_are_not_ours(self, bench: Bench, repository: Repository, text: str) -> None:
        repository.add_comment(PULL, text, author=ACTIONS)
        bench.post("ours")
        assert len(repository.comments(PULL)) == 2
        assert repository.comments(PULL)[0].body == text

    def test_a_persons_token_edits_that_persons_comment(self, github: FakeGitHub, repository: Repository) -> None:
        repository.add_comment(PULL, body("bot", (1, 1)), author=ACTIONS)
        mona = Bench(github, token="ghp_mona")
        mona.post("mona's")
        mona.post("mona's again", (2, 1))
        assert texts(repository) == ["bot", "mona's again"]

    def test_who_we_are_is_learned_from_what_we_wrote(self, github: FakeGitHub, repository: Repository) -> None:
        """A token that cannot ask who it is, and is not the workflow's own: there is still one comment in the end."""
        token = github.grant("ghp_robot", issues="write")
        github.faults.append(Fault(status=403, body=faults.message("Resource not accessible"), path="/user"))
        Bench(github, token=token).post("one", (1, 1))
        github.faults.append(Fault(status=403, body=faults.message("Resource not accessible"), path="/user"))
        Bench(github, token=token).post("two", (2, 1))
        assert texts(repository) == ["two"]


class TestFaults:
    @pytest.mark.parametrize("after_commit", [False, True])
    @pytest.mark.parametrize("make", [faults.bad_gateway, faults.html_page, faults.connection_reset])
    @pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
    def test_a_write_that_may_have_happened_is_looked_for_before_it_is_repeated(
        self, github: FakeGitHub, bench: Bench, repository: Repository, make: Callable[..., Fault], method: str,
        after_commit: bool,
    ) -> None:  # fmt: skip
        if method != "POST":
            repository.add_comment(PULL, body("one"))
            repository.add_comment(PULL, body("duplicate"))
        github.faults.append(dataclasses.replace(make(after_commit=after_commit), method=method))
        bench.post("two", (2, 1))
        assert texts(repository) == ["two"]
        assert bench.waits == [1.0]

    def test_reading_is_repeated(self, github: FakeGitHub, bench: Bench, repository: Repository) -> None:
        github.faults += [faults.bad_gateway(), faults.connection_reset(), faults.html_page()]
        bench.post("one")
        assert texts(repository) == ["one"]
        assert bench.waits == [1.0, 3.0, 9.0]

    @pytest.mark.parametrize("make", [faults.bad_gateway, faults.html_page, faults.connection_reset])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_what_does_not_pass_is_an_error(
        self, github: FakeGitHub, bench: Bench, repository: Repository, make: Callable[..., Fault], method: str
    ) -> None:
        github.faults += [dataclasses.replace(make(), method=method)] * 4
        with pytest.raises(MachineError, match="GitHub does not answer as it should") as caught:
            bench.post("one")
        assert caught.value.slug == "github.unreachable"
        assert texts(repository) == []

    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize(
        ("fault", "wait"),
        [
            (faults.too_many(retry_after=30), 30.0),
            (faults.too_many(), 60.0),
            (faults.secondary_limit(retry_after=20), 20.0),
            (faults.secondary_limit(), 60.0),
            (faults.primary_limit(reset=1_000_040), 41.0),
        ],
    )
    def test_limits_are_waited_for_as_long_as_github_asks(
        self, github: FakeGitHub, repository: Repository, fault: Fault, wait: float, method: str
    ) -> None:
        bench = Bench(github, now=1_000_000)
        github.faults.append(dataclasses.replace(fault, method=method))
        bench.post("one")
        assert bench.waits == [wait]
        assert texts(repository) == ["one"]

    @pytest.mark.parametrize("fault", [faults.too_many(retry_after=3600), faults.primary_limit(reset=1_003_600)])
    def test_a_limit_that_lasts_is_an_error_at_once(
        self, github: FakeGitHub, repository: Repository, fault: Fault
    ) -> None:
        bench = Bench(github, now=1_000_000)
        github.faults.append(fault)
        with pytest.raises(MachineError, match="patience"):
            bench.post("one")
        assert bench.waits == []

    def test_a_comment_that_is_deleted_before_the_edit_is_made_again(
        self, github: FakeGitHub, bench: Bench, repository: Repository
    ) -> None:
        old = repository.add_comment(PULL, body("one"))
        seen = json.dumps(bench.forge.rest.get(f"/repos/octo/consumer{POSTS}"))
        del repository.all_comments[old.id]
        github.faults.append(Fault(status=200, body=seen, path=POSTS, method="GET"))
        bench.post("two", (2, 1))
        assert texts(repository) == ["two"]

    def test_an_answer_of_another_shape_is_an_error(
        self, github: FakeGitHub, bench: Bench, repository: Repository
    ) -> None:
        for text in ('{"a": 1}', "[1]", '[{"id": "x"}]', '[{"id": 5, "user": 7}]'):
            github.faults.append(Fault(status=200, body=text, path=POSTS, method="GET"))
            with pytest.raises(MachineError) as caught:
                bench.post("one")
            assert caught.value.slug == "github.answer"
        assert texts(repository) == []

    @pytest.mark.parametrize("text", ["[1]", "{}", "null"])
    def test_a_strange_answer_to_a_write_is_looked_into(
        self, github: FakeGitHub, bench: Bench, repository: Repository, text: str
    ) -> None:
        github.faults.append(Fault(status=201, body=text, method="POST", after_commit=True))
        bench.post("one")
        assert texts(repository) == ["one"]

    def test_half_an_answer_is_asked_for_again(self, github: FakeGitHub, bench: Bench, repository: Repository) -> None:
        github.faults.append(Fault(status=200, body='[{"id": 5, ', path=POSTS, method="GET"))
        bench.post("one")
        assert texts(repository) == ["one"]

    def test_somebody_who_keeps_writing_our_comment_ends_in_an_error(
        self, github: FakeGitHub, bench: Bench, repository: Repository
    ) -> None:
        repository.add_comment(PULL, body("one"))
        # GitHub says that the edit was done, and it was not: as if another runner undid it each time.
        lie = Fault(status=200, body='{"id": 1}', method="PATCH")
        github.faults += [lie] * 9
        with pytest.raises(MachineError, match="somebody else writes our comment"):
            bench.post("two", (2, 1))
        assert len(bench.waits) == 3


class TestPermissions:
    @pytest.mark.parametrize("granted", [{"pull_requests": "read"}, {"contents": "read"}])
    def test_a_token_that_may_only_read_falls_back(
        self, github: FakeGitHub, repository: Repository, granted: dict[str, str]
    ) -> None:
        bench = Bench(github, token=github.grant("ghs_fork", **granted))
        assert bench.post("one") == ("", READ_ONLY)
        assert bench.forge.comment_body(PULL) is None
        assert texts(repository) == []
        assert bench.waits == []

    def test_a_pull_request_that_is_not_there_is_named(self, github: FakeGitHub, bench: Bench) -> None:
        with pytest.raises(MachineError, match="no pull request #8"):
            bench.forge.upsert_comment(8, body("one", pull=8), order=(1, 1))

    def test_a_pull_request_that_may_be_read_but_not_written_to_is_named(
        self, github: FakeGitHub, bench: Bench, repository: Repository
    ) -> None:
        github.faults.append(Fault(status=404, body=faults.message("Not Found"), method="POST"))
        with pytest.raises(MachineError, match="no pull request #7"):
            bench.post("one")

    def test_a_wrong_token_is_an_error(self, github: FakeGitHub, repository: Repository) -> None:
        with pytest.raises(MachineError, match="Bad credentials") as caught:
            Bench(github, token="nonsense").post("one")
        assert caught.value.slug == "github.token"
        assert "nonsense" not in str(caught.value)

    def test_a_refused_body_is_an_error(self, github: FakeGitHub, bench: Bench, repository: Repository) -> None:
        with pytest.raises(MachineError) as caught:
            bench.post("x" * 70_000)
        assert caught.value.slug == "github.refused"


class TestWhatAReportLinksTo:
    def test_the_newest_artifact_of_this_run_is_found(
        self, github: FakeGitHub, bench: Bench, repository: Repository
    ) -> None:
        run = repository.add_run(812)
        repository.add_artifact("model", b"", run=repository.add_run(811), artifact_id=5)
        repository.add_artifact("model", b"", run=run, artifact_id=6)
        repository.add_artifact("model", b"", run=run, artifact_id=7)
        repository.add_artifact("other", b"", run=run, artifact_id=8)
        assert bench.forge.artifact_url("model") == "https://github.com/octo/consumer/actions/runs/812/artifacts/7"

    @pytest.mark.parametrize("text", ["[]", '{"artifacts": null}', '{"artifacts": [1, {"name": "model", "id": "x"}]}'])
    def test_nobody_trusts_a_strange_list(
        self, github: FakeGitHub, bench: Bench, repository: Repository, text: str
    ) -> None:
        repository.add_run(812)
        github.faults.append(Fault(status=200, body=text))
        assert bench.forge.artifact_url("model") == ""

    def test_labels_are_read_where_the_token_may(
        self, github: FakeGitHub, bench: Bench, repository: Repository
    ) -> None:
        assert bench.forge.labels(PULL) == ("gpu", "train")
        assert Bench(github, token=github.grant("ghs_none", actions="read")).forge.labels(PULL) == ()
