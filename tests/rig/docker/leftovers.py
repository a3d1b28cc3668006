"""Clear away what an engine leaves on the machine: processes, mounts, control groups, bridges."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

MARK = "ALEKSEYLEARN_RIG"
"""The variable that the rig's processes bear: the folder that they belong to."""
CONTAINERS = "data/containers"
"""Where an engine keeps one folder a container, named by its id, below the engine's own folder."""
PATIENCE = 5.0
"""Seconds that killed processes have for going away."""


def clear(folder: Path) -> None:
    """End every process that belongs to *folder* or to a container of an engine in it, and undo its mounts."""
    containers = {place.name for place in folder.glob(f"**/{CONTAINERS}/*")} if folder.exists() else set()
    kill(lambda: [*marked(folder), *contained(containers)])
    for bridge in folder.glob("**/bridge"):
        subprocess.run(["ip", "link", "delete", bridge.read_text(encoding="utf-8")], check=False, capture_output=True)
    for place in reversed(mounts(folder)):
        # What is still open keeps a plain unmount from working; a lazy one needs nobody's consent.
        subprocess.run(["umount", "--lazy", place], check=False, capture_output=True)
    for group in control_groups(containers):
        with contextlib.suppress(OSError):
            group.rmdir()


def kill(who: Callable[[], list[int]]) -> None:
    """Kill the processes that *who* lists until it lists none."""
    until = time.monotonic() + PATIENCE
    while (pids := who()) and time.monotonic() < until:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Return whether *pid* runs; a zombie does not, whoever forgets to reap it."""
    return state(Path(f"/proc/{pid}")) not in ("", "Z")


def paused(pid: int) -> bool:
    """Return whether all threads of *pid* have stopped: a signal reaches one after the other."""
    return all(state(thread) in ("", "T") for thread in Path(f"/proc/{pid}/task").glob("*"))


def state(process: Path) -> str:
    """Return the letter of the state of a process or a thread, or nothing where it has ended."""
    try:
        return (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return ""


def marked(folder: Path) -> Iterator[int]:
    """Yield the processes that bear the mark of *folder* or of a folder in it."""
    for pid, text in proc("environ"):
        values = [line.partition("=")[2] for line in text.split("\0") if line.startswith(f"{MARK}=")]
        if any(Path(value).is_relative_to(folder) for value in values):
            yield pid


def contained(containers: Iterable[str]) -> Iterator[int]:
    """Yield the processes of *containers*: their control groups bear the containers' ids."""
    wanted = set(containers)
    for pid, text in proc("cgroup") if wanted else ():
        if any(name in text for name in wanted) and alive(pid):
            yield pid


def proc(name: str) -> Iterator[tuple[int, str]]:
    """Yield each process with the text of its file *name*."""
    for place in Path("/proc").glob(f"[0-9]*/{name}"):
        # It may have ended by itself in the meantime.
        with contextlib.suppress(OSError):
            yield int(place.parent.name), place.read_text(encoding="utf-8", errors="replace")


def mounts(folder: Path) -> list[str]:
    """Return what is mounted on or below *folder*, also as another root has it, in the order in which it was mounted."""
    places = (line.split()[1] for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines())
    return [place for place in places if f"{folder}/" in f"{place}/"]


def control_groups(containers: Iterable[str]) -> Iterator[Path]:
    """Yield the folders of the control groups of *containers*, of either version."""
    for name in containers:
        for pattern in (f"docker/{name}", f"*/docker/{name}", f"*/*-{name}.scope"):
            yield from Path("/sys/fs/cgroup").glob(pattern)
