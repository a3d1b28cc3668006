"""A runner of GitHub's as a stage for `ci run`: a pull request, a GitHub to comment on, a folder that outlasts the job."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.github.server import HOURLY, FakeGitHub
from tests.rig.act.consumer import Consumer
from tests.rig.crashes.stage import NOTEBOOK, Ended, Harm, Server, Stage, counted
from tests.test_cli_ci import Runner

PULL = 7
_OUTPUT = re.compile(r"[a-z-]+<<(\S+)\n.*?\n\1\n", re.DOTALL)


@dataclass(slots=True, kw_only=True)
class RunnerStage(Stage):
    """The stage, with the runner and the GitHub around it."""

    runner: Runner

    def clear(self) -> None:
        """Forget all that was trained and told."""
        Stage.clear(self)
        self.runner.github.remaining = HOURLY
        for comment in self.comments:
            del self.runner.consumer.repository.all_comments[comment.id]

    def run(self, *arguments: str, harm: Harm | None = None, **more: Any) -> Ended:
        """Run a step with files of its own for outputs and summary, which are looked at, too."""
        for name in ("output", "summary"):
            (self.runner.folder / name).write_text("")
        ended = Stage.run(self, *arguments, harm=harm, **more)
        written = (self.runner.folder / "output").read_text("utf-8")
        if _OUTPUT.sub("", written):
            self.torn.append(f"the outputs: {written}")
        return ended

    def again(self) -> None:
        """Have the workflow's run be run again."""
        attempt = int(self.environ["GITHUB_RUN_ATTEMPT"]) + 1
        self.environ = {**self.environ, "GITHUB_RUN_ATTEMPT": str(attempt)}

    @property
    def outcome(self) -> bytes:
        """The document that the step left to be uploaded."""
        return (self.runner.folder / "temp" / "alekseylearn" / "artifacts" / "outcome.json").read_bytes()

    @property
    def comments(self) -> list[Any]:
        """All comments on the pull request."""
        return list(self.runner.consumer.repository.comments(PULL))


def on_a_runner(folder: Path, server: Server, github: FakeGitHub) -> RunnerStage:
    """Set the stage below *folder*: a pull request whose notebook is not trained yet."""
    runs, work = folder / "runs", folder / "octo"
    work.mkdir(parents=True)
    consumer = Consumer.create(work, github, {NOTEBOOK: counted(runs, 20)}, workflow="on: pull_request\n")
    consumer.open_pull({NOTEBOOK: counted(runs, 200)})
    runner = Runner(folder, consumer, github)
    desk = runner.desk()
    return RunnerStage(
        server=server,
        folder=desk.folder,
        environ={**desk.environ, "HOME": str(folder)},
        home=folder / "tools" / "alekseylearn" / "state" / consumer.full_name.replace("/", "--"),
        runs=runs,
        outbox=folder / "temp" / "alekseylearn",
        runner=runner,
    )
