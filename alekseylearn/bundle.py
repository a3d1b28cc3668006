"""Bundle: a training job as files, and as one deterministic tar with a digest; the same bytes for every backend."""

from __future__ import annotations

import ast
import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from alekseylearn.magics import parse_python, translate
from alekseylearn.meaning import cell_meaning
from alekseylearn.parameters import parameter_places
from alekseylearn.plan import TrainingJob
from alekseylearn.requirements import CONSTRAINTS

MANIFEST_VERSION = 1
GRACE = 30
"""Seconds between the request to stop and the end by force."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files of one job: relative path -> bytes."""

    files: Mapping[str, bytes]

    def tar(self) -> bytes:
        """Return the bundle as an uncompressed POSIX.1-2001 (pax) archive: sorted, no times, no owners."""
        import tarfile

        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name in sorted(self.files):
                entry = tarfile.TarInfo(name)
                entry.size = len(self.files[name])
                entry.mode = 0o644
                archive.addfile(entry, io.BytesIO(self.files[name]))
        return buffer.getvalue()

    @property
    def digest(self) -> str:
        """The sha256 of the archive, 64 hex digits: the bundle's integrity, not its identity."""
        return hashlib.sha256(self.tar()).hexdigest()


def pack(job: TrainingJob, runtime: Mapping[str, bytes], files: Mapping[str, bytes]) -> Bundle:
    """Write *job* down as files.

    *runtime* are the runtime's own modules (relative path -> bytes), *files* the local modules and data files the slice
    needs (repository-relative path -> bytes). Outputs, metadata and secrets have no way in.
    """
    made = {
        "train.py": train_script(job).encode(),
        "manifest.json": (json.dumps(manifest(job), indent=1, sort_keys=True) + "\n").encode(),
        "requirements.txt": job.requirements.text.encode(),
    }
    if job.requirements.constraints:
        made[CONSTRAINTS] = job.requirements.constraints_text.encode()
    made |= {f"files/{path}": data for path, data in files.items()}
    made |= {f"_al/{path}": data for path, data in runtime.items()}
    return Bundle(MappingProxyType(made))


def manifest(job: TrainingJob) -> dict[str, Any]:
    """Describe *job* to the runtime."""
    wanted = {target.cell: target.kind for target in job.slice.targets}
    cells = [job.notebook.cells[kept.cell] for kept in job.slice.kept]
    return {
        "version": MANIFEST_VERSION,
        "name": job.name,
        "run": job.run,
        "digest": job.digest,
        "notebook": job.notebook.path,
        "workdir": job.notebook.folder,
        "cells": [
            {"cell": cell.index, "headline": cell.headline, "source": cell.source, "target": wanted.get(cell.index)}
            for cell in cells
        ],
        "parameters": dict(job.parameters),
        "seed": job.seed,
        "goals": dict(job.judgement.goals),
        "printed": dict(job.printed),
        "model": job.model,
        "timeout": job.timeout,
        "cell_timeout": None,
        "grace": GRACE,
        "kernel": {"name": job.notebook.kernel, "display_name": job.notebook.display_name, "language": "python"},
    }


def train_script(job: TrainingJob, *, standalone: bool = False) -> str:
    """Write the slice in percent format; plain `python train.py` runs it in the folder its paths are relative to.

    *standalone* leaves that folder alone: the script is meant to lie beside the notebook.
    """
    cells = [job.notebook.cells[kept.cell] for kept in job.slice.kept]
    places = parameter_places(job.parameters, cells, job.notebook.path)
    title = f"# The training cells of {_one_line(job.notebook.path)}, cut out by alekseylearn. Run {job.run}.\n"
    parts = [title + _future_line(job) + ("" if standalone else _PREAMBLE.format(folders=_folders(job)))]
    for number, cell in enumerate(cells):
        if job.random == "reseed":
            parts.append(f"# %% [seeds of cell {cell.index}]\n{_reseed(job, number)}")
        parts.append(f"# %% [cell {cell.index}]\n{_without_future(translate(cell.source).code).rstrip()}\n")
        if cell.index in places:
            parts.append(_parameters(job, places[cell.index]))
    return "\n".join(parts)


