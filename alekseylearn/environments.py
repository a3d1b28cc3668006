"""The Python that trains: the configured one, one made for the repository's requirements, or the current one."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from alekseylearn.backends.base import Options
from alekseylearn.disk import holding, holding_if_free, make_private, remove
from alekseylearn.errors import MachineError
from alekseylearn.files import write_atomic
from alekseylearn.installed import importable, satisfied
from alekseylearn.installers import install
from alekseylearn.interpreters import VERSION, find_python, find_uv, minor_version, missing_imports, version_of
from alekseylearn.plan import TrainingJob
from alekseylearn.requirements import Requirements
from alekseylearn.runtime.hints import DISTRIBUTIONS

__all__ = ["Environment", "check_imports", "distribution", "find_environment", "minor_version"]

_MARKER = "complete.json"


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
    if asked is not None and not VERSION.fullmatch(asked):
        return Environment(
            python=find_python(asked, options.environ), origin=f"the Python that `python: {asked}` names"
        )
    ours = Path(sys.executable)
    current = options.current or ours
    python = current if asked is None else find_python(asked, options.environ)
    lines, bounds = job.requirements.lines, job.requirements.constraints
    # What a constraint is about may be needed by another package only: then none of its lines speaks of it here.
    there = lines and not bounds and satisfied(lines)
    if python == ours and there and importable(package.name for package in job.inputs.imports):
        return Environment(python=current, origin=f"{_this_python()}, which already has what is required")
    if lines:
        return _made(job.requirements, python, options)
    if python == current:
        told = _this_python() if current == ours else str(current)
        return Environment(
            python=current, origin=f"{told} with all its packages (no requirements file near the notebook)"
        )
    return Environment(python=python, origin=f"Python {asked} with all its packages")


def check_imports(
    job: TrainingJob, environment: Environment, environ: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Make sure that *environment* has every package that the slice of *job* imports.

    Raises `MachineError` `env.missing`, which names the packages, the cell and what to add. Our own package is not
    asked for: the runtime brings a stand-in for it.
    """
    packages = [package for package in job.inputs.imports if package.name != "alekseylearn"]
    missing = missing_imports(environment.python, [package.name for package in packages], environ=environ)
    if not missing:
        return
    cell = next(package.cell for package in packages if package.name == missing[0])
    others = ", ".join(f"`{name}`" for name in missing[1:])
    told = f"cell {cell} imports `{missing[0]}`, which the training environment lacks"
    wanted = " ".join(dict.fromkeys(distribution(name) for name in missing))
    raise MachineError(
        "env.missing",
        f"{told}, as it does {others}" if others else told,
        where=f"{job.notebook.path}; {environment.origin}",
        hint=f"add {wanted} to {job.requirements.origin or 'requirements.txt'}",
    )


def distribution(module: str) -> str:
    """Return the name on PyPI of the package that brings *module*."""
    return DISTRIBUTIONS.get(module, module)


def _made(wanted: Requirements, python: Path, options: Options) -> Environment:
    """Return the environment for what is *wanted*, from the cache or made now; two makers wait for one another."""
    version = version_of(python, options.environ)
    meant = [sorted(wanted.lines), sorted(wanted.constraints), version, str(python)]
    key = hashlib.sha256(json.dumps(meant).encode()).hexdigest()[:16]
    root = make_private(options.home.absolute()) / "environments"
    root.mkdir(exist_ok=True)
    folder = root / key
    _clear_half_made(root)
    with holding(root / f"{key}.lock") as lock:
        interpreter = folder / "bin" / "python"
        if not ((folder / _MARKER).exists() and interpreter.exists()):
            remove(folder)
            uv = find_uv(options.environ)
            install(folder, wanted.lines, python, options.environ, uv=uv, constraints=wanted.constraints, lock=lock)
            write_atomic(folder / _MARKER, json.dumps({"python": version, "requirements": wanted.lines}).encode())
    told = f"Python {version} with {wanted.origin or 'what the notebook installs'}"
    return Environment(python=interpreter, origin=told, key=key)


def _clear_half_made(root: Path) -> None:
    """Remove the environments that were never completed, and that nobody alive is making."""
    for folder in root.iterdir():
        if folder.is_dir() and not (folder / _MARKER).exists():
            with suppress(OSError), holding_if_free(root / f"{folder.name}.lock") as free:
                # Somebody may have completed it just now.
                if free and not (folder / _MARKER).exists():
                    remove(folder)


def _this_python() -> str:
    return f"this Python ({'.'.join(map(str, sys.version_info[:3]))})"
