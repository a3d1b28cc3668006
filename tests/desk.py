"""A person's desk: a repository with a notebook in it, and the real command line to work with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.repositories import Repository
from tests.small import EPOCHS, growth
from tests.warm import warm

NOTEBOOK = "growth.ipynb"
LONGER = {EPOCHS: "epochs = 200\nrate = 0.05"}
TIMEOUT = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON on stdout; there must be nothing else."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The folder that commands are run in, and the environment that they see."""

    folder: Path
    environ: Mapping[str, str]

    def run(self, *arguments: str | Path, **environ: str) -> Done:
        """Run one command to its end."""
        environment = {**self.environ, **environ}
        if warm().serves(environment):
            words = [str(word) for word in arguments]
            code, out, err = warm().run(words, cwd=self.folder, environ=environment, timeout=TIMEOUT)
            return Done(code=code, out=out, err=err)
        child = subprocess.run(
            command(arguments),
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        return Done(code=child.returncode, out=child.stdout, err=child.stderr)

    @contextmanager
    def start(self, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
        """Start one command; whatever is left of it at the end is killed."""
        with subprocess.Popen(
            command(arguments),
            cwd=self.folder,
            env=dict(self.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as child:
            try:
                yield child
            finally:
                child.send_signal(signal.SIGKILL)

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file below the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def tree(self) -> dict[str, bytes]:
        """Return every file below the folder, git's own and ours among them."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }


def command(arguments: Sequence[str | Path]) -> list[str]:
    return [sys.executable, "-m", "alekseylearn", *map(str, arguments)]


def lone_desk(folder: Path) -> Desk:
    """Return a desk in *folder*, which is no repository; a terminal of 200 columns, without colours."""
    folder.mkdir(parents=True, exist_ok=True)
    return Desk(folder=folder, environ={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A repository and a desk in it."""

    git: Repository
    desk: Desk

    @classmethod
    def create(cls, folder: Path, base: bytes | None = None) -> Bench:
        """Make a repository with a notebook on `main`, and a branch `feature` that is checked out."""
        git = Repository.create(folder)
        git.commit({NOTEBOOK: growth() if base is None else base})
        git.git("checkout", "--quiet", "-b", "feature")
        return cls(git=git, desk=lone_desk(git.root))
