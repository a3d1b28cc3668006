"""Where the other tools live: a throw-away environment below `build/`, and one process of it that answers."""

from __future__ import annotations

import json
import selectors
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE.parents[2] / "build" / "extraction" / "peers"

_PYTHON_TOOLS = ("beniget==0.5.0", "marimo==0.25.2", "pyflakes==4.1.0")
_NODE_TOOL = "@msrvida/python-program-analysis@0.4.1"


def python_tools(folder: Path = FOLDER) -> list[str]:
    """Return the command that answers for the Python tools; they are installed the first time."""
    python = folder / "python" / "bin" / "python"
    done = folder / "python" / "installed.txt"
    wanted = "\n".join(_PYTHON_TOOLS)
    if not done.exists() or done.read_text("utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder / "python"], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *_PYTHON_TOOLS], check=True)
        done.write_text(wanted, "utf-8")
    return [str(python), str(HERE / "tools.py")]


def gather(folder: Path = FOLDER) -> list[str] | None:
    """Return the command that answers for gather; None where there is no node."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    place = folder / "node"
    if not (place / "node_modules").exists():
        place.mkdir(parents=True, exist_ok=True)
        (place / "package.json").write_text("{}", "utf-8")
        subprocess.run([npm, "install", "--no-audit", "--no-fund", "--silent", _NODE_TOOL], cwd=place, check=True)
    return [node, str(HERE / "gather.cjs"), str(place)]


@dataclass(slots=True)
class Worker:
    """A process that answers one request a line; one that takes longer than `limit` seconds is started anew."""

    command: Sequence[str]
    limit: float = 60.0
    _process: subprocess.Popen[str] | None = field(default=None, init=False)

    def ask(self, tool: str, cells: Sequence[str], target: int) -> frozenset[int] | None:
        """Return the cells that *tool* keeps for the cell *target*; None when it refuses or takes too long."""
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"tool": tool, "cells": list(cells), "target": target}) + "\n")
        process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            answer = process.stdout.readline() if selector.select(self.limit) else ""
        if not answer:
            self.close()
            return None
        kept = json.loads(answer)
        return None if kept is None else frozenset(kept)

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
            )
        return self._process
