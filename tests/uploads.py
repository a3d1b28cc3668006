"""Artifacts as `actions/upload-artifact` makes them, on the stand-in for GitHub."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.fakes.github.state import Artifact, Repository, Run


def upload(repository: Repository, folder: Path, run: Run, name: str = "alekseylearn-train-1") -> Artifact:
    """Upload the files of *folder* but the hidden ones, packed as a stream, which tells sizes after the fact."""
    made = io.BytesIO()
    made.seekable = lambda: False  # type: ignore[method-assign]
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            name_there = path.relative_to(folder).as_posix()
            if path.is_file() and not any(part.startswith(".") for part in name_there.split("/")):
                archive.write(path, name_there)
    return repository.add_artifact(name, made.getvalue(), run=run)


def run_json(
    name: str, files: Mapping[str, bytes], *, base: Mapping[str, bytes] | None = None, **fields: Any
) -> dict[str, Any]:
    """Describe a model called *name* with *files*, as our report does."""
    told = {
        "name": name,
        "digest": digest_of(name),
        "backend": "process",
        "decision": "train",
        "state": "succeeded",
        "metrics": {"mse": 0.5},
        "artifacts": _files(name, files),
        "base": None,
    }
    if base is not None:
        told["base"] = {
            "digest": digest_of(f"{name}.base"),
            "state": "succeeded",
            "metrics": {"mse": 0.9},
            "artifacts": _files(f"{name}.base", base),
        }
    return {**told, **fields}


def digest_of(name: str) -> str:
    """Return the identity of a made-up training."""
    return hashlib.sha256(name.encode()).hexdigest()


def members(*runs: dict[str, Any], files: Mapping[str, bytes], sha: str = "a" * 40) -> dict[str, bytes]:
    """Return what an artifact with these *runs* and *files* (by their paths in it) holds."""
    document = {"base": {"name": "main", "sha": "b" * 40}, "head": {"name": "feature", "sha": sha}, "runs": list(runs)}
    return {"outcome.json": json.dumps(document).encode(), "report.html": b"<p>", **files}


def model(name: str, files: Mapping[str, bytes], *, base: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """Return what an artifact with one model holds."""
    there = {f"{name}/{file}": content for file, content in files.items()}
    there |= {f"{name}.base/{file}": content for file, content in (base or {}).items()}
    return members(run_json(name, files, base=base), files=there)


def _files(folder: str, files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "path": f"{folder}/{name}",
            "url": "",
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        for name, content in files.items()
    ]
