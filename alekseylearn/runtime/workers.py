"""Processes that the notebook spawns: give them worker.py as their main file, never the whole of train.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .imports import Hook

WORKER = Path(__file__).with_name("worker.py")


def hook(train: Path) -> Hook:
    """Return what changes `multiprocessing.spawn` so that *train* is not run again."""

    def take_over(spawn: Any) -> None:
        original = spawn.get_preparation_data

        def get_preparation_data(name: str) -> Any:
            data = original(name)
            if data.get("init_main_from_path") == str(train):
                data["init_main_from_path"] = str(WORKER)
            return data

        spawn.get_preparation_data = get_preparation_data

    return take_over
