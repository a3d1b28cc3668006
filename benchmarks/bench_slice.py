"""How long it takes to find what trains in a notebook and to slice back from it, up to 2,000 cells."""

from __future__ import annotations

import sys

from benchmarks.extraction.speed import main

if __name__ == "__main__":
    sys.exit(main([]))
