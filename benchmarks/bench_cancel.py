"""How fast a step ends that the runner cancels, at each moment of a run, and whether anything is left of it.

`bench_cancel.py [SEEDS] [PLACE...]`: places are process, docker and sagemaker; the last two need root.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.desk import LONGER, NOTEBOOK  # noqa: E402
from tests.fakes.github.server import FakeGitHub  # noqa: E402
from tests.rig.act.consumer import Consumer  # noqa: E402
from tests.rig.cancelling.runner import Cancelled, Step  # noqa: E402
from tests.small import growth  # noqa: E402
from tests.test_cli_ci import Runner  # noqa: E402
from tests.wheels import make_wheel  # noqa: E402

SEEDS = 100
SAMPLE = 10
"""Seeds for places where a run takes longer."""
ASKED, ENDED = 2.0, 5.0
"""Seconds after the first signal by which a job is asked to stop (99 of a hundred), and by which the step has ended."""
LINGER = 1.0
"""Seconds that a supervisor which has written its result may take to end."""
POLITE = "import time\nwhile True: time.sleep(0.01)"
SAVING = """import time
try:
    while True: time.sleep(0.01)
except KeyboardInterrupt:
    time.sleep(1)
    raise"""
DEAF = """import time
while True:
    try:
        while True: time.sleep(0.01)
    except BaseException: pass"""
QUICK = "pass"


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of a run: what is said when it comes, and how long it may take from there to the first signal.

    *cells* are what the notebook may do before it trains.
    """

    said: str
    width: float
    cells: tuple[str, ...]


MOMENTS = {
    "the interpreter starts": Moment("start", 0.2, (POLITE,)),
    "before git": Moment("git", 0.05, (POLITE,)),
    "planning": Moment("planning", 0.1, (POLITE,)),
    "the running comment": Moment("commenting", 0.05, (POLITE,)),
    "making the environment": Moment("environment", 0.5, (POLITE,)),
    "submitting": Moment("submit", 0.05, (POLITE, QUICK)),
    "the supervisor starts": Moment("job.submitted", 0.3, (POLITE, SAVING)),
    "the notebook runs": Moment("job.submitted", 2.0, (POLITE, SAVING)),
    # Left to its supervisor, which ends it after its grace, and to the runner: what is counted as an orphan here.
    "the notebook does not listen": Moment("job.submitted", 2.0, (DEAF,)),
    "collecting": Moment("collecting", 0.1, (QUICK,)),
    "storing": Moment("result.read", 0.05, (QUICK,)),
    "the report is written": Moment("page.written", 0.1, (QUICK,)),
    "the last words": Moment("outputs.written", 0.1, (QUICK,)),
}


@dataclass(slots=True)
class Tally:
    """What came of the runs that were cancelled at one moment."""

    asked: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    killed: int = 0
    orphans: int = 0
    missed: int = 0

    def take(self, cancelled: Cancelled, left: list[str]) -> None:
        """Take what became of one run."""
        self.asked += cancelled.asked[:1]
        self.seconds.append(cancelled.seconds)
        self.killed += cancelled.code is None
        self.orphans += bool(left)

    def __str__(self) -> str:
        if not self.seconds:
            return "    0"
        asked = f"{len(self.asked):4} {at(self.asked, 99):6.3f}" if self.asked else "   0      -"
        ended = f"{statistics.median(self.seconds):6.3f} {at(self.seconds, 99):6.3f} {max(self.seconds):6.3f}"
        return f"{len(self.seconds):5} {asked}   {ended} {self.killed:6} {self.orphans:7}"


