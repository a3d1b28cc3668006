"""How long the real command takes in large repositories, and how much memory: `python benchmarks/bench_load_git.py`.

Each case is a repository in a temporary folder, and one `alekseylearn` process in it; CPU seconds are those of the
process and of its children (git). Ends with 1 when one is over its limit.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.repositories import Repository
from tests.small import DRAWING, EPOCHS, PROSE, growth, notebook

CHANGE = {EPOCHS: "epochs = 30\nrate = 0.05"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A repository, a command in it, and the CPU seconds and megabytes that it may take."""

    name: str
    build: Callable[[Repository], None]
    words: tuple[str, ...]
    seconds: float
    megabytes: int


def many(repository: Repository, count: int, changed: int, *, more: int = 0, committed: bool = True) -> None:
    """Commit *count* notebooks and *more* other files; then change the first *changed* notebooks on a branch."""
    paths = [f"nb/d{number % 50}/n{number}.ipynb" for number in range(count)]
    # The last cell is one that spells no pattern: else every file could be one that it reads.
    files = {path: growth({PROSE: f"# {path}", DRAWING: "print(mse)"}) for path in paths}
    repository.commit({**files, "tools.py": "x = 1\n"} | {f"data/{n % 100}/{n}.csv": f"{n}\n" for n in range(more)})
    repository.git("checkout", "--quiet", "-b", "feature")
    change = {path: growth({PROSE: f"# {path}", DRAWING: "print(mse)", **CHANGE}) for path in paths[:changed]}
    (repository.commit if committed else repository.write)(change)


def touching(repository: Repository) -> None:
    """Change a module in a repository of 5,000 notebooks: each may import it."""
    many(repository, 5000, 0)
    repository.commit({"tools.py": "x = 2\n"})


def long(repository: Repository) -> None:
    """Change one of 2,000 cells."""
    cells = [("code", f"x{number} = {number}") for number in range(1999)]
    repository.commit({"long.ipynb": notebook([*cells, ("code", "line.fit(x7, x8)")])})
    repository.git("checkout", "--quiet", "-b", "feature")
    cells[7] = ("code", "x7 = 70")
    repository.commit({"long.ipynb": notebook([*cells, ("code", "line.fit(x7, x8)")])})


def deep(repository: Repository) -> None:
    """Make a history of 20,000 commits, and leave it at its beginning: by one stream, since git is slow at that."""
    text = growth().decode()
    lines = ["blob", "mark :1", f"data {len(text.encode())}", text]
    for number in range(20_000):
        lines += [
            "commit refs/heads/main",
            f"mark :{number + 2}",
            f"committer A <a@example.org> {1_700_000_000 + number} +0000",
            "data 1",
            "x",
            "M 100644 :1 growth.ipynb",
            f"M 100644 inline n{number % 100}.txt",
            f"data {len(str(number))}",
            str(number),
        ]
    lines += ["reset refs/heads/feature", "from :2", ""]
    command = ["git", "fast-import", "--quiet"]
    subprocess.run(command, cwd=repository.root, env=repository.environ, input="\n".join(lines).encode(), check=True)
    repository.git("checkout", "--quiet", "feature")
    repository.commit({"growth.ipynb": growth(CHANGE)})


def cases() -> Iterator[Case]:
    """Yield the cases, the promised limits with them."""
    for words in (("diff",), ("diff", "main...HEAD"), ("fit", "--dry-run")):
        yield Case(
            name="5,000 notebooks, 1 changed", build=lambda r: many(r, 5000, 1), words=words, seconds=2, megabytes=200
        )
        yield Case(
            name="500 notebooks, all changed", build=lambda r: many(r, 500, 500), words=words, seconds=30, megabytes=300
        )
    yield Case(
        name="5,000 notebooks, 500 changed, 20,000 other files",
        build=lambda r: many(r, 5000, 500, more=20_000),
        words=("diff",),
        seconds=30,
        megabytes=300,
    )
    yield Case(
        name="the same, not committed",
        build=lambda r: many(r, 5000, 500, more=20_000, committed=False),
        words=("diff",),
        seconds=30,
        megabytes=300,
    )
    yield Case(name="5,000 notebooks, a module changed", build=touching, words=("diff",), seconds=10, megabytes=200)
    yield Case(name="20,000 commits apart", build=deep, words=("diff",), seconds=2, megabytes=200)
    yield Case(name="2,000 cells, 1 changed", build=long, words=("diff",), seconds=10, megabytes=300)


def measure(case: Case) -> bool:
    """Run one case and print its figures; return whether it keeps its limits."""
    with tempfile.TemporaryDirectory() as folder:
        repository = Repository.create(Path(folder))
        repository.git("config", "gc.auto", "0")  # which would go on beside what is measured
        case.build(repository)
        environ = {**os.environ, "HOME": str(repository.home), "COLUMNS": "110"}
        started = time.perf_counter()
        command = [sys.executable, "-m", "alekseylearn", *case.words]
        with (Path(folder) / "out").open("wb") as out:
            child = subprocess.Popen(command, cwd=repository.root, env=environ, stdout=out, stderr=out)
            _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - started
    cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    kept = child.returncode == 0 and cpu <= case.seconds and peak <= case.megabytes
    words = f"alekseylearn {' '.join(case.words)}"
    limits = f"(at most {case.seconds:.0f} s, {case.megabytes} MB)"
    told = f"{words:<30} {case.name:<50} {cpu:6.2f} s CPU {wall:6.2f} s wall {peak:5.0f} MB {limits}"
    sys.stdout.write(f"{told}{'' if kept else f'  NOT KEPT, code {child.returncode}'}\n")
    sys.stdout.flush()
    return kept


def main() -> int:
    """Measure all cases."""
    kept = [measure(case) for case in cases()]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
