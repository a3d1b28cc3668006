"""CUDA's forward compatibility: an image whose CUDA is newer than the host's driver brings a driver library of its own.

The entry points of many images set it up. A job that starts Python itself goes past them.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

FOLDER = Path("/usr/local/cuda/compat")
DRIVER = Path("/proc/driver/nvidia/version")
LIBRARY = re.compile(r"libcuda\.so\.(\d+(?:\.\d+)+)")
MODULE = re.compile(r"Kernel Module(?: for \S+)?\s+(\d+(?:\.\d+)+)")
PROBE = "import ctypes, sys; sys.exit(ctypes.CDLL(sys.argv[1]).cuInit(0) != 0)"
PATIENCE = 20.0
"""Seconds that the library may take to find its devices."""


def variables(environ: Mapping[str, str], folder: Path = FOLDER, driver: Path = DRIVER) -> dict[str, str]:
    """Return what the environment needs so that the library in *folder* is found before the host's."""
    try:
        names = [path.name for path in folder.iterdir()]
        told = driver.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    if not newer(names, told) or not works(folder / "libcuda.so.1"):
        return {}
    return {"LD_LIBRARY_PATH": ":".join(filter(None, (str(folder), environ.get("LD_LIBRARY_PATH"))))}


def newer(names: Iterable[str], driver: str) -> bool:
    """Tell whether a library among *names* belongs to a newer driver than the one whose version file says *driver*."""
    hits = filter(None, map(LIBRARY.fullmatch, names))
    running = MODULE.search(driver)
    return running is not None and any(_version(hit[1]) > _version(running[1]) for hit in hits)


def works(library: Path) -> bool:
    """Tell whether *library* accepts this machine's GPUs: NVIDIA supports it for those of data centres only."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROBE, str(library)], capture_output=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))