def slice_notebook(job: TrainingJob) -> str:
    """Write the slice as a notebook of nbformat 4.5: the kept cells as they stand, without outputs.

    Parameters stand in cells of their own, with the tag that papermill gives them; so does what seeds each cell, where
    that is configured.
    """
    cells = [job.notebook.cells[kept.cell] for kept in job.slice.kept]
    places = parameter_places(job.parameters, cells, job.notebook.path)
    written = []
    for number, cell in enumerate(cells):
        if job.random == "reseed":
            written.append(_cell(f"seeds-{cell.index}", _reseed(job, number), frozenset()))
        written.append(_cell(cell.id, cell.source, cell.tags))
        if cell.index in places:
            source = _parameter_lines(job, places[cell.index])
            written.append(_cell(f"parameters-{cell.index}", source, frozenset({"injected-parameters"})))
    document = {
        "cells": written,
        "metadata": {
            "kernelspec": {
                "name": job.notebook.kernel,
                "display_name": job.notebook.display_name,
                "language": "python",
            },
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _cell(cell_id: str, source: str, tags: frozenset[str]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": cell_id,
        "metadata": {"tags": sorted(tags)} if tags else {},
        "outputs": [],
        "source": source.splitlines(keepends=True),
    }


RESEED = """for _seed in "random.seed", "numpy.random.seed", "torch.manual_seed", "tensorflow.random.set_seed":
    _module = __import__("sys").modules.get(_seed.rpartition(".")[0])
    _module and getattr(_module, _seed.rpartition(".")[2])({seed})
"""
"""What seeds every generator whose module is loaded."""

_PREAMBLE = """import os
import sys
_root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "files")
_folder = os.path.join(_root{folders})
os.makedirs(_folder, exist_ok=True)
os.chdir(_folder)
sys.path[:0] = [_folder, _root]
"""


def _folders(job: TrainingJob) -> str:
    return "".join(f", {part!a}" for part in job.notebook.folder.split("/") if part)


def _future_line(job: TrainingJob) -> str:
    """Write the `__future__` imports of the notebook for the top of the script, the one place where they may stand."""
    cells = [translate(cell.source).code for cell in job.notebook.code_cells if "skip" not in cell.marks]
    names = {alias.name for code in cells for node in _future_imports(code) for alias in node.names}
    return f"from __future__ import {', '.join(sorted(names))}\n" if names else ""


def _without_future(code: str) -> str:
    """Put `pass` where *code* imports from `__future__`; every line stays where it is."""
    for node in reversed(_future_imports(code)):
        lines = [line.encode() for line in code.split("\n")]
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        before, after = lines[first][: node.col_offset], lines[last][node.end_col_offset :]
        lines[first : last + 1] = [before + b"pass" + b"\\\n" * (last - first) + after]
        code = b"\n".join(lines).decode()
    return code


def _future_imports(code: str) -> list[ast.ImportFrom]:
    tree = parse_python(code) if "__future__" in code else None
    body = tree.body if tree is not None else []
    return [node for node in body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]


def _parameters(job: TrainingJob, names: Iterable[str]) -> str:
    return f"# %% [parameters]\n{_parameter_lines(job, names)}\n"


def _parameter_lines(job: TrainingJob, names: Iterable[str]) -> str:
    return "\n".join(f"{name} = {job.parameters[name]!r}" for name in names)


def _reseed(job: TrainingJob, number: int) -> str:
    """Write what seeds every generator before the *number*-th kept cell.

    The seed comes from what the cell means, so that it stays when cells around it come and go.
    """
    told = [cell_meaning(job.notebook, job.notebook.cells[kept.cell]) for kept in job.slice.kept[: number + 1]]
    of_cell = hashlib.sha256(f"{job.seed} {told.count(told[-1])} {told[-1]}".encode()).digest()
    return RESEED.format(seed=int.from_bytes(of_cell[:4]))


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
