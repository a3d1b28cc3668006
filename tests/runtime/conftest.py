"""Small bundles on disk, run by the real supervisor in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest

import alekseylearn.runtime

RUNTIME = Path(alekseylearn.runtime.__file__).parent
PREAMBLE = """\
import os
import sys

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "files", "notebooks"))

"""
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of a bundle under test; *source* is what the notebook has where that differs from *text*."""

    text: str
    target: str | None = None
    source: str | None = None


def train(text: str) -> Cell:
    return Cell(text=text, target="train")


def measure(text: str) -> Cell:
    return Cell(text=text, target="metrics")


@dataclass(slots=True, kw_only=True)
class Job:
    """A bundle and what its run left."""

    folder: Path
    environ: dict[str, str]
    python: str = sys.executable
    code: int = -1
    out: str = ""
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def data(self) -> Path:
        return self.folder / "output" / "data"

    @property
    def model(self) -> Path:
        return self.folder / "model"

    @property
    def train(self) -> Path:
        return self.folder / "code" / "train.py"

    @property
    def workdir(self) -> Path:
        return self.folder / "code" / "files" / "notebooks"

    @property
    def command(self) -> list[str]:
        return [self.python, str(self.folder / "code" / "_al" / "supervisor.py")]

    def run(self) -> Job:
        done = subprocess.run(
            self.command, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False
        )
        self.code, self.out = done.returncode, done.stdout.decode("utf-8", "replace")
        return self

    def start(self) -> Job:
        self.process = subprocess.Popen(
            self.command, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        return self

    def wait_for(self, text: str) -> None:
        """Read the supervisor's stdout up to a line that contains *text*."""
        assert self.process is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.out += line.decode()
            if text in self.out:
                return
        raise AssertionError(f"{text!r} was never printed: {self.out}")

    def end(self) -> Job:
        assert self.process is not None
        assert self.process.stdout is not None
        rest, _ = self.process.communicate(timeout=60)
        self.out += rest.decode()
        self.code = self.process.returncode
        return self

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            if self.process.stdout is not None:
                self.process.stdout.close()

    @property
    def result(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.data / "result.json").read_text())
        return loaded

    @property
    def states(self) -> list[str]:
        return [cell["state"] for cell in self.result["cells"]]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.data / "events.jsonl").read_text().splitlines()]

    @property
    def metrics(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.data / "metrics.jsonl").read_text().splitlines()]

    @property
    def values(self) -> dict[str, Any]:
        return {metric["name"]: metric["value"] for metric in self.metrics}

    @property
    def notebook(self) -> Any:
        notebook = nbformat.reads((self.data / "executed.ipynb").read_text(), as_version=4)
        nbformat.validate(notebook)
        return notebook

    @property
    def log(self) -> str:
        return (self.data / "log.txt").read_text()

    @property
    def failure(self) -> str | None:
        path = self.folder / "output" / "failure"
        return path.read_text() if path.exists() else None

    def outputs(self, cell: int) -> list[Any]:
        """The outputs of one cell, by its number in the notebook."""
        cells = [c for c in self.notebook.cells if c.metadata["alekseylearn"]["cell"] == cell]
        outputs: list[Any] = cells[0].outputs
        return outputs

    def printed(self, cell: int) -> str:
        return "".join(output["text"] for output in self.outputs(cell) if output["output_type"] == "stream")


Make = Callable[..., Job]


@pytest.fixture
def bundle(tmp_path: Path) -> Iterator[Make]:
    """Make a bundle as `bundles` does, in a folder of the test's."""
    with bundles(tmp_path) as make:
        yield make


@contextmanager
def bundles(folder: Path) -> Iterator[Make]:
    """Make a bundle from cells (numbered 10, 11, ...), files and whatever of the manifest is to differ."""
    jobs: list[Job] = []

    def make(*cells: str | Cell, files: Mapping[str, str] | None = None, env: Mapping[str, str] | None = None,
             python: str = sys.executable, parameters_cell: str | None = None, requirements: str = "",
             **manifest: Any) -> Job:  # fmt: skip
        code = folder / "code"
        shutil.copytree(RUNTIME, code / "_al", ignore=shutil.ignore_patterns("__pycache__"))
        (code / "files" / "notebooks").mkdir(parents=True)
        for name, text in (files or {}).items():
            (code / "files" / name).parent.mkdir(parents=True, exist_ok=True)
            (code / "files" / name).write_text(text)
        listed, text = [], PREAMBLE
        if parameters_cell is not None:
            text += f"# %% [parameters]\n{parameters_cell}\n\n"
        for number, cell in enumerate(cells, 10):
            written = cell if isinstance(cell, Cell) else Cell(text=cell)
            body = textwrap.dedent(written.text).strip("\n")
            text += f"# %% [cell {number}]\n{body}\n\n"
            listed.append({"cell": number, "headline": body.partition("\n")[0], "source": written.source or body,
                           "target": written.target})  # fmt: skip
        (code / "train.py").write_text(text)
        (code / "requirements.txt").write_text(requirements)
        whole = {"version": 1, "name": "churn", "run": "9c1d77a05b20", "digest": "9c" * 32,
                 "notebook": "notebooks/churn.ipynb", "workdir": "notebooks", "cells": listed, "parameters": {},
                 "seed": None, "goals": {}, "model": None, "timeout": 100, "cell_timeout": None, "grace": 20,
                 "kernel": KERNEL}  # fmt: skip
        (code / "manifest.json").write_text(json.dumps({**whole, **manifest}))
        ours = ("SM_", "MPL", "TQDM", "ALEKSEYLEARN_")
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
        # A job under test sees no GPU of the machine that tests, unless it asks for one.
        environ = {**inherited, "CUDA_VISIBLE_DEVICES": "", "SM_MODEL_DIR": str(folder / "model"),
                   "SM_OUTPUT_DIR": str(folder / "output"), **(env or {})}  # fmt: skip
        jobs.append(Job(folder=folder, environ=environ, python=python))
        return jobs[-1]

    try:
        yield make
    finally:
        for job in jobs:
            job.kill()


@pytest.fixture
def run(bundle: Make) -> Make:
    """Make a bundle as `bundle` does and run it to its end."""
    return lambda *cells, **options: bundle(*cells, **options).run()
