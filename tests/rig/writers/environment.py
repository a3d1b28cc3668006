"""Makes the environment from its lock, below `build/`."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

from alekseylearn.interpreters import find_uv

ROOT = Path(__file__).parents[3]
LOCK = ROOT / "requirements" / "writers.txt"
BUILD = ROOT / "build"


def installed() -> Path:
    """Return the environment's Python; it is made once for each lock, and whoever else wants it meanwhile waits."""
    mark = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = BUILD / f"writers-{mark}"
    python, complete = folder / "bin" / "python", folder / "complete"
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "writers.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not complete.exists():
            uv = str(find_uv(os.environ) or "uv")
            _run(uv, "venv", "--quiet", "--clear", "--no-config", "--python", sys.executable, str(folder))
            options = ("--quiet", "--no-config", "--no-deps", "--require-hashes", "--python", str(python))
            _run(uv, "pip", "install", *options, "--requirement", str(LOCK))
            complete.touch()
    return python


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr or done.stdout}"
