"""Stop a training job at many moments, from the first line of boot.py to its end: `python -m tests.runtime.moments 100`.

With `--first` each job is the first process of a namespace of its own, as in a container (Linux, root).
"""

from __future__ import annotations

import json
import os
import pickle
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from .conftest import Cell, Job, Make, bundles, train
from .opt_ml import LAST, Machine, machine
from .test_first_process import OWN_NAMESPACE, behind

PREPARED = "import os, pathlib, time\nprint('begun', flush=True)\ntime.sleep(0.1)"
SAVES_ITSELF = """
folder = pathlib.Path(os.environ["SM_MODEL_DIR"])
for step in range(1, 31):
    (folder / ".part").write_text(f"step {step}\\n" * 2000)
    (folder / ".part").replace(folder / "weights")
    print("step", step, flush=True)
    time.sleep(0.01)
"""
IS_SAVED = """
class Net:
    def __init__(self): self.steps = 0
    def fit(self):
        for _ in range(20):
            self.steps += 1
            time.sleep(0.01)
        return self
    def __reduce__(self):
        time.sleep(0.3)
        return dict, ([("steps", self.steps)],)
model = Net()
model.fit()
"""
NOTEBOOKS: dict[str, tuple[str | Cell, ...]] = {
    "saves": (PREPARED, train(SAVES_ITSELF), "print('over')"),
    "is saved": (PREPARED, train(IS_SAVED), "print('over')"),
}
HELD = 1 << (signal.SIGTERM - 1)


@dataclass(frozen=True, slots=True)
class Seen:
    """One job that was stopped: when (in which part of its life), and what is wrong with what it left."""

    part: str
    state: str
    wrong: str


def prepared(make: Make, notebook: str, folder: Path, python: str) -> Machine:
    job: Job = make(*NOTEBOOKS[notebook], python=python)
    return machine(job, folder)


def first_of(pid: int) -> int:
    """The process itself, or the only child of one that made a namespace."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children and "unshare" in Path(f"/proc/{pid}/cmdline").read_text() else pid


def holds_stops(pid: int) -> bool:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    masks = [int(line.split()[1], 16) for line in lines if line.startswith(("SigBlk", "SigCgt"))]
    command = Path(f"/proc/{pid}/cmdline").read_text()
    ours = not command.startswith("unshare") and ("boot.py" in command or "supervisor.py" in command)
    return ours and any(mask & HELD for mask in masks)


def run(job: Machine, stopped: Callable[[], float] | None) -> float:
    """Run *job* and stop it so many seconds after it holds signals back; return how long it went on from there.

    0 seconds where it had ended by then.
    """
    job.start()
    assert job.process is not None
    pid = job.process.pid
    deadline = time.monotonic() + 30
    while job.process.poll() is None and not holds_stops(pid := first_of(job.process.pid)):
        assert time.monotonic() < deadline, f"it never held back signals: {job.end().out}"
    began = time.monotonic()
    if stopped is not None:
        time.sleep(stopped())
        if job.process.poll() is not None:
            job.end()
            return 0.0
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    job.end()
    return time.monotonic() - began


def part_of(job: Machine) -> str:
    """The part of its life that a job was in when it was asked to stop, as its events tell."""
    events = [event for event in job.events if event["event"] in {"cell-start", "cell-end"}]
    if job.result["state"] == "succeeded":
        return "after the last cell: saving, or its end"
    if not events:
        return "before the first cell"
    return f"in cell {job.states.index('interrupted') + 1}" if "interrupted" in job.states else "between cells"


def judged(job: Machine) -> Seen:
    """Say what is wrong with what a stopped job left."""
    if not (job.data / "result.json").exists():
        return Seen("unknown", "none", f"no result.json, exit {job.code}: {job.out}")
    result, part = job.result, part_of(job)
    wrong = []
    if (result["state"], job.code) not in {("stopped", 7), ("succeeded", 0), ("succeeded", -signal.SIGTERM)}:
        wrong.append(f"{result['state']} with exit {job.code}")
    if not job.out.endswith(f"{LAST}\n"):
        wrong.append("no last line")
    if json.loads((job.mirror / "result.json").read_text()) != result:
        wrong.append("another result in the mirror")
    listed = {file["path"] for file in result["model"]}
    there = {path.name for path in job.model.iterdir()} - {".part"}
    if there != listed - {".part"}:
        wrong.append(f"the model has {there}, and the result tells of {listed}")
    told = [int(line.split()[1]) for line in job.log.splitlines() if line.startswith("step")]
    if told and int((job.model / "weights").read_text().split()[1]) < told[-1]:
        wrong.append(f"the model is older than step {told[-1]}")
    if "model.pkl" in there:
        pickle.loads((job.model / "model.pkl").read_bytes())
    if "weights" in there and len((job.model / "weights").read_text().splitlines()) != 2000:
        wrong.append("half a model")
    return Seen(part, result["state"], ", ".join(wrong))


def main(count: int, *, first: bool) -> int:
    """Stop *count* jobs, and tell in which parts of their lives."""
    seen = []
    with tempfile.TemporaryDirectory() as name:
        python = behind(Path(name), *OWN_NAMESPACE) if first else sys.executable
        whole: dict[str, float] = {}
        for number in range(-len(NOTEBOOKS), count):
            notebook = list(NOTEBOOKS)[number % len(NOTEBOOKS)]
            with tempfile.TemporaryDirectory() as folder, bundles(Path(folder)) as make:
                job = prepared(make, notebook, Path(folder) / "ml", python)
                if number < 0:
                    whole[notebook] = run(job, None)
                    continue
                went_on = run(job, lambda notebook=notebook: random.uniform(0, whole[notebook]))
                one = judged(job)
                seen.append(one if went_on else replace(one, part="too late: it had ended"))
    for (part, state), times in sorted(Counter((one.part, one.state) for one in seen).items()):
        print(f"{times:4}  {state:10} {part}")
    bad = [one for one in seen if one.wrong]
    for one in bad:
        print("WRONG", one)
    print(f"{len(seen) - len(bad)} of {len(seen)} are as they should be")
    return min(1, len(bad))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), first="--first" in sys.argv))
