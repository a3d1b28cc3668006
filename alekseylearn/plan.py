"""What to train and why: one training job a notebook, its identity, and the decision train, reuse or skip."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from alekseylearn.config import BackendName, Config, Model, Scalar
from alekseylearn.diff import NotebookDiff
from alekseylearn.errors import InputError
from alekseylearn.inputs import Inputs, Tree, find_inputs
from alekseylearn.magics import translate
from alekseylearn.metrics import Judgement
from alekseylearn.notebook import Cell, Notebook
from alekseylearn.requirements import Requirements, find_requirements
from alekseylearn.slicing import Slice, backward_slice
from alekseylearn.targets import Target, find_targets
from alekseylearn.text import plural

Decision = Literal["train", "reuse", "skip"]
CONTRACT = 1
"""Version of what the runtime does with a bundle; a new one gives every run a new identity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the person or the workflow asked for beside the configuration; it wins over the file."""

    backend: BackendName | None = None
    parameters: Mapping[str, Scalar] = field(default_factory=lambda: MappingProxyType({}))
    smoke: bool = False
    timeout: int | None = None
    max_timeout: int | None = None
    """A ceiling, in seconds, that no configuration can raise."""
    python: str = ""
    """Minor version of the interpreter that will train, as in `3.12`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingJob:
    """The training of one notebook at one commit: everything the bundle is made of.

    `digest` is the identity (sha256, 64 hex digits): equal digests mean the same training.
    """

    name: str
    notebook: Notebook
    slice: Slice
    inputs: Inputs
    requirements: Requirements
    parameters: Mapping[str, object]
    seed: int | None
    python: str
    interpreter: str | None
    """What the configuration asks for under `python:`; None for the repository's own environment."""
    model: str | None
    judgement: Judgement
    timeout: int
    backend: BackendName
    digest: str

    @property
    def run(self) -> str:
        """The run id: the first 12 hex digits of the identity."""
        return self.digest[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookPlan:
    """The decision about one notebook, with the jobs of both sides where there are any."""

    path: str
    name: str
    decision: Decision
    reason: str
    diff: NotebookDiff
    slice: Slice | None = None
    head: TrainingJob | None = None
    base: TrainingJob | None = None
    notebook: Notebook | None = None
    refused: str = ""


def make_job(
    notebook: Notebook, config: Config, tree: Tree, settings: Settings, *, targets: tuple[int, ...] = ()
) -> TrainingJob | None:
    """Cut the training job out of *notebook*; None when no cell of it trains.

    *targets* are cells that a person names as those that train; without them they are found. Raises `InputError` `nb.source` when a cell that training needs is not Python.
    """
    wanted = _named_targets(notebook, targets) if targets else find_targets(notebook)
    if not any(target.kind == "train" for target in wanted):
        return None
    name, model = config.model_for(notebook.path)
    cut = backward_slice(notebook, wanted)
    asked = {**model.parameters, **(model.smoke if settings.smoke else {}), **settings.parameters}
    inputs = find_inputs(notebook, cut, tree)
    requirements = find_requirements(tree, notebook, cut)
    seed = config.defaults.seed if model.seed is None else model.seed
    interpreter = model.python or config.defaults.python
    identity = {
        "contract": CONTRACT,
        "cells": [cell_meaning(notebook, notebook.cells[kept.cell]) for kept in cut.kept],
        "parameters": asked,
        "seed": seed,
        "requirements": sorted(requirements.lines),
        "python": interpreter or settings.python,
        "modules": dict(inputs.modules),
        "data": dict(inputs.data),
        "remote": dict(model.data),
        "model": model.model,
    }
    return TrainingJob(
        name=name,
        notebook=notebook,
        slice=cut,
        inputs=inputs,
        requirements=requirements,
        parameters=MappingProxyType(asked),
        seed=seed,
        python=settings.python,
        interpreter=interpreter,
        model=model.model,
        judgement=config.judgement(model),
        timeout=_timeout(config, model, settings),
        backend=settings.backend or model.backend or config.defaults.backend,
        digest=hashlib.sha256(json.dumps(identity, sort_keys=True, separators=(",", ":")).encode()).hexdigest(),
    )


def _timeout(config: Config, model: Model, settings: Settings) -> int:
    asked = settings.timeout or model.timeout or config.defaults.timeout
    return asked if settings.max_timeout is None else min(asked, settings.max_timeout)


def _named_targets(notebook: Notebook, indexes: tuple[int, ...]) -> tuple[Target, ...]:
    return tuple(
        Target(cell=index, id=notebook.cells[index].id, kind="train", reason="named as the cell that trains")
        for index in sorted(set(indexes))
    )


def cell_meaning(notebook: Notebook, cell: Cell) -> str:
    """Return the normalized syntax tree of *cell* as text: comments and format do not count.

    Raises `InputError` `nb.source` when the cell is not Python.
    """
    try:
        tree = ast.parse(translate(cell.source).code)
        return _canonical(tree)
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise InputError(
            "nb.source",
            f"the cell is not valid Python: {error.msg if isinstance(error, SyntaxError) else error}",
            where=f"{notebook.path}, cell {cell.index}{line}",
            hint="repair the cell, or mark it with `#| skip` as its first line",
        ) from None
    except (RecursionError, MemoryError):
        raise InputError(
            "nb.limit",
            "an expression is nested too deeply to be read",
            where=f"{notebook.path}, cell {cell.index}",
            hint="load large literals from a data file",
        ) from None


def _canonical(node: object) -> str:
    # ast.dump writes empty lists in one Python version and not in the next; an identity must outlive that.
    match node:
        case ast.AST():
            parts = [
                f"{name}={_canonical(value)}"
                for name in node._fields
                if (value := getattr(node, name, None)) is not None and value != [] and name not in ("kind", "type_comment", "ctx")
            ]
            return f"{type(node).__name__}({','.join(parts)})"
        case list():
            return f"[{','.join(_canonical(item) for item in node)}]"
        case _:
            return f"{type(node).__name__}:{node!r}"


def decide(
    diff: NotebookDiff,
    base: TrainingJob | None,
    head: TrainingJob | None,
    known: Set[str],
    *,
    force: bool = False,
    asked: bool = False,
) -> tuple[Decision, str]:
    """Decide about one notebook; the reason is a sentence.

    *known* holds the identities that have a result; *asked* says that a person named this very notebook: then it is
    trained although nothing changed, once.
    """
    if diff.status == "deleted":
        return "skip", "the notebook was deleted"
    if head is None:
        return "skip", "has no training cell (mark one with `#| train`)"
    if force:
        return "train", "asked for with --force"
    if base is not None and base.digest == head.digest and not asked:
        return "skip", f"not trained: no code that trains changed ({_what_changed(diff)})"
    if head.digest in known:
        return "reuse", "already trained: this very training has a result"
    if base is None:
        return "train", "new: the base has no such training"
    if base.digest == head.digest:
        return "train", "asked for: this training has no result yet"
    return "train", f"{_what_changed(diff)}; training needs at least one of them" if diff.changes else _outside(base, head)


def _what_changed(diff: NotebookDiff) -> str:
    code = sum(1 for change in diff.changes if _is_code(change.before or change.after) and change.kind not in ("outputs", "metadata"))
    outputs = sum(1 for change in diff.changes if change.kind == "outputs")
    prose = sum(1 for change in diff.changes if not _is_code(change.before or change.after))
    told = [
        plural(code, "code cell") if code else "",
        plural(prose, "text cell") if prose else "",
        plural(outputs, "output") if outputs else "",
    ]
    return ", ".join(part for part in told if part) + " changed" if any(told) else "nothing in the notebook changed"


def _is_code(cell: Cell | None) -> bool:
    return cell is not None and cell.kind == "code"


def _outside(base: TrainingJob, head: TrainingJob) -> str:
    """Say what outside the notebook made *head* another training than *base*."""
    if base.inputs.modules != head.inputs.modules:
        return "a local module that training imports changed"
    if base.inputs.data != head.inputs.data:
        return "a data file that training reads changed"
    if base.requirements.lines != head.requirements.lines:
        return "the requirements changed"
    return "parameters, seed or environment changed"
