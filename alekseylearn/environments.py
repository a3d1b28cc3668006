"""The Python that trains: the configured one, one made for the repository's requirements, or the current one."""

from __future__ import annotations

import hashlib
import importlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from alekseylearn.allowlist import for_installer, for_job
from alekseylearn.backends.base import Options
from alekseylearn.disk import holding, make_private, remove
from alekseylearn.errors import MachineError
from alekseylearn.files import write_atomic
from alekseylearn.installed import importable, satisfied
from alekseylearn.plan import TrainingJob
from alekseylearn.runtime.hints import DISTRIBUTIONS

_INSTALL_LIMIT = 1800.0
_ASK_LIMIT = 60.0
_VERSION = re.compile(r"3\.\d{1,2}(\.\d{1,3})?")
_MARKER = "complete.json"
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
_TELL = "import platform; print(platform.python_version())"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """An interpreter and the packages it sees; *origin* says in words where it comes from, *key* names a made one."""

    python: Path
    origin: str
    key: str = ""


def find_environment(job: TrainingJob, options: Options) -> Environment:
    """Find, or make, the environment that *job* is trained in.

    A path under `python:` is taken as it is. Otherwise requirements near the notebook get an environment of their own
    (kept in `<home>/environments`, by their hash) unless the current Python has them all; without requirements it is
    the Python of the version asked for, or the current one. Raises `MachineError` (`env.python env.install`).
    """
    asked = job.interpreter or options.python
    if asked is not None and not _VERSION.fullmatch(asked):
        return Environment(
            python=find_python(asked, options.environ), origin=f"the Python that `python: {asked}` names"
        )
    current = Path(sys.executable)
    python = current if asked is None else find_python(asked, options.environ)
    lines = job.requirements.lines
    if python == current and lines and satisfied(lines) and importable(package.name for package in job.inputs.imports):
        return Environment(python=current, origin=f"{_this_python()}, which already has what is required")
    if lines:
        return _made(lines, job.requirements.origin, python, options)
    if python == current:
        return Environment(
            python=current, origin=f"{_this_python()} with all its packages (no requirements file near the notebook)"
        )
    return Environment(python=python, origin=f"Python {asked} with all its packages")


def minor_version(python: str | None) -> str:
    """Return the minor version, as in `3.12`, of the interpreter or version *python*; None stands for the current one.

    Raises `MachineError` `env.python` when it is a path and no Python is there.
    """
    if python is None:
        return f"{sys.version_info.major}.{sys.version_info.minor}"
    told = python if _VERSION.fullmatch(python) else _version_of(find_python(python, {}), {})
    return ".".join(told.split(".")[:2])


def find_python(asked: str, environ: Mapping[str, str]) -> Path:
    """Find the interpreter that *asked* names: a path, or a version on PATH or among uv's own.

    Raises `MachineError` `env.python`.
    """
    if not _VERSION.fullmatch(asked):
        path = Path(asked).expanduser().absolute()
        found = shutil.which(str(path))
        if found is None:
            raise _no_python(f"{asked} is not a program", "mend `python:` in alekseylearn.yml, or leave it out")
        return Path(found)
    if asked in (minor_version(None), ".".join(map(str, sys.version_info[:3]))):
        return Path(sys.executable)
    minor = ".".join(asked.split(".")[:2])
    on_path = shutil.which(f"python{minor}", path=environ.get("PATH", ""))
    if on_path is not None and (asked == minor or _version_of(Path(on_path), environ) == asked):
        return Path(on_path)
    uv = find_uv(environ)
    if uv is not None:
        done = _run([str(uv), "python", "find", "--no-project", asked], for_installer(environ), _ASK_LIMIT)
        if done is not None and done.returncode == 0:
            return Path(done.stdout.strip())
    raise _no_python(
        f"Python {asked} is not on this machine",
        f"install it (for example `uv python install {asked}`), or change `python:` in alekseylearn.yml",
    )


def find_uv(environ: Mapping[str, str]) -> Path | None:
    """Find uv: on PATH, or as the package `uv` beside us."""
    found = shutil.which("uv", path=environ.get("PATH", ""))
    if found is not None:
        return Path(found)
    try:
        return Path(importlib.import_module("uv").find_uv_bin())
    except (ImportError, FileNotFoundError):
        return None


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
    done = _run([str(python), "-c", _FIND, question], for_job(environ), _ASK_LIMIT)
    if done is None or done.returncode != 0:
        raise _no_python(f"{python} does not run", "look at it in a terminal, or change `python:` in alekseylearn.yml")
    found = json.loads(done.stdout.splitlines()[-1])
    return tuple(name for name in names if name in found)


