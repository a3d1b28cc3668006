"""How long a cold `ci plan` takes that finds nothing to train, and what it imports.

Wall-clock time over `python -c pass`, since a runner waits for it, and CPU time beside it, which a busy machine does
not change. Cold means a process of its own; Python's bytecode is there.
"""

from __future__ import annotations

import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.github.server import FakeGitHub
from tests.rig.act import events
from tests.rig.act.consumer import Consumer, git

EXAMPLES = Path(__file__).parents[1] / "examples" / "notebooks"
NOTEBOOKS = 50
RUNS = 15
LIMIT = 0.3
HEAVY = ("nbdime", "boto3", "docker", "github")
"""What must not be imported when nothing trains."""
ALSO = ("nbformat", "pydantic", "yaml", "rich", "requests", "jinja2")
"""What is told of besides."""

_PLAN = (sys.executable, "-I", "-m", "alekseylearn", "ci", "plan")
_NOTEBOOK = "notebooks/n7.ipynb"


def main() -> None:
    with tempfile.TemporaryDirectory() as name, FakeGitHub() as github:
        desk = Desk(folder=Path(name), github=github, consumer=repository(Path(name), github))
        desk.pushed("a push that changes no notebook", {"README.md": "Other words\n"})
        desk.pushed("a push that changes prose and outputs of one", {_NOTEBOOK: notebook(prose="Other words")})
        desk.pulled("a pull request that changes no notebook, with its comment", {"README.md": "More words\n"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A runner's environment without a runner."""

    folder: Path
    github: FakeGitHub
    consumer: Consumer

    def pushed(self, what: str, files: Mapping[str, str | bytes]) -> None:
        """Measure `ci plan` after a push of *files* to `main`."""
        before = git(self.consumer.work, "rev-parse", "HEAD")
        after = self.consumer.commit(files)
        self._measure(what, self.environ("push", events.push(self.consumer, before, after)))

    def pulled(self, what: str, files: Mapping[str, str | bytes]) -> None:
        """Measure `ci plan` on a pull request; it writes its comment through the API, on this machine."""
        pull = self.consumer.open_pull(files)
        environ = self.environ("pull_request", events.pull_request(pull))
        self._measure(what, {**environ, "INPUT_GITHUB_TOKEN": "ghs_workflow"}, limit="no limit: it talks to GitHub")

    def environ(self, event: str, payload: Mapping[str, Any]) -> dict[str, str]:
        """Return the environment of a step, as GitHub documents it ("Variables reference")."""
        (self.folder / "event.json").write_text(json.dumps(payload), "utf-8")
        for name in ("output", "summary"):
            (self.folder / name).write_text("", "utf-8")
        (self.folder / "temp").mkdir(exist_ok=True)
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.github.url,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_REPOSITORY": self.consumer.full_name,
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_RUN_ID": "4711",
            "GITHUB_RUN_NUMBER": "3",
            "GITHUB_SHA": git(self.consumer.work, "rev-parse", "HEAD"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "GITHUB_WORKSPACE": str(self.consumer.work),
            "RUNNER_TEMP": str(self.folder / "temp"),
            "RUNNER_TOOL_CACHE": str(self.folder / "tools"),
        }

    def _measure(self, what: str, environ: Mapping[str, str], *, limit: str = f"limit {LIMIT}") -> None:
        nothing, plan = in_turn(((sys.executable, "-I", "-c", "pass"), _PLAN), environ)
        told = (self.folder / "output").read_text("utf-8")
        if not re.search(r"^any-trained<<(.*)\nfalse\n\1$", told, re.MULTILINE):
            raise SystemExit(f"{what}: this plan did not find that nothing trains:\n{told}")
        over = plan.over(nothing)
        print(f"{what:<58} {over}  {limit}")
        print(f"{'  python -c pass':<58} {nothing}")
        found = imported(_PLAN, environ, (*HEAVY, *ALSO))
        print(f"  imports {', '.join(found) or 'nothing'} (of {', '.join((*HEAVY, *ALSO))})")


def repository(folder: Path, github: FakeGitHub) -> Consumer:
    """Make a repository of 50 notebooks on `main`."""
    files = {f"notebooks/n{number}.ipynb": notebook(prose=f"Notebook {number}") for number in range(NOTEBOOKS)}
    (folder / "octo").mkdir()
    return Consumer.create(
        folder / "octo", github, {**files, "README.md": "Words\n"}, workflow="on: [push, pull_request]\n"
    )


def notebook(*, prose: str) -> bytes:
    """Return an example with *prose* in its first cell and as the output of its last."""
    document = json.loads((EXAMPLES / "digits.ipynb").read_text("utf-8"))
    document["cells"].insert(0, {"cell_type": "markdown", "id": "prose", "metadata": {}, "source": prose})
    code = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    code[-1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": prose}]
    return json.dumps(document, indent=1).encode()


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of a command: on the wall in the median and at best, and of CPU with its children."""

    wall: float
    best: float
    cpu: float

    def over(self, other: Spent) -> Spent:
        """Return what this takes more than *other*."""
        return Spent(self.wall - other.wall, self.best - other.best, self.cpu - other.cpu)

    def __str__(self) -> str:
        return f"{self.wall:.3f} s wall (best {self.best:.3f}), {self.cpu:.3f} s CPU"


def in_turn(commands: Sequence[Sequence[str]], environ: Mapping[str, str]) -> list[Spent]:
    """Measure each command, in turn so that a busy machine hits all; the first runs do not count."""
    spent: list[list[tuple[float, float]]] = [[] for _ in commands]
    for _ in range(RUNS + 1):
        for command, found in zip(commands, spent, strict=True):
            found.append(once(command, environ))
    made = []
    for found in spent:
        walls, cpus = zip(*found[1:], strict=True)
        made.append(Spent(statistics.median(walls), min(walls), statistics.median(cpus)))
    return made


def once(command: Sequence[str], environ: Mapping[str, str]) -> tuple[float, float]:
    """Run *command* to its end; return its seconds on the wall and of CPU.

    Raises `SystemExit` with its own words when it fails.
    """
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=dict(environ), capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def imported(command: Sequence[str], environ: Mapping[str, str], names: Sequence[str]) -> list[str]:
    """Return which of *names* Python imports when it runs *command* (its option `-X importtime`)."""
    timed = [command[0], "-X", "importtime", *command[1:]]
    done = subprocess.run(timed, env=dict(environ), capture_output=True, text=True, check=True)
    seen = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    return [name for name in names if name in seen]


if __name__ == "__main__":
    main()
