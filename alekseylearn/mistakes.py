"""What is wrong with a configuration file, told all at once and in its own words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from alekseylearn.errors import InputError
from alekseylearn.redaction import MARKER, Redactor
from alekseylearn.text import clean

Kind = Literal["limit", "unsafe", "forbidden", "budget", "type", "unknown"]
Keys = Mapping[tuple[str, ...], Sequence[str]]
"""The keys that are known at each place; `*` stands for a name that the writer chose."""

MAX_TOLD = 5
_ORDER: tuple[Kind, ...] = ("limit", "unsafe", "forbidden", "budget", "type", "unknown")
_HINTS: Mapping[Kind, str] = {
    "type": "`alekseylearn config schema` shows what each key holds",
    "limit": "`alekseylearn config schema` shows what each key holds",
    "unsafe": "name what lies in the repository, by its path from the root",
    "forbidden": "the workflow gives what is needed",
    "budget": "ask for less: a file that pull requests change may not ask for more",
    "unknown": "`alekseylearn config schema` lists the keys",
}
_SHOULD = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping of settings",
    "dataclass_type": "a mapping of settings",
}
_VALUES = ("parameters", "smoke", "hyperparameters")
_REDACTOR = Redactor()


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong, as a clause that names its place."""

    kind: Kind
    text: str
    hint: str = ""


def refusal(mistakes: Sequence[Mistake], where: str) -> InputError:
    """Make one error of *mistakes*, of which there is at least one; its slug is that of the gravest kind."""
    told = sorted(mistakes, key=lambda mistake: _ORDER.index(mistake.kind))
    more = len(told) - MAX_TOLD
    texts = [mistake.text for mistake in told[:MAX_TOLD]] + ([f"and {more} more"] if more > 0 else [])
    # Under a limit of one line the rest is cut off: what is graver stands first.
    hint = told[0].hint or _HINTS[told[0].kind]
    return InputError(slug_of(told[0].kind), _REDACTOR.redact("; ".join(texts)), where=where, hint=hint)


def slug_of(kind: Kind) -> str:
    """Return the slug of an error whose gravest mistake is of *kind*."""
    return "path.unsafe" if kind == "unsafe" else f"cfg.{kind}"


def read_errors(
    errors: Iterable[Mapping[str, Any]], keys: Keys, told: frozenset[tuple[str, ...]] = frozenset()
) -> list[Mistake]:
    """Turn the findings of pydantic's `ValidationError.errors()` into mistakes, one for each place.

    Keys that are *told* already, and those that hold such, are passed over.
    """
    found: dict[tuple[object, ...], Mistake] = {}
    for error in errors:
        place = _place(error["loc"])
        if error["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            words = tuple(map(str, place))
            if not any(other[: len(words)] == words for other in told):
                # What is only counted needs no suggestion, which takes time.
                found.setdefault(place, unknown_key(words, keys, suggest=len(found) <= MAX_TOLD))
        else:
            named = f"`{dotted(place)}`" if place else "the file"
            found.setdefault(place, Mistake("type", f"{named} {_wrong(error, place)}"))
    return list(found.values())


def unknown_key(place: tuple[str, ...], keys: Keys, *, suggest: bool = True) -> Mistake:
    """Say that the key at *place* is not known, and which one may be meant, here or elsewhere."""
    if not suggest:
        return Mistake("unknown", f"unknown key `{dotted(place)}`")
    key, own = place[-1], _pattern(place[:-1], keys)
    near = difflib.get_close_matches(key, keys.get(own, ()), n=1)
    told = f" (did you mean `{near[0]}`?)" if near else _elsewhere(key, own, keys)
    return Mistake("unknown", f"unknown key `{dotted(place)}`{told}")


def known_at(place: tuple[str, ...], keys: Keys) -> Sequence[str]:
    """Return the keys that are known at *place*."""
    return keys.get(_pattern(place, keys), ())


def dotted(place: Iterable[object]) -> str:
    """Write a place as people name it: `models.churn.metrics`."""
    return ".".join(clean(str(part), 40).replace("`", "'") for part in place)


def shown(value: object) -> str:
    """Write a value of the file as it may stand in a sentence; no secret is shown, not even the beginning of one."""
    text = repr(value)
    return MARKER if _REDACTOR.finds(text) else clean(text, 40)


def _elsewhere(key: str, own: tuple[str, ...], keys: Keys) -> str:
    others = sorted({known for place, known_keys in keys.items() if place != own for known in known_keys})
    near = difflib.get_close_matches(key, others, n=1)
    if not near:
        return ""
    places = dict.fromkeys(_named(place) for place, known in keys.items() if near[0] in known)
    return f" (did you mean `{near[0]}`? it belongs {' or '.join(places)})"


def _named(place: tuple[str, ...]) -> str:
    match place:
        case ():
            return "at the root"
        case ("models", "*"):
            return "to a model"
        case _:
            return f"under `{place[-1]}`"


def _pattern(place: tuple[str, ...], keys: Keys) -> tuple[str, ...]:
    """Return *place* with `*` for the names that the writer chose."""
    return next(
        (
            pattern
            for pattern in keys
            if len(pattern) == len(place) and all(a in ("*", b) for a, b in zip(pattern, place, strict=True))
        ),
        place,
    )


def _place(location: tuple[object, ...]) -> tuple[object, ...]:
    # Behind a parameter's name pydantic lists the types that it tried.
    at = next((depth for depth, part in enumerate(location[:3]) if part in _VALUES), None)
    return location if at is None else location[: at + 2]


def _wrong(error: Mapping[str, Any], place: tuple[object, ...]) -> str:
    value = error["input"]
    if error["type"] == "missing":
        return "is missing"
    if error["type"] == "literal_error":
        return f"is {shown(value)}, not {error['ctx']['expected']}"
    if len(place) > 1 and place[-2] in _VALUES:
        return "should be a plain value or a list of them"
    should = _SHOULD.get(error["type"])
    if should is None:  # half of a character that takes two: no file can hold it
        return "holds text that cannot be written down"
    quotes = ": put it in quotes" if should == "text" and isinstance(value, int | float) else ""
    return f"is {shown(value)}, not {should}{quotes}"
