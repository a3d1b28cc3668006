"""What `alekseylearn diff` of hostile pairs of notebooks costs, through the real command: seconds and memory of each.

Exit 3 is a pair that is refused: by `nb.limit`, or since what stands before its training is no Python. No pair of at
most 5 MB may take more than 10 s of CPU or 500 MB, 3,000 rewritten lines in one cell no more than 2 s.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

SIZE = 4_900_000
"""Bytes that both sides together may have in a pair, roughly."""
SECONDS, MEGABYTES = 10.0, 500
MOST = 120.0
Cells = list[dict[str, Any]]
Pair = tuple[Cells, Cells]
FIT = "from sklearn.linear_model import Ridge\nmodel = Ridge().fit(a, b)"


def main() -> int:
    wanted = sys.argv[1:]
    late = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, (make, seconds) in SHAPES.items():
            if wanted and name not in wanted:
                continue
            base, head = make()
            paths = [write(Path(folder) / side, cells) for side, cells in (("base", base), ("head", head))]
            size = sum(path.stat().st_size for path in paths) / 1e6
            for words in ([], ["--lines"]):
                cpu, wall, memory, code = measure(["diff", *words, *map(str, paths)], Path(folder))
                bad = cpu > seconds or memory > MEGABYTES or code not in (0, 3)
                late += bad
                told = f"{cpu:7.2f} s CPU {wall:7.2f} s {memory:6.0f} MB  exit {code}{'  TOO MUCH' if bad else ''}"
                print(f"{' '.join([name, *words]):<44} {size:5.1f} MB {told}", flush=True)
    return 1 if late else 0


def measure(words: Sequence[str], folder: Path) -> tuple[float, float, float, int]:
    """Run the command; return its seconds of CPU, of wall time, its megabytes and its exit code."""
    start = time.monotonic()
    command = [sys.executable, "-m", "alekseylearn", *words]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while True:
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            wall = time.monotonic() - start
            if pid:
                break
            if wall > MOST:
                process.kill()
            time.sleep(0.01)
        process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1000, process.returncode


def write(folder: Path, cells: Cells) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "a.ipynb"
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    path.write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")), "utf-8")
    return path


# -- shapes --------------------------------------------------------------------------------------------------------


def code(source: str, number: int = 0, kind: str = "code", outputs: list[Any] | None = None) -> dict[str, Any]:
    cell = {"cell_type": kind, "source": source, "metadata": {}, "id": f"c{number}"}
    return cell | ({"outputs": outputs or [], "execution_count": None} if kind == "code" else {})


def one(before: str, after: str) -> Pair:
    """Make a pair of one cell each, before a training."""
    return [code(before), code(FIT, 1)], [code(after), code(FIT, 1)]


def many(before: Sequence[str], after: Sequence[str], *, ids: bool = True) -> Pair:
    def cells(sources: Sequence[str], shift: int) -> Cells:
        return [code(source, number + shift) for number, source in enumerate([*sources, FIT])]

    return cells(before, 0), cells(after, 0 if ids else 100_000)


def filled(line: Callable[[int], str], size: int = SIZE // 2) -> str:
    """Write lines until there are *size* characters."""
    return "\n".join(until(line, size))


def until(line: Callable[[int], str], size: int) -> Iterator[str]:
    number = written = 0
    while written < size:
        made = line(number)
        yield made
        number, written = number + 1, written + len(made) + 1


def shuffled(words: Sequence[str], seed: int) -> list[str]:
    found = list(words)
    random.Random(seed).shuffle(found)
    return found


def rewritten() -> Pair:
    return one(*("\n".join(f"{word}_{number} = {number}" for number in range(3000)) for word in ("before", "after")))


def every_other() -> Pair:
    return one(*(filled(lambda n, word=word: f"x{n} = {n}" if n % 2 else f"{word}{n} = 1") for word in "yz"))


def permuted() -> Pair:
    lines = list(until(lambda n: f"x{n} = {n}", SIZE // 2))
    return one("\n".join(lines), "\n".join(shuffled(lines, 1)))


def words_of(cells: int, length: int, word: str, seed: int) -> list[str]:
    picked = random.Random(seed)
    return [" ".join(f"{word}{picked.randrange(10**6)}" for _ in range(length // 8)) for _ in range(cells)]


def quadratic_words() -> Pair:
    common = words_of(1, 6_000, "w", 3)[0]
    before, after = ([common + " " + extra for extra in words_of(200, 6_000, word, 4)] for word in "pq")
    return many(before, after, ids=False)


def moved() -> Pair:
    cells = ["x = 1"] * 9_000
    return many(["first()", *cells], [*cells, "first()"], ids=False)


def moved_apart() -> Pair:
    cells = [f"step_{number}()" for number in range(9_000)]
    return many(cells, shuffled(cells, 2), ids=False)


def metadata() -> Pair:
    deep: Any = {}
    for _ in range(90):
        deep = {"a": deep, "b": [1] * 20}
    cells = [code("x = 1", number) | {"metadata": deep} for number in range(400)]
    return [*cells, code(FIT, 9000)], [*(cell | {"metadata": {"z": deep["a"]}} for cell in cells), code(FIT, 9000)]


def outputs() -> Pair:
    def cells(sign: str) -> Cells:
        text = [{"output_type": "stream", "name": "stdout", "text": (sign + " <b>" + "é" * 50) * 1000}]
        return [*(code(f"x{number}()", number, outputs=text) for number in range(40)), code(FIT, 99)]

    return cells("a"), cells("b")


def numbers() -> Pair:
    def cells(shift: int) -> Cells:
        data = {"application/json": [[number + shift, [], {}] for number in range(150_000)]}
        shown = [{"output_type": "display_data", "metadata": {}, "data": data}]
        return [code("x = 1", 0, outputs=shown), code(FIT, 1)]

    return cells(0), cells(1)


def chained() -> Pair:
    return one(*(filled(lambda n, end=end: f"x{n} = f(x{n - 1}, y.z[{n}]){end}", 60_000) for end in ("", "; u = 1")))


def conditional() -> Pair:
    return one(*(filled(lambda _, end=end: f"for q in a: b = q{end}", 200_000) for end in ("", " + 1")))


SHAPES: dict[str, tuple[Callable[[], Pair], float]] = {
    "3,000 rewritten lines": (rewritten, 2.0),
    "one huge line": (lambda: one("x = '" + "a" * (SIZE // 2) + "'", "x = '" + "b" * (SIZE // 2) + "'"), SECONDS),
    "one huge line of words": (lambda: one("# " + "ab c " * (SIZE // 10), "# " + "ab d " * (SIZE // 10)), SECONDS),
    "equal lines, one more": (lambda: one("x = 1\n" * (SIZE // 12), "x = 1\n" * (SIZE // 12 + 1)), SECONDS),
    "equal lines, other ends": (
        lambda: one("a = 0\n" + "x = 1\n" * (SIZE // 12) + "b", "c = 0\n" + "x = 1\n" * (SIZE // 13) + "d"),
        SECONDS,
    ),
    "every other line changed": (every_other, SECONDS),
    "all lines permuted": (permuted, SECONDS),
    "lines of one character": (lambda: one("a\n" * (SIZE // 4), "b\n" * (SIZE // 4)), SECONDS),
    "9,900 cells of one character": (lambda: many(["a"] * 9_900, ["b"] * 9_900, ids=False), SECONDS),
    "50,000 cells of one character": (lambda: many(["a"] * 25_000, ["b"] * 25_000), SECONDS),
    "9,000 equal cells, one moved": (moved, SECONDS),
    "9,000 cells in another order": (moved_apart, SECONDS),
    "cells with the same half of the words": (quadratic_words, SECONDS),
    "250 cells of 10 KB": (lambda: many(words_of(250, 10_000, "a", 1), words_of(250, 10_000, "a", 2)), SECONDS),
    "combining marks": (
        lambda: one("x = '" + "e\u0301" * (SIZE // 8) + "'", "x = '" + "e\u0300" * (SIZE // 8)),
        SECONDS,
    ),
    "deep metadata": (metadata, SECONDS),
    "megabytes of outputs": (outputs, SECONDS),
    "300,000 small lists in outputs": (numbers, SECONDS),
    "assignments without end": (
        lambda: one(filled(lambda n: f"x{n} = {n}"), filled(lambda n: f"x{n} = {n + 1}")),
        SECONDS,
    ),
    "one list of a million numbers": (
        lambda: one("x = [" + "1," * (SIZE // 4) + "]", "x = [" + "2," * (SIZE // 4) + "]"),
        SECONDS,
    ),
    "a chain of calls": (chained, SECONDS),
    "what may be bound": (conditional, SECONDS),
    "magics in magics": (lambda: one("%%time\n" * (SIZE // 14), "%%capture\n" * (SIZE // 20)), SECONDS),
    "spaces before no magic": (
        lambda: one("a" + " " * (SIZE // 2) + "$", "a" + " " * (SIZE // 2) + "?$"),
        SECONDS,
    ),
    "continued lines": (lambda: one("!x \\\n" * (SIZE // 10) + "$", "!y \\\n" * (SIZE // 10) + "$"), SECONDS),
    "text without ends": (lambda: one("<!--" * (SIZE // 8), "<script " * (SIZE // 16)), SECONDS),
    "what looks like a secret": (lambda: one("token=" * (SIZE // 12), "hf_" * (SIZE // 6)), SECONDS),
}


if __name__ == "__main__":
    sys.exit(main())