def check_imports(
    job: TrainingJob, environment: Environment, environ: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Make sure that *environment* has every package that the slice of *job* imports.

    Raises `MachineError` `env.missing`, which names the packages, the cell and what to add.
    """
    packages = job.inputs.imports
    missing = missing_imports(environment.python, [package.name for package in packages], environ=environ)
    if not missing:
        return
    cell = next(package.cell for package in packages if package.name == missing[0])
    wanted = " ".join(dict.fromkeys(distribution(name) for name in missing))
    named = ", ".join(f"`{name}`" for name in missing)
    file = job.requirements.origin or "requirements.txt"
    raise MachineError(
        "env.missing",
        f"cell {cell} imports {named}, which the training environment lacks",
        where=f"{job.notebook.path}; {environment.origin}",
        hint=f"add {wanted} to {file}",
    )


def distribution(module: str) -> str:
    """Return the name on PyPI of the package that brings *module*."""
    return DISTRIBUTIONS.get(module, module)


def _made(lines: tuple[str, ...], origin: str, python: Path, options: Options) -> Environment:
    """Return the environment for *lines*, from the cache or made now; two makers wait for one another."""
    version = _version_of(python, options.environ)
    key = hashlib.sha256(json.dumps([sorted(lines), version, str(python)]).encode()).hexdigest()[:16]
    root = make_private(options.home) / "environments"
    root.mkdir(exist_ok=True)
    folder = root / key
    with holding(root / f"{key}.lock"):
        interpreter = folder / "bin" / "python"
        if not ((folder / _MARKER).exists() and interpreter.exists()):
            remove(folder)
            _install(folder, lines, python, options.environ)
            write_atomic(folder / _MARKER, json.dumps({"python": version, "requirements": lines}).encode())
    told = f"Python {version} with {origin or 'what the notebook installs'}"
    return Environment(python=interpreter, origin=told, key=key)


def _install(folder: Path, lines: tuple[str, ...], python: Path, environ: Mapping[str, str]) -> None:
    uv = find_uv(environ)
    folder.mkdir()
    file = folder / "requirements.txt"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    own = str(folder / "bin" / "python")
    if uv is not None:
        steps = [
            [
                str(uv),
                "venv",
                "--quiet",
                "--no-project",
                "--no-config",
                "--allow-existing",
                "--python",
                str(python),
                str(folder),
            ],
            [str(uv), "pip", "install", "--quiet", "--no-config", "--no-progress", "--python", own, "-r", str(file)],
        ]
    else:
        steps = [
            [str(python), "-m", "venv", str(folder)],
            [own, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "-r", str(file)],
        ]
    for step in steps:
        done = _run(step, for_installer(environ), _INSTALL_LIMIT, folder)
        if done is None or done.returncode != 0:
            told = "the installer took too long" if done is None else telling_line(done.stderr + "\n" + done.stdout)
            remove(folder)
            raise MachineError(
                "env.install",
                f"the requirements cannot be installed: {told}",
                where=f"{Path(step[0]).name}, Python {python}",
                hint="mend the requirements file near the notebook, or look at the network",
            )


def telling_line(output: str) -> str:
    """Choose from an installer's *output* what says why it failed, with the lines that go on from it."""
    lines = [re.sub(r"^[\s×╰─▶│├┬╭]+", "", line).strip() for line in output.splitlines()]
    lines = [line for line in lines if line]
    causes = [place for place, line in enumerate(lines) if re.match(r"(?i)because|caused by|error\b", line)]
    first = causes[0] if causes else 0
    return " ".join(lines[first : first + 4]) or "the installer said nothing"


def _version_of(python: Path, environ: Mapping[str, str]) -> str:
    if python == Path(sys.executable):
        return ".".join(map(str, sys.version_info[:3]))
    done = _run([str(python), "-c", _TELL], for_job(environ), _ASK_LIMIT)
    if done is None or done.returncode != 0 or not _VERSION.fullmatch(done.stdout.strip()):
        raise _no_python(f"{python} is no Python that runs", "mend `python:` in alekseylearn.yml, or leave it out")
    return done.stdout.strip()


def _run(
    command: Sequence[str], environ: Mapping[str, str], limit: float, folder: Path = Path("/")
) -> subprocess.CompletedProcess[str] | None:
    """Run *command*; None when it cannot be started or takes longer than *limit* seconds."""
    try:
        return subprocess.run(
            command,
            env=dict(environ),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=limit,
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError):
        return None


def _no_python(what: str, hint: str) -> MachineError:
    return MachineError("env.python", what, where="python", hint=hint)


def _this_python() -> str:
    return f"this Python ({'.'.join(map(str, sys.version_info[:3]))})"
