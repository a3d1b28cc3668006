"""`alekseylearn.yml`: bytes in, checked values out; every closed word list is a Literal."""

from __future__ import annotations

import json
import math
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, ClassVar, Literal, get_args

from alekseylearn.errors import InputError
from alekseylearn.goals import Goal
from alekseylearn.knowledge import Knowledge, RandomMode, Rules, Word
from alekseylearn.metrics import Judgement, parse_gate
from alekseylearn.mistakes import Keys, Mistake, dotted, read_errors, refusal, shown, unknown_key
from alekseylearn.patterns import matches
from alekseylearn.strict import Limits, load_yaml
from alekseylearn.tables import KEYS, DockerTable, SageMakerTable, read_docker, read_sagemaker, table_mistakes
from alekseylearn.tables.values import parse_duration
from alekseylearn.value_mistakes import wrong_gates, wrong_numbers, wrong_parameters, wrong_patterns

BackendName = Literal["process", "docker", "sagemaker"]
ForgeName = Literal["github", "local"]
Moment = Literal["done", "failed"]
Scalar = str | int | float | bool | None

FILE_NAME = "alekseylearn.yml"
LIMITS = Limits(family="cfg", max_bytes=256 * 1024, max_depth=30)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}\Z")
_CALL = re.compile(r"(?:\.[A-Za-z_]\w*|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?:\.\*)?)\Z")
_LONGEST = 28 * 24 * 3600
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
class Config:
    """The repository's settings."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT
    version: Literal[1] = 1
    notebooks: list[str] = field(default_factory=lambda: ["**/*.ipynb"])
    defaults: Defaults = field(default_factory=Defaults)
    models: Mapping[str, Model] = field(default_factory=dict)
    calls: Calls = field(default_factory=Calls)
    notify: Notify = field(default_factory=Notify)

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


def parse_config(data: bytes, where: str = FILE_NAME) -> Config:
    """Check the bytes of a configuration file.

    Raises `InputError`: `cfg.syntax cfg.limit cfg.type cfg.unknown`; what is wrong with the settings is told all at
    once.
    """
    table = load_yaml(data, where, LIMITS) if data.strip() else None
    if table is None:
        return Config()
    if not isinstance(table, dict):
        raise refusal([Mistake("type", "the root is not a mapping of settings")], where)
    from pydantic import TypeAdapter, ValidationError

    mistakes = _to_seconds(table)
    try:
        # JSON mode is strict about scalars and still builds dataclasses from mappings.
        config = TypeAdapter(Config).validate_json(json.dumps(table))
    except ValidationError as error:
        raise refusal(mistakes + read_errors(error.errors(include_url=False), _known_keys()), where) from None
    mistakes += _mistakes(config)
    if mistakes:
        raise refusal(mistakes, where)
    return config


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the configuration file, for editors."""
    from pydantic import TypeAdapter

    from alekseylearn.glossary import TABLES

    schema = TypeAdapter(Config).json_schema()
    for kind, definition in {"Config": schema, **schema["$defs"]}.items():
        properties = definition["properties"]
        if "timeout" in properties:
            properties["timeout"] = {"type": ["integer", "string", "null"], "examples": ["2h", "90m", 600]}
        for key, told in properties.items():
            told["description"] = TABLES[kind][key].means
        for table, keys in KEYS.items():
            if table in properties:
                properties[table] |= {"properties": {key: {} for key in keys}, "additionalProperties": False}
    return {**schema, "$schema": "https://json-schema.org/draft/2020-12/schema", "title": FILE_NAME}


def parse_parameter(text: str) -> Scalar:
    """Read the VALUE of `-p NAME VALUE` as the configuration file would: number, boolean, null, else the text itself.

    Quotes around a text are taken off. Raises `InputError` `cfg.limit` for a number that is too large.
    """
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    try:
        found = load_yaml(text.encode("utf-8", "surrogatepass"), "-p", LIMITS)
    except InputError:
        return text
    if isinstance(found, float) and math.isinf(found):
        raise refusal([Mistake("limit", f"{shown(text)} is larger than any number")], "-p")
    return found if isinstance(found, int | float | bool | None) or (quoted and isinstance(found, str)) else text


