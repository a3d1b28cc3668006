"""Two and three runners race for one comment, over a GitHub that fails: the real forge, one request at a time.

The law: after the last step of the last runner, one run that nobody disturbs leaves exactly one comment of ours, with the
newest result. It takes that one run only where something came in between that no order of requests can help against:
a runner that died or gave up, a person who deleted the comment, or a writer that overtook another one between its look
and its edit (GitHub has no conditional write).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from github import GithubException
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from requests import ConnectionError as BrokenError

from alekseylearn.comment_state import CommentState, encode, is_ours, marker
from alekseylearn.errors import MachineError
from alekseylearn.forges.github import ACTIONS, READ_ONLY, GitHubForge
from alekseylearn.forges.rest import Rest
from alekseylearn.forges.sticky import Author, order_of
from alekseylearn.settings import Inputs
from alekseylearn.text import Markdown
from tests.steps import EVENT, settings_of

PULL = 7
SETTINGS = settings_of(Inputs(github_token="ghs_workflow"))
JSON = {"content-type": "application/json; charset=utf-8"}
LIMIT = "You have exceeded a secondary rate limit"
FAULTS = ("", "", "", "502", "502 after", "reset", "reset after", "html after", "429", "limit")
STRANGERS = (Author(41898282), Author(41898282, 99), Author(7, 15368), Author(7))
"""The bot without an app, by another app, and people."""


def body(order: tuple[int, int], *, running: bool = False) -> Markdown:
    state = encode(CommentState(order=order, head="a" * 40))
    return Markdown(f"{marker(PULL)}\n### {'⏳ Training' if running else '✅ Trained'}: report of {order}\n{state}")


class Wall:
    """What is on the pull request: text and author by id, and the list as it was before the last write."""

    def __init__(self) -> None:
        self.comments: dict[int, tuple[Author, str]] = {}
        self.before: dict[int, tuple[Author, str]] = {}
        self.last = 0

    def add(self, author: Author, text: str) -> int:
        self.last += 1
        self.comments[self.last] = (author, text)
        return self.last

    def answer(self, verb: str, path: str, text: str, *, lag: bool) -> Any:
        """Do what GitHub does; raises what PyGithub raises for its refusals."""
        one = int(path.rpartition("/")[2]) if path.rpartition("/")[2].isdigit() else 0
        if verb == "GET" and not one:
            return [told(*item) for item in (self.before if lag else self.comments).items()]
        if one and one not in self.comments:
            raise GithubException(404, {"message": "Not Found"}, JSON)
        if verb == "GET":
            return told(one, self.comments[one])
        self.before = dict(self.comments)
        if verb == "DELETE":
            del self.comments[one]
            return None
        if verb == "POST":
            one = self.add(ACTIONS, text)
        else:
            assert self.comments[one][0] == ACTIONS, "a foreign comment is edited"
            self.comments[one] = (ACTIONS, text)
        return told(one, self.comments[one])

    @property
    def ours(self) -> list[str]:
        return [text for author, text in self.comments.values() if author == ACTIONS and is_ours(text, PULL)]


def told(number: int, comment: tuple[Author, str]) -> dict[str, Any]:
    author, text = comment
    app = {"performed_via_github_app": None if author.app is None else {"id": author.app}}
    return {"id": number, "user": {"id": author.account}, "body": text, "html_url": f"#{number}", **app}


class DeadError(BaseException):
    """The runner is gone."""


class Racer(threading.Thread):
    """One run that reports; it stands still before each request until it is told to go on."""

    def __init__(self, wall: Wall, order: tuple[int, int], *, running: bool, anew: bool) -> None:
        super().__init__(daemon=True)
        self.wall, self.order, self.text, self.anew = wall, order, body(order, running=running), anew
        self.ended = self.gave_up = self.dead = False
        self.fault = self.verb = ""
        self._go, self._stands = threading.Semaphore(0), threading.Semaphore(0)
        rest = Rest(client=self, pause=lambda _: None, clock=lambda: 0.0)  # type: ignore[arg-type]
        self.forge = GitHubForge(rest=rest, settings=SETTINGS, event=EVENT)
        self.start()
        self._stands.acquire()

    @property
    def requester(self) -> Racer:
        """PyGithub's client has the requests apart."""
        return self

    def run(self) -> None:
        try:
            posted = self.forge.upsert_comment(PULL, self.text, order=self.order, anew=self.anew)
            self.gave_up = posted.note not in ("", "a later run has reported already; its comment stays")
            assert posted.note != READ_ONLY or not posted.url
        except MachineError:
            self.gave_up = True
        except DeadError:
            self.dead = True
        finally:
            self.ended = True
            self._stands.release()

    def step(self, fault: str = "") -> None:
        """Let it make one request, which meets *fault*."""
        self.fault = fault
        self._go.release()
        self._stands.acquire()

    def requestJsonAndCheck(  # noqa: N802 - PyGithub's name
        self,
        verb: str,
        path: str,
        _: object,
        input: Mapping[str, str] | None = None,  # noqa: A002 - PyGithub's name
    ) -> tuple[Mapping[str, str], Any]:
        self.verb = verb
        self._stands.release()
        self._go.acquire()
        if self.fault == "die":
            raise DeadError
        refusals = {
            "502": GithubException(502, {}, JSON),
            "reset": BrokenError(),
            "429": GithubException(429, {}, {**JSON, "retry-after": "5"}),
            "limit": GithubException(403, {"message": LIMIT}, JSON),
            "403": GithubException(403, {"message": "Resource not accessible by integration"}, JSON),
            "404": GithubException(404, {"message": "Not Found"}, JSON),
            "423": GithubException(403, {"message": "Unable to create comment because issue is locked."}, JSON),
        }
        if self.fault in refusals:
            raise refusals[self.fault]
        found = self.wall.answer(verb, path, (input or {}).get("body", ""), lag=self.fault == "lag")
        match self.fault:
            case "502 after":
                raise refusals["502"]
            case "reset after":
                raise BrokenError
            case "html after":
                return {"content-type": "text/html"}, "<html>"
            case _:
                return JSON, found


