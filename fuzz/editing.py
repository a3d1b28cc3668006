"""Documents whose values a fuzzer changes: bytes are a list of edits, so that what comes of them is always JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 7, 2**53, 2**70, 0.5, -0.0, 1e308),
    *(
        "",
        "a",
        "main",
        "octo/consumer",
        "OCTO/Consumer",
        "eve/consumer",
        "refs/heads/main",
        "a" * 40,
        "0" * 40,
        "a" * 64,
    ),
    *("../x", "a\nb", "::error::x", "##[x", "${{ x }}", "\u202e", "\ud800", "\x00", "-x", "é", "x" * 3000),
    *([], {}, [None], [[]], [{}], {"": None}, {"full_name": "octo/consumer", "id": 7, "fork": False}, [7] * 300),
    *("closed", "opened", "synchronize", "pull_request", "code", "markdown", "raw", "stream", "succeeded", "skip"),
)
"""What an edit puts in place of a value."""
EDITS = 40
PLACES = 2000
"""As many edits are made at most, in a document of so many values: copies of copies grow."""
GONE = len(VALUES)
"""The edit that takes the value away."""
DOUBLED = len(VALUES) + 1
"""The edit that puts a copy of another value there."""


def edited(document: str, data: bytes) -> bytes:
    """Return *document* after the edits in *data*: two bytes for each, which value and what becomes of it."""
    root = json.loads(document)
    data = data[: 2 * EDITS]
    for where, what in zip(data[::2], data[1::2], strict=False):
        places = list(_places(root))
        if not 0 < len(places) < PLACES:
            break
        holder, key = places[where * len(places) // 256]
        choice = what % (DOUBLED + 1)
        if choice == GONE:
            del holder[key]
        elif choice == DOUBLED:
            other, of = places[(where * 7 + what) % len(places)]
            holder[key] = json.loads(json.dumps(other[of]))
        else:
            holder[key] = json.loads(json.dumps(VALUES[choice]))
    return json.dumps(root).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every holder of a value with the value's key in it."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from _places(value[key])
