"""What translated magics and `!commands` call: `get_ipython()` for code that runs without IPython."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import AbstractContextManager, contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from types import CodeType
from typing import Any, Callable, Iterator

IGNORED = frozenset(
    {"matplotlib", "pylab", "load_ext", "reload_ext", "unload_ext", "autoreload", "config", "precision", "pdb", "xmode",
     "colors", "autosave", "automagic", "pinfo", "pinfo2", "psearch", "who", "who_ls", "whos", "history", "hist",
     "lsmagic", "magic", "quickref", "page", "notebook", "logstart", "logstop",
     "slice", "fit", "runs", "status", "stop", "fetch"}
)  # fmt: skip
"""Magics that change how a session looks, not what it computes; and our own, which are for a live notebook."""
INSTALLERS = frozenset({"pip", "conda", "mamba", "uv"})
SHELLS = frozenset({"bash", "sh", "script", "system", "sx", "!"})
SHOWN = {"html": "text/html", "HTML": "text/html", "markdown": "text/markdown", "latex": "text/latex",
         "svg": "image/svg+xml", "SVG": "image/svg+xml"}  # fmt: skip
BROWSER_ONLY = frozenset({"javascript", "js"})


class CommandError(RuntimeError):
    """A command of the notebook ended with another status than 0."""


class MagicError(RuntimeError):
    """A magic that needs IPython itself."""


class Lines(list[str]):
    """What a command printed, as IPython's `SList`: lines, `.n` with newlines, `.s` with spaces."""

    @property
    def n(self) -> str:
        """The text, with newlines."""
        return "\n".join(self)

    @property
    def s(self) -> str:
        """The text, with spaces."""
        return " ".join(self)

    @property
    def l(self) -> list[str]:  # noqa: E743 - IPython's name
        """The lines."""
        return list(self)


