"""The values of one metric by step, in as little memory as they need, and thinned to what is worth keeping."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator

LARGEST_STEP = 2**63 - 1


class Points:
    """The values of one metric in the order in which they were logged; a step that comes again replaces the first."""

    __slots__ = ("_sorted", "_steps", "_values")

    def __init__(self) -> None:
        self._steps = array("q")
        self._values = array("d")
        self._sorted = True

    def add(self, step: int, value: float) -> None:
        """Take one value; one at a step that no machine counts to is passed over."""
        if abs(step) > LARGEST_STEP:
            return
        if self._steps and step <= self._steps[-1]:
            self._sorted = False
        self._steps.append(step)
        self._values.append(value)

    def __len__(self) -> int:
        """As many steps as there are."""
        self._settle()
        return len(self._steps)

    def thinned(self, most: int) -> tuple[tuple[int, float], ...]:
        """Return at most about *most* points by step: first, last, smallest and largest, and evenly between.

        What lies between is every second, fourth, eighth... point: so two runs that log alike keep the same steps,
        whatever the number of these.
        """
        self._settle()
        count = len(self._steps)
        apart = 1
        while count > most * apart:
            apart *= 2
        kept = sorted({*range(0, count, apart), *self._telling()}) if apart > 1 else range(count)
        return tuple((self._steps[place], self._values[place]) for place in kept)

    def _telling(self) -> Iterator[int]:
        """Name the places that no curve may lack: the extremes, the first that is undefined, and the last."""
        values = self._values
        places = range(len(values))
        yield min(places, key=lambda place: values[place] if math.isfinite(values[place]) else math.inf)
        yield max(places, key=lambda place: values[place] if math.isfinite(values[place]) else -math.inf)
        yield next((place for place in places if not math.isfinite(values[place])), 0)
        yield len(values) - 1

    def _settle(self) -> None:
        """Sort by step, and keep the last value of each."""
        if self._sorted:
            return
        order = sorted(range(len(self._steps)), key=self._steps.__getitem__)
        steps, values = array("q"), array("d")
        for place in order:
            if steps and steps[-1] == self._steps[place]:
                values[-1] = self._values[place]
            else:
                steps.append(self._steps[place])
                values.append(self._values[place])
        self._steps, self._values, self._sorted = steps, values, True
