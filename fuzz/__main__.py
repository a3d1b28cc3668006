"""Fuzz the targets, each in processes of its own: `python -m fuzz [TARGET...]`, `FUZZ_SECONDS` (600) for each.

Atheris sees which branches of alekseylearn an input reaches, and goes on from those that reach new ones. What it learns
stays below `build/fuzz/corpus`. A finding is an input that lets out an error that is none of ours, breaks a promise of
the target's, takes 20 seconds or 1.5 GB: it is written to `build/fuzz/found`, and the exit status is 1. Put its
smallest form into `fuzz/seeds/<target>` when the reason is mended: the tests replay all that lies there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fuzz.targets import TARGETS

HERE = Path(__file__).parent
BUILD = HERE.parent / "build" / "fuzz"
SECONDS = int(os.environ.get("FUZZ_SECONDS", "600"))
"""For each target."""
SLOWEST = 20
"""Seconds for one input."""
MOST_MEMORY = 1536
"""MB of one process."""


def main(names: list[str]) -> int:
    """Fuzz *names*, or all targets, as many at a time as there are cores; return how many found something."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        done = list(pool.map(fuzz, names or TARGETS))
    return int(any(done))


def fuzz(name: str) -> int:
    """Fuzz one target in a process of its own, say how that went, and return its exit status."""
    target = TARGETS[name]
    corpus, found, words = BUILD / "corpus" / name, BUILD / "found", BUILD / f"{name}.dict"
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words), "ascii")
    options = [f"-max_total_time={SECONDS}", f"-timeout={SLOWEST}", f"-rss_limit_mb={MOST_MEMORY}"]
    options += [f"-max_len={target.longest}", f"-dict={words}", f"-artifact_prefix={found}/{name}-"]
    options += ["-print_final_stats=1", "-verbosity=1"]
    command = [sys.executable, "-m", "fuzz.one", name, *options, str(corpus), str(HERE / "seeds" / name)]
    done = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, errors="replace", check=False)
    said = done.stderr.splitlines()
    if done.returncode:
        print(f"{name}: FOUND\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}", flush=True)
    else:
        runs = next((line.split()[-1] for line in said if line.startswith("stat::number_of_executed_units")), "?")
        print(f"{name}: {runs} inputs in {SECONDS} s, nothing found", flush=True)
    return done.returncode


def _escaped(word: str) -> str:
    return "".join(chr(byte) if 32 < byte < 127 and byte not in b'"\\' else f"\\x{byte:02x}" for byte in word.encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
