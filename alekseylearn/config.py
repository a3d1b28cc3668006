"""`alekseylearn.yml`: bytes in, checked values out; every closed word list is a Literal."""

from __future__ import annotations

import difflib
import fnmatch
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from alekseylearn.errors import InputError
from alekseylearn.metrics import Goal, Judgement, parse_gate
from alekseylearn.strict import Limits, load_yaml
from alekseylearn.text import clean

BackendName = Literal["process", "docker", "sagemaker"]
ForgeName = Literal["github", "local"]
StoreName = Literal["folder"]
Moment = Literal["done", "failed"]
Scalar = str | int | float | bool | None

FILE_NAME = "alekseylearn.yml"
LIMITS = Limits(family="cfg", max_bytes=256 * 1024, max_depth=30)
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+)s)?\Z")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}\Z")
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
    tolerance: float = 0.0


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
    parameters: Mapping[str, Scalar | list[Scalar]] = field(default_factory=dict)
    smoke: Mapping[str, Scalar | list[Scalar]] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    backend: BackendName | None = None
    python: str | None = None
    seed: int | None = None
    timeout: int | None = None
    max_cost: float | None = None
    docker: Mapping[str, Any] = field(default_factory=dict)
    sagemaker: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """When a person is told; the addresses come from a secret, never from a file."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT
    on: list[Moment] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The repository's settings."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = _STRICT
    version: Literal[1] = 1
    notebooks: list[str] = field(default_factory=lambda: ["**/*.ipynb"])
    defaults: Defaults = field(default_factory=Defaults)
    models: Mapping[str, Model] = field(default_factory=dict)
    notify: Notify = field(default_factory=Notify)

    def selects(self, path: str) -> bool:
        """Tell whether the notebook at *path* is looked at: the last matching pattern wins, `!` excludes.

        What a run leaves behind (`*.executed.ipynb`) is looked at only where a model names it.
        """
        chosen = any(model.notebook == path for model in self.models.values())
        for pattern in () if path.endswith(".executed.ipynb") else self.notebooks:
            if _matches(path, pattern.removeprefix("!")):
                chosen = not pattern.startswith("!")
        return chosen

    def model_for(self, path: str) -> tuple[str, Model]:
        """Return the name and the settings of the notebook at *path*; the file's own name where none are configured."""
        for name, model in self.models.items():
            if model.notebook == path:
                return name, model
        return path.rpartition("/")[2].removesuffix(".ipynb"), Model(notebook=path)

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

    Raises `InputError`: `cfg.syntax cfg.limit cfg.type cfg.unknown cfg.forbidden`; all mistakes of one kind at once.
    """
    if not data.strip():
        return Config()
    table = load_yaml(data, where, LIMITS)
    if table is None:
        return Config()
    if not isinstance(table, dict):
        raise InputError(
            "cfg.type", "the root is not a mapping of settings", where=where, hint="see `alekseylearn config schema`"
        )
    from pydantic import TypeAdapter, ValidationError

    try:
        # JSON mode is strict about scalars and still builds dataclasses from mappings.
        config = TypeAdapter(Config).validate_json(json.dumps(_with_seconds(table, where)))
    except ValidationError as error:
        raise _mistakes(error, where) from None
    _check_values(config, where)
    return config


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the configuration file, for editors."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(Config).json_schema()
    for definition in schema["$defs"].values():
        if "timeout" in definition.get("properties", {}):
            definition["properties"]["timeout"] = {"type": ["integer", "string"], "examples": ["2h", "90m", 600]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": FILE_NAME, **schema}


def parse_duration(value: object) -> int | None:
    """Read `90s`, `30m`, `2h`, `1h30m` or whole seconds as seconds; None when it is no time span."""
    if type(value) is int and value > 0:
        return value
    match = _DURATION.match(value) if isinstance(value, str) and value else None
    if match is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds or None


def parse_parameter(text: str) -> Scalar:
    """Read the VALUE of `-p NAME VALUE` as YAML would: number, boolean, null, or text."""
    found = load_yaml(text.encode(), "-p", LIMITS) if text.strip() else ""
    return found if isinstance(found, str | int | float | bool | None) else text


def _with_seconds(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return *table* with every `timeout` in seconds."""

    def walk(node: object, path: tuple[str, ...]) -> object:
        if not isinstance(node, dict):
            return node
        made = {}
        for key, value in node.items():
            made[key] = walk(value, (*path, str(key)))
            if key == "timeout" and path[:1] in (("defaults",), ("models",)) and value is not None:
                seconds = parse_duration(value)
                if seconds is None:
                    what = f"`{'.'.join((*path, key))}` is {clean(repr(value), 40)}, not a time such as 90s, 30m or 2h"
                    raise InputError("cfg.type", what, where=where, hint="write for example `timeout: 2h`")
                made[key] = seconds
        return made

    return {str(key): walk(value, (str(key),)) for key, value in table.items()}


def _mistakes(error: Any, where: str) -> InputError:
    """Turn pydantic's findings into one error of ours; misspelt keys are told with the key that was meant."""
    unknown, wrong = [], []
    for found in error.errors(include_url=False):
        place = ".".join(str(part) for part in found["loc"])
        if found["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
            near = difflib.get_close_matches(str(found["loc"][-1]), _keys_at(found["loc"][:-1]), n=1)
            unknown.append(f"`{place}`" + (f" (did you mean `{near[0]}`?)" if near else ""))
        else:
            wrong.append(f"`{place}`: {found['msg'][:1].lower()}{found['msg'][1:]}")
    if wrong:
        return InputError(
            "cfg.type", "; ".join(wrong[:4]), where=where, hint="`alekseylearn config schema` shows what each key holds"
        )
    return InputError(
        "cfg.unknown",
        f"unknown key {', '.join(unknown[:6])}",
        where=where,
        hint="`alekseylearn config schema` lists the keys",
    )


def _keys_at(location: tuple[object, ...]) -> list[str]:
    kind: type = Config
    match location:
        case ("defaults",):
            kind = Defaults
        case ("models", _):
            kind = Model
        case ("notify",):
            kind = Notify
        case _:
            pass
    return [item.name for item in fields(kind)]


def _check_values(config: Config, where: str) -> None:
    for name, model in config.models.items():
        place = f"models.{name}"
        if not _NAME.match(name):
            raise InputError(
                "cfg.type",
                f"`{clean(name, 40)}` is no model name",
                where=where,
                hint="use letters, digits, - and _ (at most 63)",
            )
        if not model.notebook.endswith(".ipynb") or model.notebook.startswith("/") or ".." in model.notebook.split("/"):
            raise InputError(
                "cfg.type",
                f"`{place}.notebook` is no path of a notebook in this repository",
                where=where,
                hint="write for example `notebook: notebooks/churn.ipynb`",
            )
        for key in (*model.parameters, *model.smoke):
            if not key.isidentifier():
                raise InputError(
                    "cfg.type",
                    f"`{place}.parameters.{clean(key, 40)}` is no Python name",
                    where=where,
                    hint="parameters are variables of the notebook",
                )
        for metric, rule in model.gates.items():
            try:
                parse_gate(metric, rule)
            except ValueError as error:
                raise InputError(
                    "cfg.type",
                    f"`{place}.gates.{clean(metric, 40)}`: {error}",
                    where=where,
                    hint="operators: >= <= > <",
                ) from None


def _matches(path: str, pattern: str) -> bool:
    # `**/` also stands for no folder at all, as in .gitignore.
    return fnmatch.fnmatchcase(path, pattern) or (pattern.startswith("**/") and fnmatch.fnmatchcase(path, pattern[3:]))
