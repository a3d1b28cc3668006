"""The GPUs that the job sees, beside those that were asked for."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .verdict import failure_before_the_cells

VARIABLE = "ALEKSEYLEARN_GPUS"
DEVICES = Path("/dev")
PATIENCE = 20.0
"""Seconds that nvidia-smi may take: a driver without its daemon wakes every GPU first."""
LISTED = re.compile(r"GPU \d+: (.*?)(?: \(UUID: .*)?")
NODE = re.compile(r"nvidia\d+|dxg")
DRIVER_SPEAKS = re.compile(r"NVML|NVIDIA-SMI has failed|No devices were found", re.IGNORECASE)
HINT = "on a machine of your own, `alekseylearn doctor --backend docker` shows what to install"
TRAINED_ON_CPU = "no GPU is seen inside the job: it trained on the CPU"


class Seen(NamedTuple):
    """How many GPUs there are, their names where a tool told them, and what the driver said where there are none."""

    total: int
    names: tuple[str, ...] = ()
    words: str = ""

    @property
    def facts(self) -> dict[str, Any] | None:
        """Describe the GPUs as result.json does; None where nothing told their names."""
        if not self.names:
            return None
        return {"name": self.names[0], "count": self.total, "memory": None, "peak_memory": None}


class Asked(NamedTuple):
    """How many GPUs are needed, and whether any are wanted at all."""

    least: int
    wanted: bool


def asked(environ: Mapping[str, str]) -> Asked:
    """Read the variable: a number, or `auto` for one where the machine has it."""
    told = environ.get(VARIABLE, "")
    if not re.fullmatch(r"\d*|auto", told):
        raise ValueError(f"{VARIABLE} is a number or auto, and not {told!r}")
    least = int(told) if told.isdigit() else 0
    return Asked(least, wanted=told == "auto" or least > 0)


def look() -> Seen:
    """Count the GPUs, as the driver's own tool lists them or else by their device files."""
    program = shutil.which("nvidia-smi")
    return (_listed_by(program) if program else None) or Seen(count_nodes(_devices()))


def look_at_devices(environ: Mapping[str, str]) -> Seen:
    """Count the device files only, which costs nothing; a job that is to see no device sees none."""
    hidden = environ.get("CUDA_VISIBLE_DEVICES") in {"", "-1"}
    return Seen(0 if hidden else count_nodes(_devices()))


def _listed_by(program: str) -> Seen | None:
    try:
        done = subprocess.run(
            [program, "--list-gpus"], capture_output=True, text=True, errors="replace", timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return read_list(done.returncode, f"{done.stdout}\n{done.stderr}")


def read_list(status: int, text: str) -> Seen | None:
    """Read what `nvidia-smi --list-gpus` said; None where it is the tool that failed and not the driver."""
    names = tuple(hit[1] for hit in map(LISTED.fullmatch, text.splitlines()) if hit)
    if status == 0:
        return Seen(len(names), names)
    words = [line.strip() for line in text.splitlines() if DRIVER_SPEAKS.search(line)]
    return Seen(0, words=words[0]) if words else None


def count_nodes(names: Iterable[str]) -> int:
    """Count the device files of GPUs; Windows' own stands for all of them."""
    return sum(1 for name in names if NODE.fullmatch(name))


def _devices() -> list[str]:
    try:
        return [path.name for path in DEVICES.iterdir()]
    except OSError:
        return []


def shortage(least: int, seen: Seen) -> dict[str, Any] | None:
    """Describe as a failure that fewer than *least* GPUs are there."""
    if seen.total >= least:
        return None
    wanted = "1 GPU was asked for" if least == 1 else f"{least} GPUs were asked for"
    words = f": {seen.words}" if seen.words else ""
    message = f"{wanted}, and the job sees {seen.total or 'none'}{words}"
    return failure_before_the_cells("NoGPU", message, HINT)
