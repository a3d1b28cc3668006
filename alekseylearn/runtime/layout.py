"""Where things are inside the job, and the manifest that says what to run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple


class Layout(NamedTuple):
    """The folders of one run, in SageMaker's training layout."""

    code: Path
    """The bundle: train.py, manifest.json, files/ and _al/."""
    model: Path
    output: Path
    data: Path

    @property
    def train(self) -> Path:
        """The program to run."""
        return self.code / "train.py"

    @property
    def files(self) -> Path:
        """Local modules and data, under their paths in the repository."""
        return self.code / "files"

    @property
    def variables(self) -> dict[str, str]:
        """The `SM_*` variables that name these folders."""
        folders = {"SM_MODEL_DIR": self.model, "SM_OUTPUT_DIR": self.output, "SM_OUTPUT_DATA_DIR": self.data}
        return {name: str(folder) for name, folder in folders.items()}

    def make(self) -> None:
        """Make the folders that results are written to."""
        for folder in (self.model, self.output, self.data):
            folder.mkdir(parents=True, exist_ok=True)


def written_to(layout: Layout, manifest: "Manifest") -> tuple[Path, ...]:
    """List the folders that the notebook may write to, its own first."""
    return (layout.files / manifest.workdir, layout.files, layout.data, layout.model)


def layout_of(code: Path, environ: Mapping[str, str]) -> Layout:
    """Read the layout from the `SM_*` variables, with SageMaker's own defaults."""
    output = Path(environ.get("SM_OUTPUT_DIR") or "/opt/ml/output").absolute()
    return Layout(
        code=code,
        model=Path(environ.get("SM_MODEL_DIR") or "/opt/ml/model").absolute(),
        output=output,
        data=Path(environ.get("SM_OUTPUT_DATA_DIR") or output / "data").absolute(),
    )


class CellEntry(NamedTuple):
    """One cell as the manifest lists it."""

    cell: int
    headline: str
    source: str
    target: str | None


class Manifest(NamedTuple):
    """What the bundle says about its run; times are seconds."""

    name: str
    run: str
    digest: str
    notebook: str
    workdir: str
    cells: tuple[CellEntry, ...]
    parameters: Mapping[str, Any]
    seed: int | None
    model: str | None
    timeout: float | None
    cell_timeout: float | None
    grace: float
    kernel: Mapping[str, str]
    printed: Mapping[str, str]
    """Metrics that are only printed: name -> regular expression, whose one group is the value."""


def read_manifest(path: Path) -> Manifest:
    """Read manifest.json, which our own bundle wrote.

    Raise OSError, ValueError, KeyError or TypeError where it is missing or broken.
    """
    raw = json.loads(path.read_text(encoding="utf-8"))
    if raw["version"] != 1:
        raise ValueError(f"manifest version {raw['version']} is not known to this runtime")
    return Manifest(
        name=raw["name"],
        run=raw["run"],
        digest=raw["digest"],
        notebook=raw["notebook"],
        workdir=raw.get("workdir") or ".",
        cells=tuple(
            CellEntry(int(c["cell"]), c.get("headline", ""), c.get("source", ""), c.get("target")) for c in raw["cells"]
        ),
        parameters=raw.get("parameters") or {},
        seed=raw.get("seed"),
        model=raw.get("model"),
        timeout=raw.get("timeout"),
        cell_timeout=raw.get("cell_timeout"),
        grace=raw.get("grace", 30),
        kernel=raw.get("kernel") or {"name": "python3", "display_name": "Python 3", "language": "python"},
        printed=raw.get("printed") or {},
    )
