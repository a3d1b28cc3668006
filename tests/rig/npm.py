"""Single files of packages of npm's: fetched once for each pinned version and integrity, and never committed.

`npm pack` brings a package without those that it needs: the files that are used hold them already.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

BUILD = Path(__file__).parents[2] / "build"


class PackageError(Exception):
    """A package cannot be had, or is not the one that was pinned."""


def fetched(pins: Path) -> Path:
    """Return the folder with the files that *pins* names, a `packages.json`; whoever else wants them meanwhile waits.

    Each package has its `version`, its `integrity` (npm's sha512 of the whole archive) and the `files` that are taken.
    """
    text = pins.read_bytes()
    kind = pins.parent.name
    folder = BUILD / f"{kind}-{hashlib.sha256(text).hexdigest()[:12]}"
    BUILD.mkdir(exist_ok=True)
    with (BUILD / f"{kind}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=BUILD, prefix=f"{kind}-") as place:
                making = Path(place) / "files"
                making.mkdir()
                for name, pin in json.loads(text).items():
                    _fetch(name, pin, making)
                making.rename(folder)
    return folder


def _fetch(name: str, pin: dict[str, Any], folder: Path) -> None:
    command = ["npm", "pack", f"{name}@{pin['version']}", "--silent", "--pack-destination", str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    (*_, archive) = sorted(folder.glob(f"{name.lstrip('@').replace('/', '-')}-*.tgz")) or [None]
    if done.returncode != 0 or archive is None:
        raise PackageError(f"npm pack {name}: {done.stderr or done.stdout}")
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != pin["integrity"]:
        raise PackageError(f"{name}: sha512-{digest} is not what was pinned")
    with tarfile.open(archive) as packed:
        for file in pin["files"]:
            found = packed.extractfile(f"package/{file}")
            if found is None:
                raise PackageError(f"{name} has no {file}")
            with found, (folder / Path(file).name).open("wb") as written:
                shutil.copyfileobj(found, written)
    archive.unlink()
