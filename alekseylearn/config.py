"""`alekseylearn.yml`: bytes in, checked values out; every closed word list is a Literal."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

from alekseylearn.config_schema import config_schema
from alekseylearn.config_values import (
    FILE_NAME,
    OTHER_WORDS,
    BackendName,
    Calls,
    Config,
    Defaults,
    File,
    ForgeName,
    Model,
    Moment,
    Notify,
    Scalar,
)
from alekseylearn.errors import InputError
from alekseylearn.forbidden import Place, forbidden, unprintable
from alekseylearn.knowledge import Word
from alekseylearn.mistakes import Keys, Mistake, dotted, read_errors, refusal, shown, unknown_key
from alekseylearn.strict import Limits, decode, load_yaml, too_large
from alekseylearn.tables import KEYS, MAX_RUNTIME, own_words, table_mistakes
from alekseylearn.tables.values import LONGEST, parse_duration
from alekseylearn.text import plural
from alekseylearn.unsafe_paths import unsafe_paths
from alekseylearn.value_mistakes import endless, wrong_gates, wrong_numbers, wrong_parameters, wrong_patterns
from alekseylearn.yaml_words import odd_words

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = [
    "FILE_NAME",
    "LIMITS",
    "BackendName",
    "Calls",
    "Config",
    "Defaults",
    "File",
    "ForgeName",
    "Model",
    "Moment",
    "Notify",
    "Scalar",
    "config_schema",
    "parse_config",
    "parse_parameter",
]

LIMITS = Limits(family="cfg", max_bytes=256 * 1024, max_depth=30, max_values=10_000)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}\Z")
_CALL = re.compile(r"(?:\.[A-Za-z_]\w*|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?:\.\*)?)\Z")
_ACCOUNT = re.compile(r"[0-9]{12}\Z")
_SHORT = tuple(held.name for held in fields(Defaults))
_ODD = 4
"""Warnings that are told of one file."""


def parse_config(data: bytes, where: str = FILE_NAME) -> Config:
    """Check the bytes of a configuration file.

    Raises `InputError`: `cfg.syntax cfg.limit path.unsafe cfg.forbidden cfg.budget cfg.type cfg.unknown`; what is wrong
    with the settings is told all at once, under the gravest of these.
    """
    if len(data) > LIMITS.max_bytes:
        raise too_large(data, where, LIMITS)
    table = load_yaml(data, where, LIMITS) if data.strip() else None
    if table is None:
        return Config()
    if not isinstance(table, dict):
        raise refusal([Mistake("type", "the root is not a mapping of settings")], where)
    from pydantic import ValidationError

    never = forbidden(table, _known_keys())
    mistakes = [*never.values(), *endless(table), *unprintable(table), *unsafe_paths(table), *_of_tables(table, never)]
    mistakes += [*_as_we_say(table), *_to_seconds(table), *_twice(table), *_left_out(table)]
    try:
        # JSON mode is strict about scalars and still builds dataclasses from mappings.
        file = _reader().validate_json(json.dumps(table))
    except ValidationError as error:
        wrong = read_errors(error.errors(include_url=False), _known_keys(), told=frozenset(never))
        raise refusal(mistakes + wrong, where) from None
    mistakes += _mistakes(file)
    if mistakes:
        raise refusal(mistakes, where)
    return _as_it_counts(file, table, _odd(decode(data, where, LIMITS), where))


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


@cache
def _reader() -> TypeAdapter[File]:
    from pydantic import TypeAdapter

    return TypeAdapter(File)


@cache
def _known_keys() -> Keys:
    def names(kind: type) -> tuple[str, ...]:
        return tuple(item.name for item in fields(kind))

    return {
        (): names(File),
        ("defaults",): names(Defaults),
        ("models", "*"): names(Model),
        ("calls",): names(Calls),
        ("notify",): names(Notify),
        **dict(KEYS_AT),
    }


KEYS_AT = {(*place, table): keys for table, keys in KEYS.items() for place in ((), ("defaults",), ("models", "*"))}
"""The keys of the backends' tables, wherever one may stand."""


def _holders(table: Mapping[Any, Any]) -> Iterator[tuple[Place, dict[Any, Any]]]:
    """Name the mappings of the raw file that may say where and how something trains."""
    models = table.get("models")
    places: list[tuple[Place, object]] = [((), table), (("defaults",), table.get("defaults"))]
    if isinstance(models, dict):
        places += [(("models", str(name)), model) for name, model in models.items()]
    return ((place, holder) for place, holder in places if isinstance(holder, dict))


def _of_tables(table: Mapping[Any, Any], never: Mapping[Place, Mistake]) -> Iterator[Mistake]:
    """Look at the tables of the backends in the raw file."""
    for place, holder in _holders(table):
        for name, keys in KEYS.items():
            held = holder.get(name)
            if not isinstance(held, dict):
                continue
            for key in held:
                if key not in keys and (*place, name, str(key)) not in never:
                    yield unknown_key((*place, name, str(key)), _known_keys())
            for kind, key, wrong in table_mistakes(name, held):
                yield Mistake(kind, f"`{dotted((*place, name, key))}` is {shown(held[key])}, {wrong}")


def _as_we_say(table: dict[Any, Any]) -> Iterator[Mistake]:
    """Put our own words in the place of others that are taken for them."""
    for _, holder in _holders(table):
        if isinstance(holder.get("backend"), str):
            holder["backend"] = OTHER_WORDS.get(holder["backend"], holder["backend"])
    if isinstance(table.get("version"), bool):
        yield Mistake("type", f"`version` is {shown(table.pop('version'))}, not 1")
    account = table.get("role_account")
    if type(account) is int and _ACCOUNT.match(str(account)):
        table["role_account"] = str(account)
    elif account is not None and not (isinstance(account, str) and _ACCOUNT.match(account)):
        yield Mistake("type", f"`role_account` is {shown(table.pop('role_account'))}, not the 12 digits of an account")


