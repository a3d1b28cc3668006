"""What is known about libraries: data that the analysis looks things up in, and what a repository adds to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Word = Literal["trains", "prepares", "measures", "shows", "changes", "pure", "draws", "seeds", "reads", "writes"]
"""What a call may be said to do.

`changes`: its arguments and its object; `pure`: nothing at all; `draws` and `seeds`: every global random generator;
`reads` and `writes`: the file that it names; `prepares`: fitting what it makes only prepares data.
"""

RandomMode = Literal["strict", "reseed"]
"""`strict` keeps every cell that draws before what is trained draws; `reseed` seeds the generators before each cell."""

NOTHING_SAID: frozenset[Word] = frozenset()


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a repository says of calls that the built-in lists do not know, as pairs of a name and a word.

    A name is a function (`helpers.train_model`), a class's method (`helpers.Trainer.run`), a method of whatever object
    (`.run`), or all of a package (`helpers.*`).
    """

    said: frozenset[tuple[str, Word]] = frozenset()

    def of_function(self, dotted: str) -> frozenset[Word]:
        """Return what is said of the function or class *dotted*."""
        return self._about([dotted]) if self.said else NOTHING_SAID

    def of_method(self, method: str, origins: Iterable[str]) -> frozenset[Word]:
        """Return what is said of *method* of an object that one of *origins* made."""
        if not self.said:
            return NOTHING_SAID
        return self._about([f".{method}", *(f"{origin}.{method}" for origin in origins)])

    def _about(self, names: Iterable[str]) -> frozenset[Word]:
        wanted = set(names)
        for name in names:
            parts = name.split(".")
            wanted.update(".".join((*parts[:count], "*")) for count in range(1, len(parts)) if parts[0])
        return frozenset(word for name, word in self.said if name in wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a repository wants its notebooks to be cut."""

    known: Knowledge = Knowledge()
    random: RandomMode = "strict"


PLAIN = Rules()