class Race(RuleBasedStateMachine):
    """Up to three runners at a time, of runs and attempts in any order."""

    @initialize(calm=st.booleans(), old=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 2)), max_size=2))
    def begin(self, calm: bool, old: list[tuple[int, int]]) -> None:
        self.wall = Wall()
        self.racers: list[Racer] = []
        self.orders: list[tuple[int, int]] = []
        # Where it is calm no writer overtakes another one between its look and its edit, and nobody dies or interferes.
        self.calm, self.disturbed = calm, not calm
        self.foreign: dict[int, tuple[Author, str]] = {}
        for order in old:
            self.wall.add(ACTIONS, body(order))
            self.orders.append(order)

    @precondition(lambda self: len(self.alive) < 3 and len(self.orders) < 8)
    @rule(order=st.tuples(st.integers(1, 5), st.integers(1, 2)), running=st.booleans(), anew=st.booleans())
    def start(self, order: tuple[int, int], running: bool, anew: bool) -> None:
        # Two processes of one attempt do not report at the same time.
        if order not in {racer.order for racer in self.alive}:
            self.racers.append(Racer(self.wall, order, running=running, anew=anew))
            self.orders.append(order)

    @precondition(lambda self: self.alive)
    @rule(which=st.integers(0, 2), fault=st.sampled_from(FAULTS))
    def go_on(self, which: int, fault: str) -> None:
        racer = self.alive[which % len(self.alive)]
        looked = racer.verb
        racer.step(fault)
        while self.calm and not racer.ended and looked == "GET" and racer.verb in ("PATCH", "DELETE"):
            racer.step()
        self.disturbed |= racer.gave_up

    @precondition(lambda self: self.alive and not self.calm)
    @rule(which=st.integers(0, 2), fault=st.sampled_from(["die", "403", "404", "423", "lag"]))
    def go_wrong(self, which: int, fault: str) -> None:
        self.alive[which % len(self.alive)].step(fault)

    @precondition(lambda self: not self.calm)
    @rule(which=st.integers(0, 9))
    def somebody_deletes_a_comment_of_ours(self, which: int) -> None:
        found = [number for number, (author, _) in self.wall.comments.items() if author == ACTIONS]
        if found:
            del self.wall.comments[found[which % len(found)]]

    @rule(author=st.sampled_from(STRANGERS), order=st.tuples(st.integers(90, 99), st.integers(1, 2)))
    def a_stranger_forges_the_marker(self, author: Author, order: tuple[int, int]) -> None:
        self.foreign[self.wall.add(author, body(order))] = (author, body(order))

    @property
    def alive(self) -> list[Racer]:
        return [racer for racer in self.racers if not racer.ended]

    def teardown(self) -> None:
        for racer in self.alive:
            self.finish(racer)
        if self.orders:
            newest = max(self.orders)
            if not self.disturbed and newest in {racer.order for racer in self.racers}:
                assert [order_of(text) for text in self.wall.ours] == [newest]
            last = Racer(self.wall, newest, running=False, anew=False)
            self.finish(last)
            assert not last.gave_up
            assert self.wall.ours == [body(newest)]
        assert {number: self.wall.comments.get(number) for number in self.foreign} == self.foreign

    @staticmethod
    def finish(racer: Racer) -> None:
        steps = 0
        while not racer.ended:
            racer.step()
            steps += 1
            assert steps < 100, "it never ends"
        racer.join()


def test_however_runners_race_one_comment_of_ours_is_left_with_the_newest_result() -> None:
    # Other schedules each time, and a thousand with `--hypothesis-profile thorough`.
    most = max(100, settings.default.max_examples) if settings.default else 100
    run_state_machine_as_test(
        Race, settings=settings(max_examples=most, derandomize=False, deadline=None, stateful_step_count=40)
    )
