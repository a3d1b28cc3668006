"""Interpreters on this machine: found by path or version, and asked what they have."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from alekseylearn.allowlist import for_installer, for_job
from alekseylearn.errors import MachineError

VERSION = re.compile(r"3\.\d{1,2}(\.\d{1,3})?")
ASK_LIMIT = 60.0
"""Seconds for a question that takes a moment."""
# The names come as arguments; sys.path[0] is the working folder, which must not answer for a package.
_FIND = """
import sys
del sys.path[0]
import importlib.util, json
search, names = json.loads(sys.argv[1])
sys.path[:0] = search
def lacks(name):
    try:
        return importlib.util.find_spec(name) is None
    except (ImportError, AttributeError, ValueError):
        return True
print(json.dumps([name for name in names if lacks(name)]))
"""
_TELL = "import sys; print('%d.%d.%d' % sys.version_info[:3])"


def minor_version(python: str | None) -> str:
    """Return the minor version, as in `3.12`, of the interpreter or version *python*; None stands for the current one.

    Raises `MachineError` `env.python` when it is a path and no Python is there.
    """
    if python is None:
        return f"{sys.version_info.major}.{sys.version_info.minor}"
    told = python if VERSION.fullmatch(python) else version_of(find_python(python, {}), {})
    return ".".join(told.split(".")[:2])


def find_python(asked: str, environ: Mapping[str, str]) -> Path:
    """Find the interpreter that *asked* names: a path, or a version on PATH or among uv's own.

    Raises `MachineError` `env.python`.
    """
    if not VERSION.fullmatch(asked):
        path = Path(asked).expanduser().absolute()
        found = shutil.which(str(path))
        if found is None:
            raise _no_python(f"{asked} is not a program", "mend `python:` in alekseylearn.yml, or leave it out")
        return Path(found)
    if asked in (minor_version(None), ".".join(map(str, sys.version_info[:3]))):
        return Path(sys.executable)
    minor = ".".join(asked.split(".")[:2])
    on_path = shutil.which(f"python{minor}", path=environ.get("PATH", ""))
    if on_path is not None and (asked == minor or version_of(Path(on_path), environ) == asked):
        return Path(on_path)
    uv = find_uv(environ)
    if uv is not None:
        done = run_quietly([str(uv), "python", "find", "--no-project", asked], for_installer(environ), ASK_LIMIT)
        if done is not None and done.returncode == 0:
            return Path(done.stdout.strip())
    raise _no_python(
        f"Python {asked} is not on this machine",
        f"install it (for example `uv python install {asked}`), or change `python:` in alekseylearn.yml",
    )


def version_of(python: Path, environ: Mapping[str, str]) -> str:
    """Ask the interpreter *python* for its version, as in `3.12.4`; raises `MachineError` `env.python`."""
    if python == Path(sys.executable):
        return ".".join(map(str, sys.version_info[:3]))
    done = run_quietly([str(python), "-I", "-c", _TELL], for_job(environ), ASK_LIMIT)
    if done is None or done.returncode != 0 or not VERSION.fullmatch(done.stdout.strip()):
        raise _no_python(f"{python} is no Python that runs", "mend `python:` in alekseylearn.yml, or leave it out")
    return done.stdout.strip()


def missing_imports(
    python: Path,
    names: Sequence[str],
    search: Sequence[Path] = (),
    *,
    environ: Mapping[str, str] = MappingProxyType({}),
) -> tuple[str, ...]:
    """Ask *python* which of the top-level modules *names* it cannot import; the folders *search* come first.

    Nothing is imported. Raises `MachineError` `env.python` when it gives no answer.
    """
    if not names:
        return ()
    question = json.dumps([[str(folder) for folder in search], list(names)])
    done = run_quietly([str(python), "-c", _FIND, question], for_job(environ), ASK_LIMIT)
    if done is None or done.returncode != 0:
        raise _no_python(f"{python} does not run", "look at it in a terminal, or change `python:` in alekseylearn.yml")
    found = json.loads(done.stdout.splitlines()[-1])
    return tuple(name for name in names if name in found)


def find_uv(environ: Mapping[str, str]) -> Path | None:
    """Find uv: on PATH, or as the package `uv` beside us."""
    found = shutil.which("uv", path=environ.get("PATH", ""))
    if found is not None:
        return Path(found)
    try:
        return Path(importlib.import_module("uv").find_uv_bin())
    except (ImportError, FileNotFoundError):
        return None


def run_quietly(
    command: Sequence[str],
    environ: Mapping[str, str],
    limit: float,
    folder: Path = Path("/"),
    *,
    held: Sequence[int] = (),
) -> subprocess.CompletedProcess[str] | None:
    """Run *command*; None when it cannot be started or takes longer than *limit* seconds.

    Nothing that it has started outlives an interruption of ours, or the limit. It inherits the descriptors *held*: a
    lock on what it writes to is then free only when all of it has ended, even if we are killed.
    """
    try:
        with subprocess.Popen(
            command,
            env=dict(environ),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
            pass_fds=held,
        ) as child:
            try:
                out, err = child.communicate(timeout=limit)
            except BaseException:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(child.pid, signal.SIGKILL)
                raise
            return subprocess.CompletedProcess(command, child.returncode, out, err)
    except (subprocess.TimeoutExpired, OSError):
        return None


def _no_python(what: str, hint: str) -> MachineError:
    return MachineError("env.python", what, where="python", hint=hint)
