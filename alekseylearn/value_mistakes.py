"""What is wrong with values of the configuration that are of the right type."""

from __future__ import annotations

import json
import keyword
import math
import re
from collections.abc import Iterator, Mapping

from alekseylearn.metrics import MAX_NAME, parse_gate
from alekseylearn.mistakes import Kind, Mistake, dotted, shown

LARGEST_SEED = 2**32 - 1
"""NumPy takes no larger one."""
MOST_REPEATS = 20
"""With so many seeds a model is trained at most."""
_MOST_COST = 10_000.0
"""US dollars that a file may let one training cost."""
_LONGEST_NAME, _LONGEST_VALUE = 256, 2500
"""SageMaker takes no longer name and value of a hyperparameter (CreateTrainingJob, HyperParameters)."""
_LONGEST_PATTERN = 500
"""SageMaker takes no longer pattern of a metric."""

Place = tuple[str, ...]


def wrong_numbers(
    place: Place, at_least_0: Mapping[str, float | None], *, seed: int | None, repeats: int | None
) -> Iterator[Mistake]:
    """Look at the numbers of one table; those *at_least_0* by their names."""
    for key, value in at_least_0.items():
        if value is not None and not 0 <= value < math.inf:
            yield Mistake("type", f"`{dotted((*place, key))}` is {shown(value)}, not a number from 0 on")
        elif key == "max_cost" and value is not None and value > _MOST_COST:
            yield Mistake("budget", f"`{dotted((*place, key))}` is {shown(value)}, more than {_MOST_COST:g} US dollars")
    for key, number, least, most in (("seed", seed, 0, LARGEST_SEED), ("repeats", repeats, 1, MOST_REPEATS)):
        if number is not None and not least <= number <= most:
            # Each repetition is a training of its own, that is paid for.
            kind: Kind = "budget" if key == "repeats" and number > most else "type"
            yield Mistake(kind, f"`{dotted((*place, key))}` is {shown(number)}, not in {least} to {most}")


def endless(value: object, place: Place = ()) -> Iterator[Mistake]:
    """Find the numbers of a raw file that are larger than any that can be told apart, wherever they stand."""
    if isinstance(value, float) and math.isinf(value):
        yield Mistake("limit", f"`{dotted(place)}` is larger than any number")
    if isinstance(value, dict | list):
        for key, held in value.items() if isinstance(value, dict) else enumerate(value):
            yield from endless(held, (*place, str(key)))


def wrong_patterns(place: Place, patterns: Mapping[str, str]) -> Iterator[Mistake]:
    """Look at patterns that find a metric in what is printed: each has one group, which is the number."""
    for name, pattern in patterns.items():
        named = f"`{dotted((*place, name))}`"
        if not 0 < len(name) <= MAX_NAME or not name.isprintable():
            yield Mistake("type", f"{named} is no name of a metric (1 to {MAX_NAME} characters that can be seen)")
        if len(pattern) > _LONGEST_PATTERN:
            yield Mistake("limit", f"{named} is longer than {_LONGEST_PATTERN} characters")
            continue
        try:
            groups = re.compile(pattern).groups
        except (re.error, OverflowError, RecursionError) as error:
            yield Mistake("type", f"{named} is {shown(pattern)}, no pattern of Python's `re`: {error}")
            continue
        if groups != 1:
            yield Mistake("type", f"{named} is {shown(pattern)}, not a pattern with one group, the number")


def wrong_parameters(place: Place, tables: Mapping[str, Mapping[str, object]]) -> Iterator[Mistake]:
    """Look at the values for variables of a notebook, by table."""
    for table, values in tables.items():
        for key, value in values.items():
            named = f"`{dotted((*place, table, key))}`"
            if not key.isidentifier() or keyword.iskeyword(key):
                yield Mistake("type", f"{named} is no variable of a notebook")
            if len(key) > _LONGEST_NAME:
                yield Mistake("type", f"{named} is longer than {_LONGEST_NAME} characters")
            if len(value if isinstance(value, str) else json.dumps(value)) > _LONGEST_VALUE:
                yield Mistake("type", f"{named} is longer than {_LONGEST_VALUE} characters")


def wrong_gates(place: Place, gates: Mapping[str, str]) -> Iterator[Mistake]:
    """Look at rules such as `>= 0.92`."""
    for metric, rule in gates.items():
        try:
            parse_gate(metric, rule)
        except ValueError as error:
            yield Mistake("type", f"`{dotted((*place, 'gates', metric))}`: {error}")
