"""People are told by real clients at a real listener; what goes wrong there harms nobody and shows no secret."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from alekseylearn.config import Moment
from alekseylearn.errors import MachineError
from alekseylearn.notify import VARIABLE, addresses_in, notify, secrets_of
from alekseylearn.report import Outcome
from tests.desk import LONGER, NOTEBOOK, Bench
from tests.outcomes import failed, outcome, skipped, told
from tests.rig.act import events
from tests.small import PROSE, TRAINS, growth
from tests.test_cli_ci import Start, commands, start

__all__ = ["start"]

TOKEN = "tk-0123456789abcdef0123"
BOTH: tuple[Moment, ...] = ("done", "failed")


@dataclass(slots=True)
class Listener:
    """A service on loopback: it keeps what it is sent, and answers with *status* once *open* is set."""

    server: ThreadingHTTPServer
    status: int = 200
    open: threading.Event = field(default_factory=threading.Event)
    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"

    @property
    def address(self) -> str:
        """An address with a token in it, as real ones have."""
        return f"json://robot:{TOKEN}@{self.place}/hooks/"

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [message for _, message in self.heard]


@pytest.fixture
def listener() -> Iterator[Listener]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            made.heard.append((self.path, json.loads(data)))
            made.open.wait()
            self.send_response(made.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Listener(server)
        made.open.set()
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield made
        made.open.set()
        server.shutdown()
        thread.join()


def send(
    made: Outcome, *addresses: str, when: Sequence[Moment] = BOTH, patience: float = 10.0
) -> tuple[MachineError, ...]:
    return notify(made, addresses, when, links=("https://github.com/acme/churn/pull/42",), patience=patience)


class TestSending:
    def test_the_verdict_arrives_with_the_change_and_a_link(self, listener: Listener) -> None:
        assert send(outcome(told()), listener.address) == ()
        ((path, message),) = listener.heard
        assert path == "/hooks/"
        assert message["title"].startswith("✅ Trained notebooks/churn.ipynb: val_accuracy 0.927, better by 0.014")
        assert "val_loss 0.263 (was 0.241: worse by 0.022)" in message["message"]
        assert "https://github.com/acme/churn/pull/42" in message["message"]
        assert message["type"] == "success"

    def test_a_failure_is_told_as_one(self, listener: Listener) -> None:
        assert send(outcome(failed(), exit_code=4), listener.address) == ()
        assert listener.messages[0]["type"] == "failure"

    def test_a_phone_is_told_as_well(self, listener: Listener) -> None:
        assert send(outcome(told()), f"ntfy://{listener.place}/trainings") == ()
        ((_, message),) = listener.heard
        assert (message["topic"], message["title"][0]) == ("trainings", "✅")

    def test_every_address_is_told_and_one_that_fails_keeps_no_other_from_it(self, listener: Listener) -> None:
        problems = send(
            outcome(told()), "nosuch://token", listener.address, "json://127.0.0.1:9/", listener.address + "b"
        )
        assert len(listener.heard) == 2
        assert [(problem.slug, problem.where) for problem in problems] == [
            ("notify.address", "address 1 (nosuch://)"),
            ("notify.failed", "address 3 (json://)"),
        ]

    @pytest.mark.parametrize("when", [("failed",), ()])
    def test_whoever_wants_to_hear_of_less_does(self, listener: Listener, when: tuple[Moment, ...]) -> None:
        assert send(outcome(told()), listener.address, when=when) == ()
        assert listener.heard == []

    def test_nothing_ended_means_no_message(self, listener: Listener) -> None:
        assert send(outcome(skipped()), listener.address) == ()
        assert send(outcome(told(), fork=True), listener.address) == ()
        assert listener.heard == []


class TestWhatGoesWrong:
    def test_a_refusal_is_told_without_a_word_of_the_address(self, listener: Listener) -> None:
        listener.status = 403
        (problem,) = send(outcome(told()), listener.address)
        text = str(problem)
        assert problem.slug == "notify.failed"
        assert "403" in text
        for secret in (TOKEN, "robot", "hooks", listener.place):
            assert secret not in text

    def test_who_does_not_answer_in_time_is_left_alone(self, listener: Listener) -> None:
        listener.open.clear()
        (problem,) = send(outcome(told()), listener.address, patience=0.2)
        assert "no answer within 0.2 s" in problem.what
        assert TOKEN not in str(problem)

    def test_nothing_else_is_said_of_it(self, listener: Listener, capfd: pytest.CaptureFixture[str]) -> None:
        listener.status = 500
        assert len(send(outcome(told()), listener.address, f"nosuch://{TOKEN}", TOKEN)) == 3
        assert capfd.readouterr() == ("", "")

    def test_without_apprise_it_is_named_and_nothing_fails(self) -> None:
        bare = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
        (problem,) = notify(outcome(told()), ["json://127.0.0.1/", "json://localhost/"], BOTH, python=str(bare))
        assert (problem.slug, problem.hint) == ("notify.missing", 'pip install "alekseylearn[notify]"')

    def test_a_client_that_breaks_is_a_notification_that_failed(self, tmp_path: Path) -> None:
        breaks = tmp_path / "python"
        breaks.write_text("#!/bin/sh\nexit 3\n")
        breaks.chmod(0o755)
        (problem,) = notify(outcome(told()), ["json://127.0.0.1/"], BOTH, python=str(breaks))
        assert problem.what == "nobody was told there: the service has not taken the message"


class TestAddresses:
    def test_they_stand_in_lines_or_beside_each_other(self) -> None:
        assert addresses_in({VARIABLE: " json://a\nntfy://b,c  json://a \r\n\n"}) == ("json://a", "ntfy://b,c")
        assert addresses_in({}) == ()

    def test_the_long_parts_of_an_address_are_secrets_of_their_own(self) -> None:
        address = f"slack://robot@{TOKEN}/T1JJ3T3L2/general?key=a%20long%20secret%20of%20its%20own"
        found = secrets_of([address])
        assert found[0] == address
        assert {TOKEN, "a long secret of its own"} <= set(found)
        assert not {"robot", "general", "slack"} & set(found)


@pytest.mark.usefixtures("home")
class TestFromAPullRequest:
    def test_a_run_that_is_done_is_told_with_its_comment_and_the_job_sees_no_address(
        self, start: Start, listener: Listener
    ) -> None:
        prints = "import os\nprint('seen:', 'ALEKSEYLEARN_NOTIFY' in os.environ)"
        runner = start(growth(LONGER, before=prints))
        done = runner.step("run", ALEKSEYLEARN_NOTIFY=f"{listener.address}\n")
        assert done.code == 0, done.out + done.err
        (message,) = listener.messages
        assert message["title"] == "✅ Trained growth.ipynb: mse 0.4702, better by 0.4249 than main"
        assert runner.outputs["comment-url"] in message["message"]
        assert "/actions/runs/4711" in message["message"]
        assert "seen: False" in done.out
        masks = commands(done, "add-mask")
        assert f"::add-mask::{listener.address}" in masks
        rest = [line for line in done.out.splitlines() if line not in masks]
        assert TOKEN not in "\n".join(rest) + done.err + runner.summary

    def test_a_run_that_failed_is_told_and_ends_as_it_would(self, start: Start, listener: Listener) -> None:
        runner = start(growth(LONGER | {TRAINS: "line = Line()\nline.fit(points, 'many', rate)"}))
        assert runner.step("run", ALEKSEYLEARN_NOTIFY=listener.address).code == 4
        (message,) = listener.messages
        assert message["title"].startswith("❌ Training failed in cell")
        assert message["type"] == "failure"

    def test_a_service_that_refuses_fails_no_run(self, start: Start, listener: Listener) -> None:
        listener.status = 401
        runner = start(growth(LONGER))
        done = runner.step("run", ALEKSEYLEARN_NOTIFY=listener.address)
        assert (done.code, runner.outputs["result"]) == (0, "success")
        (warning,) = commands(done, "warning title=A notification was not sent")
        assert "notify.failed" in warning
        assert TOKEN not in warning

    def test_who_only_collects_tells_of_what_ended_meanwhile(self, start: Start, listener: Listener) -> None:
        runner = start(growth(LONGER))
        assert runner.step("submit", ALEKSEYLEARN_NOTIFY=listener.address).code == 0
        assert listener.heard == []
        while not listener.heard:
            assert runner.step("collect", ALEKSEYLEARN_NOTIFY=listener.address).code == 0
        assert "better by 0.4249" in listener.messages[0]["title"]
        assert runner.step("collect", ALEKSEYLEARN_NOTIFY=listener.address).code == 0
        assert len(listener.heard) == 1

    @pytest.mark.parametrize("config", ["notify: {on: []}\n", "notify: {on: [failed]}\n"])
    def test_the_configuration_narrows_it(self, start: Start, listener: Listener, config: str) -> None:
        runner = start(growth(LONGER))
        runner.pull.push({"alekseylearn.yml": config})
        assert runner.step("run", ALEKSEYLEARN_NOTIFY=listener.address).code == 0
        assert listener.heard == []

    def test_nothing_to_train_buzzes_nobody(self, start: Start, listener: Listener) -> None:
        runner = start(growth({PROSE: "# Other"}))
        assert runner.step("run", ALEKSEYLEARN_NOTIFY=listener.address).code == 0
        assert listener.heard == []

    def test_a_closed_pull_request_buzzes_nobody(self, start: Start, listener: Listener) -> None:
        runner = start(growth(LONGER))
        assert runner.step("submit").code == 0
        runner.consumer.repository.pulls[7].state = "closed"
        closed = events.pull_request(runner.pull, "closed")
        assert runner.step("run", payload=closed, ALEKSEYLEARN_NOTIFY=listener.address).code == 0
        assert listener.heard == []

    def test_a_run_that_was_cancelled_buzzes_nobody(self, start: Start, listener: Listener) -> None:
        runner = start(growth(LONGER, before="import time\ntime.sleep(60)"))
        assert runner.step("submit").code == 0
        more = {"ALEKSEYLEARN_OUTCOME": "cancelled", "ALEKSEYLEARN_NOTIFY": listener.address}
        assert runner.step("finish", **more).code == 0
        assert runner.outputs["result"] == "cancelled"
        assert listener.heard == []


class TestFromADesk:
    def test_fit_tells_at_its_end(self, tmp_path: Path, listener: Listener) -> None:
        bench = Bench.create(tmp_path)
        bench.desk.write(NOTEBOOK, growth(LONGER))
        assert bench.desk.run("fit", ALEKSEYLEARN_NOTIFY=listener.address).code == 0
        assert "better by 0.4249 than main" in listener.messages[0]["title"]
        assert bench.desk.run("fit", ALEKSEYLEARN_NOTIFY=listener.address).code == 0
        assert bench.desk.run("fit", "--dry-run", ALEKSEYLEARN_NOTIFY=listener.address).code == 0
        assert len(listener.heard) == 1

    def test_what_went_wrong_is_a_warning_on_stderr(self, tmp_path: Path, listener: Listener) -> None:
        listener.status = 500
        bench = Bench.create(tmp_path)
        bench.desk.write(NOTEBOOK, growth(LONGER))
        done = bench.desk.run("fit", "--json", ALEKSEYLEARN_NOTIFY=listener.address)
        assert done.code == 0
        assert done.document["runs"][0]["state"] == "succeeded"
        assert "warning: a notification was not sent\nerror[notify.failed]: " in done.err
        assert TOKEN not in done.err