def _known_keys() -> Keys:
    def names(kind: type) -> tuple[str, ...]:
        return tuple(item.name for item in fields(kind))

    return {
        (): names(Config),
        ("defaults",): names(Defaults),
        ("models", "*"): names(Model),
        ("calls",): names(Calls),
        ("notify",): names(Notify),
        **{("defaults", table): keys for table, keys in KEYS.items()},
        **{("models", "*", table): keys for table, keys in KEYS.items()},
    }


def _to_seconds(table: dict[Any, Any]) -> list[Mistake]:
    """Put every `timeout` of *table* into seconds, and take those out that are none."""
    models = table.get("models")
    places: list[tuple[tuple[object, ...], object]] = [(("defaults",), table.get("defaults"))]
    if isinstance(models, dict):
        places += [(("models", name), model) for name, model in models.items()]
    mistakes = []
    for place, holder in places:
        if not isinstance(holder, dict) or holder.get("timeout") is None:
            continue
        value = holder.pop("timeout")
        seconds = parse_duration(value)
        named = f"`{dotted((*place, 'timeout'))}` is {shown(value)}"
        if seconds is None:
            mistakes.append(Mistake("type", f"{named}, not a time such as 90s, 30m or 2h"))
        elif seconds > _LONGEST:
            mistakes.append(Mistake("limit", f"{named}, longer than 28 days"))
        else:
            holder["timeout"] = seconds
    return mistakes


def _mistakes(config: Config) -> list[Mistake]:
    """Find what is wrong with values of the right type."""
    found = [*_numbers(("defaults",), config.defaults), *_tables(("defaults",), config.defaults)]
    found += [
        Mistake("type", "`notebooks` holds an empty pattern") for pattern in config.notebooks if pattern in ("", "!")
    ]
    found += [
        Mistake(
            "type", f"`calls.{word}` holds {shown(name)}: no call such as `package.function`, `.method` or `package.*`"
        )
        for word in get_args(Word)
        for name in getattr(config.calls, word)
        if not _CALL.match(name)
    ]
    owners: dict[str, str] = {}
    for name, model in config.models.items():
        place = ("models", name)
        if not _NAME.match(name):
            found.append(
                Mistake("type", f"`{dotted((name,))}` is no model name (letters, digits, - and _; at most 63)")
            )
        if not _is_notebook(model.notebook):
            told = f"`{dotted((*place, 'notebook'))}` is {shown(model.notebook)}, not a notebook's path from the root"
            found.append(Mistake("type", told))
        other = owners.setdefault(model.notebook, name)
        if other != name:
            found.append(Mistake("type", f"`{dotted(place)}` and `{dotted(('models', other))}` name the same notebook"))
        found += [*_numbers(place, model), *_tables(place, model), *wrong_gates(place, model.gates)]
        found += wrong_parameters(place, {"parameters": model.parameters, "smoke": model.smoke})
        found += wrong_patterns((*place, "printed"), model.printed)
    return found


def _numbers(place: tuple[str, ...], holder: Defaults | Model) -> Iterator[Mistake]:
    at_least_0 = {"tolerance": holder.tolerance, "max_cost": holder.max_cost}
    return wrong_numbers(place, at_least_0, seed=holder.seed, repeats=holder.repeats)


def _tables(place: tuple[str, ...], holder: Defaults | Model) -> Iterator[Mistake]:
    for name, keys in KEYS.items():
        table: Mapping[str, Any] = getattr(holder, name)
        yield from (unknown_key((*place, name, key), _known_keys()) for key in table if key not in keys)
        for key, wrong in table_mistakes(name, table):
            yield Mistake("type", f"`{dotted((*place, name, key))}` is {shown(table[key])}, {wrong}")


def _is_notebook(path: str) -> bool:
    inside = not path.startswith(("/", "../")) and posixpath.normpath(path) == path
    return inside and path.endswith(".ipynb") and "\\" not in path
