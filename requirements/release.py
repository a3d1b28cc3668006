"""Make what is released: `python requirements/release.py FOLDER` (`make release`).

Wheel and sdist are built from what git knows, twice: in two folders, under different umasks, languages, time zones and
hash seeds. If a single byte differs, nothing is released. Beside them stand `SHA256SUMS`, and `sbom.cdx.json`, the list
of all that the package needs (CycloneDX 1.6), made from the lock that the action installs.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORLDS: tuple[tuple[str, int, dict[str, str]], ...] = (
    ("here", 0o022, {"LC_ALL": "C", "TZ": "UTC", "PYTHONHASHSEED": "1"}),
    ("a much longer name, far away", 0o077, {"LC_ALL": "C.UTF-8", "TZ": "Pacific/Chatham", "PYTHONHASHSEED": "2"}),
)
"""Where it is built: a folder's name, an umask, and variables."""


class ReleaseError(Exception):
    """Nothing may be released; the text says why."""


def main(target: Path) -> None:
    """Fill *target* with packages, sums and the list of what they need; raise ReleaseError."""
    with tempfile.TemporaryDirectory() as place:
        built = [build(Path(place, name), umask, more) for name, umask, more in WORLDS]
        sums = [checksums(folder) for folder in built]
        if sums[0] != sums[1]:
            differing = sorted(name for name in sums[0] | sums[1] if sums[0].get(name) != sums[1].get(name))
            raise ReleaseError(f"built twice, and not the same: {', '.join(differing)}")
        shutil.copytree(built[0], target / "packages")
    (target / "SHA256SUMS").write_text("".join(f"{sums[0][name]}  {name}\n" for name in sorted(sums[0])), "utf-8")
    describe(target / "sbom.cdx.json")


def build(folder: Path, umask: int, more: Mapping[str, str]) -> Path:
    """Build wheel and sdist from a copy of what git knows below *folder*, and return where they lie."""
    source, target = folder / "source", folder / "packages"
    names = told("git", "ls-files", "--cached", "-z").split("\0")
    for name in filter(None, names):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    # No variable of this machine has a say, but where programs lie.
    environ = {
        "PATH": os.environ["PATH"],
        "SOURCE_DATE_EPOCH": told("git", "log", "-1", "--format=%ct").strip(),
        **more,
    }
    command = [sys.executable, "-I", "-m", "hatchling", "build", "--directory", str(target)]
    done = subprocess.run(command, cwd=source, env=environ, umask=umask, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReleaseError(done.stderr or done.stdout)
    return target


def checksums(folder: Path) -> dict[str, str]:
    """Return the sha256 of each file in *folder*, by name."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def describe(target: Path) -> None:
    """Write to *target* what the package needs, with versions and hashes, as CycloneDX."""
    command = [sys.executable, "-I", "-m", "cyclonedx_py", "requirements", "--mc-type", "library", "--of", "JSON"]
    command += ["--output-reproducible", "--pyproject", str(ROOT / "pyproject.toml"), "-o", str(target)]
    command += [str(ROOT / "requirements" / "run.txt")]
    done = subprocess.run(command, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReleaseError(done.stderr or done.stdout)


def told(*command: str) -> str:
    """Return what a program says about this repository."""
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]))
