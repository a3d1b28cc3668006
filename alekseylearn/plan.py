"""What to train and why: one training job a notebook, its identity, and the decision train, reuse or skip."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from types import MappingProxyType
from typing import Literal

from alekseylearn.config import BackendName, Config, Model, Scalar
from alekseylearn.diff import NotebookDiff
from alekseylearn.errors import InputError
from alekseylearn.inputs import Inputs, Tree, find_inputs
from alekseylearn.knowledge import RandomMode
from alekseylearn.meaning import cell_meaning, module_meaning
from alekseylearn.metrics import Judgement
from alekseylearn.notebook import PYTHON, Cell, Notebook
from alekseylearn.parameters import is_set, parameter_places
from alekseylearn.pruning import prune
from alekseylearn.reasons import Meaning, nothing_counts, what_differs
from alekseylearn.requirements import Requirements, find_requirements
from alekseylearn.runtime import CONTRACT
from alekseylearn.slicing import Slice
from alekseylearn.targets import Target, find_targets
from alekseylearn.value_mistakes import LARGEST_SEED

Decision = Literal["train", "reuse", "skip"]
_SEED = "the seed"


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
    random: RandomMode
    python: str
    interpreter: str | None
    """What the configuration asks for under `python:`; None for the repository's own environment."""
    model: str | None
    judgement: Judgement
    timeout: int
    backend: BackendName
    digest: str
    meaning: Meaning
    """What `digest` is made of."""
    printed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Patterns by the name of the metric that they find in what is printed."""
    repeats: int = 1
    """With how many seeds it is trained, this one included."""
    max_cost: float | None = None
    """US dollars that it may cost, where its backend bills."""

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
    more_head: tuple[TrainingJob, ...] = ()
    more_base: tuple[TrainingJob, ...] = ()
    """The same trainings with other seeds."""
    notebook: Notebook | None = None
    refused: str = ""
    limit: InputError | None = None
    """Why its training could not be looked for, although its cells could be compared."""

    @property
    def others(self) -> tuple[tuple[TrainingJob, bool], ...]:
        """The trainings with other seeds, and whether each is base's: head and base in turn."""
        pairs = zip_longest(self.more_head, self.more_base)
        return tuple((job, base) for pair in pairs for job, base in zip(pair, (False, True), strict=True) if job)

    @property
    def jobs(self) -> tuple[tuple[TrainingJob, bool], ...]:
        """All trainings, and whether each is base's, in the order in which they are brought to their results."""
        return (*((job, base) for job, base in ((self.head, False), (self.base, True)) if job), *self.others)


def make_job(
    notebook: Notebook,
    config: Config,
    tree: Tree,
    settings: Settings,
    *,
    targets: tuple[int, ...] = (),
    repeats: int | None = None,
) -> TrainingJob | None:
    """Cut the training job out of *notebook*; None when no cell of it trains, or it is not written in Python.

    *targets* are code cells that a person names as those that train; without them they are found. *repeats* is with how
    many seeds it is trained; without it the configuration says so. Raises `InputError`: `nb.source nb.limit` (a cell
    that training needs cannot be read), `cfg.unknown cfg.parameter` (a parameter that no cell sets, or not in time),
    and what `find_requirements` and *tree* raise.
    """
    if notebook.language != PYTHON:
        return None
    name, model = config.model_for(notebook.path)
    rules = config.rules(model)
    wanted = _named_targets(notebook, targets) if targets else find_targets(notebook, rules.known)
    if not any(target.kind == "train" for target in wanted):
        return None
    notebook, cut = prune(notebook, wanted, rules)
    asked = _values(config, model, settings, [notebook.cells[kept.cell] for kept in cut.kept], notebook.path)
    inputs, requirements = find_inputs(notebook, cut, tree), find_requirements(tree, notebook, cut)
    count = repeats or (1 if settings.smoke else config.repeats(model))
    seed = _seed(config, model, needed=rules.random == "reseed" or count > 1)
    interpreter = model.python or config.defaults.python
    backend = settings.backend or model.backend or config.defaults.backend
    place = _place(_image(config, model, backend), interpreter or settings.python, named=interpreter is not None)
    meaning = Meaning(
        cells=tuple(_cell_digests(notebook, cut)),
        modules=_module_digests(inputs, tree),
        data=inputs.data,
        requirements=_lines(requirements),
        parameters=MappingProxyType({key: json.dumps(value) for key, value in asked.items()}),
        others=MappingProxyType({_SEED: json.dumps(seed), **place, **_asked(model, rules.random)}),
    )
    return TrainingJob(
        name=name,
        notebook=notebook,
        slice=cut,
        inputs=inputs,
        requirements=requirements,
        parameters=MappingProxyType(asked),
        seed=seed,
        random=rules.random,
        python=settings.python,
        interpreter=interpreter,
        model=model.model,
        judgement=config.judgement(model),
        timeout=_timeout(config, model, settings),
        backend=backend,
        digest=_identity(meaning),
        meaning=meaning,
        printed=MappingProxyType(dict(model.printed)),
        repeats=count,
        max_cost=config.max_cost(model) if backend == "sagemaker" else None,
    )


