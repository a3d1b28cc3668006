"""`python -m benchmarks.extraction WORD ...`: each word is the module of that name, and what it measures."""

from __future__ import annotations

import importlib
import sys

WORDS = ("oracle", "edits", "minimal", "labels", "peers", "speed", "environments")


def main(arguments: list[str]) -> int:
    """Run the module that the first argument names."""
    if not arguments or arguments[0] not in WORDS:
        print(f"usage: python -m benchmarks.extraction {{{','.join(WORDS)}}} ...", file=sys.stderr)
        return 2
    module = importlib.import_module(f"benchmarks.extraction.{arguments[0]}")
    return int(module.main(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
