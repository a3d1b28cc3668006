"""Kill `fit` and `ci run` at every landmark and at a thousand calls of the system, and see what is left each time.

A trial begins with nothing trained. Its command is killed, started again, killed somewhere else, up to `--row` times;
then it may end. After every kill all files are read, and at the end what was trained is counted. Then calls of the
system fail instead: no room, a broken disk, no more open files. Needs strace, and leave to trace processes.

    python benchmarks/bench_crashes.py --kills 1000
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

sys.path.insert(0, str(Path(__file__).parents[1]))

from alekseylearn.landmarks import Landmark
from tests.fakes.github.server import FakeGitHub
from tests.rig.crashes.local import LAUNCHES, at_a_desk
from tests.rig.crashes.on_runner import RunnerStage, on_a_runner
from tests.rig.crashes.stage import Harm, Server, Stage

CHANGING = "write,openat,rename,fsync,mkdir,unlink,unlinkat,rmdir,flock,vfork,clone3,sendto,sendfile"
FAILING = {
    "write": ("ENOSPC", "EIO"),
    "fsync": ("ENOSPC", "EIO"),
    "openat": ("EMFILE", "ENOSPC"),
    "mkdir": ("ENOSPC",),
    "rename": ("ENOSPC",),
}
COMMANDS = {"fit": ("fit", "-q"), "ci run": ("ci", "run")}


class Tally:
    """What came of all trials."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.started = time.monotonic()
        self._lock = threading.Lock()

    def add(self, name: str, number: int = 1) -> None:
        """Count something."""
        with self._lock:
            self.counts[name] += number

    def check(self, stage: Stage, told: str, code: int | None, wanted: set[int], out: str) -> None:
        """Look at what a command has left, and note what is wrong with it."""
        wrong = [f"torn: {name}" for name in stage.torn]
        self.add("torn", len(stage.torn))
        stage.torn.clear()
        if code is not None and code not in wanted:
            wrong.append(f"exit {code}: {out[-400:]}")
            self.add("wrong exits")
        if "Traceback" in out or "error[bug]" in out:
            wrong.append(f"a defect: {out[-400:]}")
            self.add("defects")
        with self._lock:
            self.wrong += [f"{told}: {one}" for one in wrong]


@contextmanager
def stages(name: str, folder: Path) -> Iterator[Stage]:
    """Set the stage for the command *name*."""
    with Server() as server:
        if name == "fit":
            yield at_a_desk(folder, server)
        else:
            with FakeGitHub() as github:
                yield on_a_runner(folder, server, github)


def stored(stage: Stage) -> set[str]:
    return {path.parent.name for path in stage.home.glob("results/??/*/result.json")}


def finish(stage: Stage, command: tuple[str, ...], told: str, before: set[str], tally: Tally) -> None:
    """Let the command end, and check that everything came out as if nothing had ever happened."""
    if isinstance(stage, RunnerStage):
        stage.again()
    ended = stage.run(*command)
    tally.check(stage, told, ended.code, {0}, ended.out)
    twice = sum(number - 1 for number in stage.launches.values()) + len(LAUNCHES.keys() - stage.launches.keys())
    lost = len(before - stored(stage)) + (ended.code == 0 and len(stored(stage)) != len(LAUNCHES))
    left = len(stage.left())
    comments = len(stage.comments) - 1 if isinstance(stage, RunnerStage) else 0
    for name, number in (
        ("launches too many", twice),
        ("lost", lost),
        ("left over", left),
        ("comments too many", comments),
    ):
        tally.add(name, number)
        if number:
            tally.wrong.append(f"{told}: {name}: {number} {stage.left()} {dict(stage.launches)}")
    tally.add("trials")


def kill(stage: Stage, command: tuple[str, ...], targets: Iterator[tuple[str, int]], row: int, tally: Tally) -> None:
    """Kill the command at the next *targets*, one after another, and let it end then."""
    stage.clear()
    told, before = [], set[str]()
    for _ in range(row):
        target = next(targets, None)
        if target is None:
            break
        told.append(f"{target[0]}:{target[1]}")
        ended = stage.run(*command, harm=Harm(target[0], f"signal=KILL:when={target[1]}"))
        tally.check(stage, " ".join(told), ended.code, {0}, ended.out)
        if before - stored(stage):
            tally.add("lost")
        before = stored(stage)
        if ended.code is not None:
            break
        tally.add("kills")
        tally.calls[target[0]] += 1
    finish(stage, command, " ".join(told), before, tally)


def refuse(stage: Stage, command: tuple[str, ...], call: str, what: str, tally: Tally) -> None:
    """Have a call fail once, or from then on, and let the command go on when all is well again."""
    stage.clear()
    ended = stage.run(*command, harm=Harm(call, what))
    told = f"{call} {what}"
    tally.check(stage, told, ended.code, {0, 6}, ended.out)
    tally.add("refusals")
    tally.add(f"exit {ended.code}")
    stage.settle()
    finish(stage, command, told, stored(stage), tally)


def spread(counts: Counter[str], dice: random.Random) -> list[tuple[str, int]]:
    """Name every call that a command makes, the rare ones no later than the frequent ones."""
    each = [dice.sample(range(1, count + 1), count) for count in counts.values()]
    rounds = itertools.zip_longest(*each)
    return [(call, number) for one in rounds for call, number in zip(counts, one, strict=True) if number is not None]


def walk(name: str, folder: Path, options: argparse.Namespace, tally: Tally) -> None:
    """Do all that is to be done to the command *name*."""
    command, dice = COMMANDS[name], random.Random(options.seed)
    with stages(name, folder) as stage:
        for landmark in get_args(Landmark):
            stage.clear()
            if stage.run(*command, landmark=landmark).code is None:
                tally.add("landmarks")
                finish(stage, command, landmark, stored(stage), tally)
        stage.clear()
        counts = stage.calls(*command, among=CHANGING)
        targets = spread(counts, dice)
        begun = stage.kills
        waiting = iter(targets)
        while stage.kills - begun < options.kills // len(COMMANDS) and (first := next(waiting, None)) is not None:
            kill(
                stage,
                command,
                iter([first, *(next(waiting, first) for _ in range(options.row - 1))]),
                options.row,
                tally,
            )
        for _ in range(options.refusals // len(COMMANDS)):
            call = dice.choice([one for one in FAILING if one in counts])
            when = f"{dice.randint(1, counts[call])}{dice.choice(['', '+'])}"
            # Not its own output: what it has to say would have nowhere to go.
            once = when.rstrip("+") if call == "write" else when
            refuse(stage, command, call, f"error={dice.choice(FAILING[call])}:when={once}", tally)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--refusals", type=int, default=200)
    parser.add_argument("--row", type=int, default=4, help="kills in a row, at most")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        threads = [
            threading.Thread(target=walk, args=(name, Path(folder, name.replace(" ", "-")), options, tally))
            for name in COMMANDS
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for name in ("landmarks", "kills", "trials", "refusals", "launches too many", "lost", "torn", "left over"):
        print(f"{name:20} {tally.counts[name]:6}")
    for name in ("comments too many", "wrong exits", "defects"):
        print(f"{name:20} {tally.counts[name]:6}")
    codes = {name: number for name, number in tally.counts.items() if name.startswith("exit ")}
    print(f"killed at {dict(tally.calls)}; refused, it ended with {codes}; {time.monotonic() - tally.started:.0f} s")
    print("\n".join(tally.wrong[:40]))
    sys.exit(bool(tally.wrong))


if __name__ == "__main__":
    main()