def _values(
    config: Config, model: Model, settings: Settings, cells: Sequence[Cell], path: str
) -> dict[str, Scalar | list[Scalar]]:
    """Return the values for variables of a notebook; raises as `parameter_places` does."""
    everywhere = {name: value for name, value in config.hyperparameters.items() if is_set(name, cells)}
    asked = {**everywhere, **model.parameters, **(model.smoke if settings.smoke else {}), **settings.parameters}
    parameter_places(asked, cells, path)
    return asked


def _lines(requirements: Requirements) -> tuple[str, ...]:
    return tuple(sorted({*requirements.lines, *(f"-c {line}" for line in requirements.constraints)}))


def _seed(config: Config, model: Model, *, needed: bool) -> int | None:
    seed = config.defaults.seed if model.seed is None else model.seed
    return 0 if needed and seed is None else seed


def _asked(model: Model, random: RandomMode) -> dict[str, str]:
    """Say what else the configuration asks of a training; what it leaves at its default came later and is not named."""
    told = {
        "the remote data": json.dumps(dict(model.data), sort_keys=True),
        "the model's name": json.dumps(model.model),
    }
    if random != "strict":
        told["the way of seeding"] = json.dumps(random)
    if model.printed:
        told["what is read from the output"] = json.dumps(dict(model.printed))
    return told


def reseeded(job: TrainingJob) -> tuple[TrainingJob, ...]:
    """Return the trainings that repeat *job* with the seeds after its own; each has an identity of its own."""
    made = []
    for more in range(1, job.repeats):
        seed = ((job.seed or 0) + more) % (LARGEST_SEED + 1)
        others = MappingProxyType({**job.meaning.others, _SEED: json.dumps(seed)})
        meaning = replace(job.meaning, others=others)
        made.append(replace(job, seed=seed, meaning=meaning, digest=_identity(meaning)))
    return tuple(made)


def _image(config: Config, model: Model, backend: BackendName) -> str | None:
    """Return the image that is named for *backend*."""
    match backend:
        case "docker":
            return config.docker(model).image
        case "sagemaker":
            return config.sagemaker(model).image
        case _:
            return None


def _place(image: str | None, python: str, *, named: bool) -> dict[str, str]:
    """Say what trains: a named image brings its own Python, unless one of it is *named*, too."""
    told = {"the Python that trains": json.dumps("" if image and not named else python)}
    return told if image is None else {"the image": json.dumps(image), **told}


def _timeout(config: Config, model: Model, settings: Settings) -> int:
    asked = settings.timeout or model.timeout or config.defaults.timeout
    return asked if settings.max_timeout is None else min(asked, settings.max_timeout)


def _named_targets(notebook: Notebook, indexes: tuple[int, ...]) -> tuple[Target, ...]:
    return tuple(
        Target(cell=index, id=notebook.cells[index].id, kind="train", reason="named as the cell that trains")
        for index in sorted(set(indexes))
    )


def _cell_digests(notebook: Notebook, cut: Slice) -> Iterator[str]:
    """Write down what the kept cells mean; one that does nothing (a magic, a comment) is passed over."""
    for kept in cut.kept:
        told = cell_meaning(notebook, notebook.cells[kept.cell])
        if told:
            yield hashlib.sha256(told.encode()).hexdigest()


def _module_digests(inputs: Inputs, tree: Tree) -> Mapping[str, str]:
    return MappingProxyType({path: _module_digest(tree.read(path), sha) for path, sha in inputs.modules.items()})


def _module_digest(data: bytes, sha256: str) -> str:
    """Return the digest of what a module means; that of its bytes where it is no Python."""
    told = module_meaning(data)
    return sha256 if told is None else hashlib.sha256(told.encode()).hexdigest()


def _identity(meaning: Meaning) -> str:
    # A new version of what the runtime does with a bundle gives every run a new identity.
    parts = {
        "contract": CONTRACT,
        "cells": meaning.cells,
        "modules": dict(meaning.modules),
        "data": dict(meaning.data),
        "requirements": meaning.requirements,
        "parameters": dict(meaning.parameters),
        "others": dict(meaning.others),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def decide(
    diff: NotebookDiff,
    base: TrainingJob | None,
    head: TrainingJob | None,
    known: AbstractSet[str],
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
        return "skip", nothing_counts(diff)
    if head.digest in known:
        lacking = sum(one.digest not in known for one in reseeded(head))
        if lacking:
            return "train", f"{lacking} of {head.repeats} seeds {'has' if lacking == 1 else 'have'} no result yet"
        return "reuse", "already trained: this very training has a result"
    if base is None:
        return "train", "the notebook is new" if diff.status == "added" else "new: the base has no such training"
    if base.digest == head.digest:
        return "train", "asked for: this training has no result yet"
    return "train", what_differs(
        diff,
        base.meaning,
        head.meaning,
        base_cells=frozenset(kept.cell for kept in base.slice.kept),
        head_cells=frozenset(kept.cell for kept in head.slice.kept),
    )
