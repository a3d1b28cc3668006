"""How many cores and GPUs of this machine a job will see."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def count_cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def count_gpus(environ: Mapping[str, str], devices: Path = Path("/dev")) -> int:
    """Count the NVIDIA GPUs that a job will see, without asking the driver; WSL shows one device for all of them."""
    there = sum(1 for path in devices.glob("nvidia[0-9]*") if path.name.removeprefix("nvidia").isdecimal())
    there = there or int((devices / "dxg").exists())
    chosen = environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        return there
    named = [part.strip() for part in chosen.split(",")]
    # CUDA stops reading the list at the first entry that is no device, -1 by custom.
    shown = next((place for place, part in enumerate(named) if part in ("", "-1")), len(named))
    return min(there, shown)