def at(values: list[float], percent: int) -> float:
    """Return the value below which *percent* of *values* lie: the next one of them, none in between."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, -(-len(ranked) * percent // 100) - 1)]


@dataclass(frozen=True, slots=True)
class Place:
    """Where notebooks are trained: the variables and files that lead there."""

    name: str
    folder: Path
    environ: Mapping[str, str]
    files: Mapping[str, str]
    running: Callable[[], list[str]] = list
    """Names the jobs that run there and that nobody has asked to stop."""
    forget: Callable[[], None] = lambda: None
    """Takes away the results that are shared there: with one, a run would have nothing left to bring home."""

    def runner(self, github: FakeGitHub, number: int, cell: str) -> Runner:
        """Set up a repository whose pull request makes the notebook do what *cell* says before it trains."""
        folder = self.folder / f"octo{number}"
        folder.mkdir()
        name = f"octo/consumer-{self.name}-{number}"
        files = {NOTEBOOK: growth(), **self.files}
        consumer = Consumer.create(folder, github, files, workflow="on: pull_request\n", full_name=name)
        consumer.open_pull({NOTEBOOK: growth(LONGER, before=cell)})
        return Runner(folder, consumer, github, {**self.environ})


@contextmanager
def places(names: list[str]) -> Iterator[list[Place]]:
    """Open the places called *names*."""
    with ExitStack() as stack:
        yield [stack.enter_context(OPEN[name](Path(stack.enter_context(scratch())))) for name in names]


def scratch() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="bench-cancel-")


@contextmanager
def process(folder: Path) -> Iterator[Place]:
    """Train on this machine, in an environment that has to be made."""
    make_wheel(folder / "wheels", "toolbox", "1.5")
    environ = {"UV_FIND_LINKS": str(folder / "wheels"), "UV_NO_INDEX": "1", "UV_OFFLINE": "1"}
    yield Place("process", folder, environ, {"requirements.txt": "toolbox==1.5\n"})


@contextmanager
def docker(folder: Path) -> Iterator[Place]:
    """Train in containers of an engine of its own."""
    from tests.rig.docker import image
    from tests.rig.docker.engine import OwnEngine
    from tests.rig.docker.fixture import load

    for name in ("layers", "engine"):
        (folder / name).mkdir()
    image.build(folder / "layers")
    engine = OwnEngine.start(folder / "engine")
    try:
        load(engine, folder / "layers", [image.BASE])
        config = f'defaults: {{backend: docker, docker: {{image: "{image.BASE}", pull: never}}}}\n'

        def running() -> list[str]:
            with closing(engine.client()) as client:
                return [str(container.name) for container in client.containers.list()]

        yield Place("docker", folder, {"DOCKER_HOST": engine.host}, {"alekseylearn.yml": config}, running)
    finally:
        engine.stop()


@contextmanager
def sagemaker(folder: Path) -> Iterator[Place]:
    """Train in the stand-in for SageMaker."""
    from tests.fakes.sagemaker.service import SageMakerService

    with SageMakerService.start(folder, speed=20, limits_speed=1.0) as service:

        def forget() -> None:
            s3 = service.client("s3")
            held = s3.list_objects_v2(Bucket=service.bucket, Prefix="alekseylearn/results/").get("Contents", [])
            for item in held:
                s3.delete_object(Bucket=service.bucket, Key=item["Key"])

        table = f"role: {service.role}, bucket: {service.bucket}, instances: ml.m5.large"
        config = f"defaults: {{backend: sagemaker, sagemaker: {{{table}}}}}\n"

        def running() -> list[str]:
            return [name for name, job in service.jobs.items() if job.status == "InProgress"]

        yield Place("sagemaker", folder, service.environ, {"alekseylearn.yml": config}, running, forget)


OPEN = {"process": process, "docker": docker, "sagemaker": sagemaker}


def cancel_once(
    place: Place, runner: Runner, moment: Moment, seed: random.Random, number: int
) -> tuple[Cancelled, list[str]] | None:
    """Cancel one run near *moment*; None where the run never came there."""
    tools = runner.folder / f"tools-{number}"
    desk = runner.desk(RUNNER_TOOL_CACHE=str(tools))
    step = Step.start(desk.folder, runner.folder / "printed.txt", desk.environ, "ci", "run")
    try:
        if not step.wait_for(moment.said):
            return None
        time.sleep(seed.uniform(0, moment.width))
        cancelled = step.cancel()
        end = time.monotonic() + LINGER
        while (left := [*step.left(), *place.running()]) and time.monotonic() < end:
            time.sleep(0.02)
        return cancelled, left
    finally:
        step.end()


def measure(place: Place, moment: Moment, seeds: int) -> Tally:
    """Cancel as many runs near *moment* as there are *seeds*."""
    tally = Tally()
    with FakeGitHub() as github:
        runners = [place.runner(github, number, cell) for number, cell in enumerate(moment.cells)]
        for number in range(seeds):
            seed = random.Random(number)
            place.forget()
            done = cancel_once(place, seed.choice(runners), moment, seed, number)
            if done is None:
                tally.missed += 1
            else:
                tally.take(*done)
    return tally


def main(arguments: list[str]) -> None:
    seeds = int(arguments.pop(0)) if arguments and arguments[0].isdecimal() else SEEDS
    # In the background of a script it is ignored, by steps as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with scratch() as home, places(arguments or ["process"]) as opened:
        os.environ["HOME"] = home
        whole = Tally()
        for place in opened:
            print(f"{place.name:30} runs asked    p99   ended: median    p99    max killed orphans", flush=True)
            for what, moment in MOMENTS.items():
                if place.name != "process" and (DEAF in moment.cells or moment.said == "environment"):
                    # There a job is given its grace by others, and no environment is made here.
                    continue
                with scratch() as folder:
                    here = replace(place, folder=Path(folder))
                    tally = measure(here, moment, seeds if place.name == "process" else min(seeds, SAMPLE))
                print(
                    f"  {what:28} {tally}" + (f"   ({tally.missed} never came there)" if tally.missed else ""),
                    flush=True,
                )
                whole.asked += tally.asked
                whole.seconds += tally.seconds
    print(
        f"asked to stop: p99 {at(whole.asked, 99):.3f} s of {ASKED}; ended: max {max(whole.seconds):.3f} s of {ENDED}"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
