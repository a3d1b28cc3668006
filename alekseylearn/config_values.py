"""What `alekseylearn.yml` holds: the file as it is written, and the settings as they count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Literal, get_args

from alekseylearn.goals import Goal
from alekseylearn.knowledge import Knowledge, RandomMode, Rules, Word
from alekseylearn.metrics import Judgement, parse_gate
from alekseylearn.patterns import matches
from alekseylearn.tables import DockerTable, SageMakerTable, read_docker, read_sagemaker

BackendName = Literal["process", "docker", "sagemaker"]
ForgeName = Literal["github", "local"]
Moment = Literal["done", "failed"]
Scalar = str | int | float | bool | None

FILE_NAME = "alekseylearn.yml"
OTHER_WORDS: Mapping[str, BackendName] = MappingProxyType({"local": "process"})
"""What else a backend may be called, and what it is."""
# Read by pydantic, which is imported only when a file is parsed.
_STRICT: Mapping[str, Any] = {"extra": "forbid", "strict": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What holds for every model that does not say otherwise; `timeout` in seconds, `max_cost` in US dollars."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT
    backend: BackendName = "process"
    timeout: int = 7200
    max_cost: float | None = None
    python: str | None = None
    seed: int | None = None
    random: RandomMode = "strict"
    repeats: int = 1
    tolerance: float = 0.0
    docker: Mapping[str, Any] = field(default_factory=dict)
    sagemaker: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One notebook that trains, and how its result is judged."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT
    notebook: str
    model: str | None = None
    metrics: Mapping[str, Goal] = field(default_factory=dict)
    primary: str | None = None
    gates: Mapping[str, str] = field(default_factory=dict)
    tolerance: float | None = None
    printed: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Scalar | list[Scalar]] = field(default_factory=dict)
    smoke: Mapping[str, Scalar | list[Scalar]] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    backend: BackendName | None = None
    python: str | None = None
    seed: int | None = None
    random: RandomMode | None = None
    repeats: int | None = None
    timeout: int | None = None
    max_cost: float | None = None
    docker: Mapping[str, Any] = field(default_factory=dict)
    sagemaker: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """When a person is told: of every run that ends, unless `on` names less; the addresses come from a secret."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT
    on: list[Moment] = field(default_factory=lambda: list(get_args(Moment)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """What calls do that the built-in lists do not know; `knowledge.Knowledge` tells what a name may be."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT
    trains: list[str] = field(default_factory=list)
    prepares: list[str] = field(default_factory=list)
    measures: list[str] = field(default_factory=list)
    shows: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    pure: list[str] = field(default_factory=list)
    draws: list[str] = field(default_factory=list)
    seeds: list[str] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """The file as it is written: what stands under `defaults` may stand at its top as well."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT
    version: Literal[1] = 1
    notebooks: list[str] = field(default_factory=lambda: ["**/*.ipynb"])
    defaults: Defaults = field(default_factory=Defaults)
    models: Mapping[str, Model] = field(default_factory=dict)
    hyperparameters: Mapping[str, Scalar | list[Scalar]] = field(default_factory=dict)
    role_account: str | None = None
    calls: Calls = field(default_factory=Calls)
    notify: Notify = field(default_factory=Notify)
    backend: BackendName | None = None
    timeout: int | None = None
    max_cost: float | None = None
    python: str | None = None
    seed: int | None = None
    random: RandomMode | None = None
    repeats: int | None = None
    tolerance: float | None = None
    docker: Mapping[str, Any] = field(default_factory=dict)
    sagemaker: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The repository's settings; *warnings* tell of values that others read differently, as `slug: words`."""

    version: Literal[1] = 1
    notebooks: list[str] = field(default_factory=lambda: ["**/*.ipynb"])
    defaults: Defaults = field(default_factory=Defaults)
    models: Mapping[str, Model] = field(default_factory=dict)
    hyperparameters: Mapping[str, Scalar | list[Scalar]] = field(default_factory=dict)
    role_account: str | None = None
    calls: Calls = field(default_factory=Calls)
    notify: Notify = field(default_factory=Notify)
    warnings: tuple[str, ...] = field(default=(), compare=False)

    def selects(self, path: str) -> bool:
        """Tell whether the notebook at *path* is looked at: the last matching pattern wins, `!` excludes.

        Patterns are those of `.gitignore`: one without a slash counts in every folder, one that matches a folder
        counts for all that is below it. What a run leaves behind (`*.executed.ipynb`) is looked at only where a model
        names it.
        """
        chosen = any(model.notebook == path for model in self.models.values())
        for pattern in () if path.endswith(".executed.ipynb") else self.notebooks:
            if matches(path, pattern.removeprefix("!")):
                chosen = not pattern.startswith("!")
        return chosen

    def model_for(self, path: str) -> tuple[str, Model]:
        """Return the name and the settings of the notebook at *path*; the file's own name where none are configured."""
        for name, model in self.models.items():
            if model.notebook == path:
                return name, model
        return path.rpartition("/")[2].removesuffix(".ipynb"), Model(notebook=path)

    def docker(self, model: Model) -> DockerTable:
        """Return how the container of *model* is made: its own settings, and the defaults where it has none."""
        return read_docker({**self.defaults.docker, **model.docker})

    def sagemaker(self, model: Model) -> SageMakerTable:
        """Return how the training job of *model* on SageMaker is made: its own settings, and the defaults."""
        return read_sagemaker({**self.defaults.sagemaker, **model.sagemaker})

    def max_cost(self, model: Model) -> float | None:
        """Return what a training of *model* may cost at most, in US dollars."""
        return self.defaults.max_cost if model.max_cost is None else model.max_cost

    def repeats(self, model: Model) -> int:
        """Return with how many seeds *model* is trained."""
        return self.defaults.repeats if model.repeats is None else model.repeats

    def rules(self, model: Model) -> Rules:
        """Return how the notebook of *model* is cut."""
        said = {(name, word) for word in get_args(Word) for name in getattr(self.calls, word)}
        return Rules(known=Knowledge(frozenset(said)), random=model.random or self.defaults.random)

    def judgement(self, model: Model) -> Judgement:
        """Return how the metrics of *model* are judged."""
        return Judgement(
            goals=MappingProxyType(dict(model.metrics)),
            primary=model.primary,
            tolerance=self.defaults.tolerance if model.tolerance is None else model.tolerance,
            gates=tuple(parse_gate(name, rule) for name, rule in model.gates.items()),
        )