class Shell:
    """The part of IPython's shell that a training run needs."""

    def __init__(
        self,
        namespace: dict[str, Any],
        compile_text: Callable[[str, str], CodeType],
        display: Callable[..., None],
        cell: Callable[[], str],
    ) -> None:
        self.user_ns = namespace
        self.config: dict[str, Any] = {}
        self._compile = compile_text
        self._display = display
        self._cell = cell

    def system(self, command: str) -> None:
        """Run *command* in a shell; raise CommandError if it ends with another status than 0."""
        flush()
        done = subprocess.run(command, shell=True, executable=_shell(), check=False)  # nosec B602 # the notebook's own
        _checked(command, done.returncode)

    def getoutput(self, command: str) -> Lines:
        """Run *command* and return the lines that it prints; raise CommandError as `system` does."""
        done = subprocess.run(  # nosec B602 # the notebook's own
            command, shell=True, executable=_shell(), check=False, stdout=subprocess.PIPE
        )
        text = done.stdout.decode("utf-8", "replace")
        if done.returncode:
            print(text, end="")
        _checked(command, done.returncode)
        return Lines(text.splitlines())

    def run_line_magic(self, name: str, line: str = "", *_: Any, **__: Any) -> Any:
        """Do what `%name line` means; raise MagicError for one that needs IPython."""
        line = line.strip()
        if name in IGNORED:
            return None
        if name in INSTALLERS:
            print(f"%{name} {line}: packages come from the job's requirements")
            return None
        if name in SHELLS:
            return self.getoutput(line) if name == "sx" else self.system(line)
        action = getattr(self, f"_line_{name}", None)
        if action is None:
            raise MagicError(f"%{name} in {self._cell()} needs IPython: use Python, or mark the cell with #| skip")
        return action(line)

    def run_cell_magic(self, name: str, line: str, body: str) -> Any:
        """Do what `%%name line` over *body* means; raise MagicError for one that needs IPython."""
        if name in IGNORED | BROWSER_ONLY:
            return None
        if name in SHELLS:
            return self._script(line.strip() if name == "script" else "", body)
        if name in SHOWN:
            return self._display({SHOWN[name]: body, "text/plain": body}, raw=True)
        action = getattr(self, f"_cell_{name}", None)
        if action is None:
            raise MagicError(f"%%{name} in {self._cell()} needs IPython: use Python, or mark the cell with #| skip")
        return action(line, body)

    def magic(self, text: str) -> Any:
        """Run a line magic given as one text, as older notebooks do."""
        name, _, line = text.lstrip("%").partition(" ")
        return self.run_line_magic(name, line)

    def run_cell(self, text: str, *_: Any, **__: Any) -> None:
        """Run *text* as a cell would be."""
        self._run(text, "cell")

    def _run(self, text: str, name: str) -> None:
        exec(self._compile(text, f"<{name} of {self._cell()}>"), self.user_ns)  # nosec B102 # the notebook's own code

    def _script(self, program: str, body: str) -> None:
        flush()
        command = program.split() or [_shell() or "sh"]
        done = subprocess.run(command, input=body.encode(), check=False)
        _checked(f"%%{' '.join(command)}", done.returncode)

    def _line_time(self, line: str) -> None:
        self._cell_time("", line)

    def _line_timeit(self, line: str) -> None:
        self._cell_timeit(line, "")

    def _line_env(self, line: str) -> str | None:
        name, sign, value = line.partition("=") if "=" in line else line.partition(" ")
        if not sign:
            return os.environ.get(name) if name else None
        os.environ[name.strip()] = value.strip()
        return None

    _line_set_env = _line_env

    def _line_cd(self, line: str) -> None:
        folder = line.removeprefix("-q").strip().strip("'\"")
        os.chdir(Path(folder or "~").expanduser())

    def _line_pwd(self, line: str) -> str:  # noqa: ARG002 - all magics take the line
        return str(Path.cwd())

    def _line_run(self, line: str) -> None:
        path = Path(line.rsplit(maxsplit=1)[-1].strip("'\""))
        if path.suffix != ".py":
            raise MagicError(f"%run {line} in {self._cell()}: only Python files run in a job")
        code = self._compile(path.read_text(encoding="utf-8"), str(path.absolute()))
        exec(code, self.user_ns)  # nosec B102 # a file that the notebook asks for

    def _cell_time(self, line: str, body: str) -> None:
        started, used = time.perf_counter(), time.process_time()
        self._run(body or line, "%time")
        used, taken = time.process_time() - used, time.perf_counter() - started
        print(f"CPU times: {used:.3g} s\nWall time: {taken:.3g} s")

    def _cell_timeit(self, line: str, body: str) -> None:
        words = line.split()
        while words and words[0].startswith("-"):
            # Options such as `-n 10 -r 3` or `-n10` say how often; a job runs it once.
            words = words[2:] if len(words[0]) == 2 and words[1:2] and words[1].isdigit() else words[1:]
        started = time.perf_counter()
        self._run("\n".join(filter(None, [" ".join(words), body])), "%timeit")
        print(f"{time.perf_counter() - started:.3g} s (one run)")

    def capture(self) -> AbstractContextManager[Captured]:
        """Catch what is printed, as `%%capture` does."""
        return _captured()

    def _cell_capture(self, line: str, body: str) -> None:
        with self.capture() as caught:
            self._run(body, "%%capture")
        for name in [word for word in line.split() if not word.startswith("-")][:1]:
            self.user_ns[name] = caught

    def _cell_writefile(self, line: str, body: str) -> None:
        words = line.split()
        with Path(words[-1].strip("'\"")).open("a" if "-a" in words[:-1] else "w", encoding="utf-8") as file:
            file.write(body if body.endswith("\n") else f"{body}\n")

    _cell_file = _cell_writefile


@contextmanager
def _captured() -> Iterator[Captured]:
    out, err = StringIO(), StringIO()
    caught = Captured("", "")
    try:
        with redirect_stdout(out), redirect_stderr(err):
            yield caught
    finally:
        caught.stdout, caught.stderr = out.getvalue(), err.getvalue()


class Captured:
    """What `%%capture` caught."""

    def __init__(self, stdout: str, stderr: str) -> None:
        self.stdout = stdout
        self.stderr = stderr

    def __str__(self) -> str:
        return self.stdout

    def show(self) -> None:
        """Print it after all."""
        print(self.stdout, end="")
        print(self.stderr, end="", file=sys.stderr)

    __call__ = show


def flush() -> None:
    """Write out what is printed so far, so that a command's text comes after it."""
    sys.stdout.flush()
    sys.stderr.flush()


def _shell() -> str | None:
    return shutil.which("bash")


def _checked(command: str, status: int) -> None:
    if status > 0:
        raise CommandError(f"the command ended with exit status {status}: {command}")
    if status < 0:
        raise CommandError(f"the command was ended by signal {-status}: {command}")