def _to_seconds(table: dict[Any, Any]) -> Iterator[Mistake]:
    """Put every `timeout` of *table* into seconds, and take those out that are none; SageMaker's word is taken, too."""
    for place, holder in _holders(table):
        sagemaker = holder.get("sagemaker")
        asked = sagemaker.pop(MAX_RUNTIME, None) if isinstance(sagemaker, dict) else None
        if holder.get("timeout") is not None:
            if asked is not None:
                named = dotted((*place, "sagemaker", MAX_RUNTIME))
                yield Mistake("type", f"`{named}` and `{dotted((*place, 'timeout'))}` say the same")
            value = holder.pop("timeout")
            named = f"`{dotted((*place, 'timeout'))}` is {shown(value)}"
            seconds = parse_duration(value)
            if seconds is None:
                yield Mistake("type", f"{named}, not a time such as 90s, 30m or 2h")
            elif seconds > LONGEST:
                yield Mistake("budget", f"{named}, longer than 28 days")
            else:
                holder["timeout"] = seconds
        elif (seconds := parse_duration(asked)) is not None:
            holder["timeout"] = seconds


def _twice(table: Mapping[Any, Any]) -> Iterator[Mistake]:
    defaults = table.get("defaults")
    if not isinstance(defaults, dict):
        return
    for key in _SHORT:
        if key in table and key in defaults:
            yield Mistake("type", f"`{key}` stands under `defaults` and at the top as well")


def _left_out(table: dict[Any, Any]) -> Iterator[Mistake]:
    if "artifacts" in table:
        del table["artifacts"]
        what = "`artifacts` is not needed: what the notebook saves in the folders of SM_MODEL_DIR and"
        yield Mistake("unknown", f"{what} SM_OUTPUT_DATA_DIR is kept, and nothing else is")


def _odd(text: str, where: str) -> tuple[str, ...]:
    found = [
        f"cfg.type: {where}, line {line}: {shown(word)} is the text {shown(word)} here, and {other} to other readers of"
        " YAML: put it in quotes, or write what is meant"
        for line, word, other in odd_words(text)
    ]
    more = len(found) - _ODD
    return (*found[:_ODD], *([f"cfg.type: {where} holds {plural(more, 'more such value')}"] if more > 0 else []))


def _as_it_counts(file: File, table: Mapping[Any, Any], warnings: tuple[str, ...]) -> Config:
    """Put what stands at the top of the file where it counts: under the defaults."""
    said = {key: getattr(file, key) for key in _SHORT if table.get(key) is not None}
    defaults = replace(file.defaults, **said)
    return Config(
        notebooks=file.notebooks,
        defaults=replace(defaults, sagemaker=own_words(defaults.sagemaker)),
        models={name: replace(model, sagemaker=own_words(model.sagemaker)) for name, model in file.models.items()},
        hyperparameters=file.hyperparameters,
        role_account=file.role_account,
        calls=file.calls,
        notify=file.notify,
        warnings=warnings,
    )


def _mistakes(file: File) -> list[Mistake]:
    """Find what is wrong with values of the right type."""
    found = [*_numbers((), file), *_numbers(("defaults",), file.defaults)]
    found += wrong_parameters((), {"hyperparameters": file.hyperparameters})
    found += [
        Mistake("type", "`notebooks` holds an empty pattern") for pattern in file.notebooks if pattern in ("", "!")
    ]
    found += [
        Mistake(
            "type", f"`calls.{word}` holds {shown(name)}: no call such as `package.function`, `.method` or `package.*`"
        )
        for word in get_args(Word)
        for name in getattr(file.calls, word)
        if not _CALL.match(name)
    ]
    owners: dict[str, str] = {}
    for name, model in file.models.items():
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
        found += [*_numbers(place, model), *wrong_gates(place, model.gates)]
        found += wrong_parameters(place, {"parameters": model.parameters, "smoke": model.smoke})
        found += wrong_patterns((*place, "printed"), model.printed)
    return [*found, *_accounts(file)]


def _numbers(place: tuple[str, ...], holder: File | Defaults | Model) -> Iterator[Mistake]:
    at_least_0 = {"tolerance": holder.tolerance, "max_cost": holder.max_cost}
    yield from wrong_numbers(place, at_least_0, seed=holder.seed, repeats=holder.repeats)
    if holder.python is not None and (
        not holder.python.strip() or not holder.python.isprintable() or holder.python.startswith("-")
    ):
        yield Mistake("type", f"`{dotted((*place, 'python'))}` is {shown(holder.python)}, no Python")


def _accounts(file: File) -> Iterator[Mistake]:
    holders: dict[Place, File | Defaults | Model] = {(): file, ("defaults",): file.defaults}
    holders |= {("models", name): model for name, model in file.models.items()}
    for place, holder in holders.items():
        role = holder.sagemaker.get("role")
        if file.role_account is not None and isinstance(role, str) and f"::{file.role_account}:" not in role:
            yield Mistake("type", f"`{dotted((*place, 'sagemaker', 'role'))}` is not of the account `role_account`")


def _is_notebook(path: str) -> bool:
    return path.endswith(".ipynb") and "//" not in path and not {"", "."} & set(path.split("/"))
