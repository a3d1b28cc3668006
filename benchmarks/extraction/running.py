"""Programs run in an environment's fork server; what a run has shown is remembered by what was run."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.extraction import hashing
from benchmarks.extraction.environments import BUILD, ROOT, Environment

LIMIT = 60.0
"""CPU seconds of one run; three times as many by the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One cell of a program; when a watched one ends, all globals that it mentions are hashed."""

    number: int
    code: str
    count: int
    watch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What there was when a step ended; `random` is the state of the global generators when it began."""

    names: Mapping[str, str]
    random: str
    shown: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a program ran: `ended` is `done`, `raised`, `time-out` or a word for a crash; `step` is where it raised."""

    ended: str
    what: str
    step: int | None
    seen: Mapping[int, Seen]
    seconds: float


class Runner:
    """Runs programs in *environment*; with the same *hash_seed* sets have the same order."""

    def __init__(
        self, environment: Environment, *, hash_seed: int = 0, limit: float = LIMIT, folder: Path = BUILD
    ) -> None:
        self._environment = environment
        self._hash_seed = hash_seed
        self._limit = limit
        self._folder = folder.resolve()
        self._server: subprocess.Popen[str] | None = None
        self.runs = 0
        """How many programs were really run."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the server."""
        server, self._server = self._server, None
        if server is not None and server.stdin is not None and server.stdout is not None:
            with suppress(BrokenPipeError):
                server.stdin.close()
            server.wait()
            server.stdout.close()

    def run(self, name: str, steps: tuple[Step, ...], *, seed: int = 0, turn: int = 0) -> Outcome:
        """Run *steps* in an empty folder that is always the same for *name*; *seed* is that of the global generators.

        A run that is remembered, and was watched closely enough, is not run again; another *turn* is another run.
        """
        memory = self._memory(steps, seed, turn)
        known = _read(memory)
        if known is not None and self._suffices(known, steps):
            return outcome_of(known["lines"], known["ended"])
        watched = {line["step"] for line in known["lines"] if "names" in line} if known is not None else set()
        steps = tuple(replace(step, watch=step.watch or step.number in watched) for step in steps)
        found = self._really(name, steps, seed)
        if found["ended"].startswith("ended with") or (found["lines"] and found["lines"][-1].get("end") == "error"):
            raise RuntimeError(f"{name}: {found['lines'][-1]['what'] if found['lines'] else found['ended']}")
        memory.parent.mkdir(parents=True, exist_ok=True)
        draft = memory.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(found), encoding="utf-8")
        draft.replace(memory)
        return outcome_of(found["lines"], found["ended"])

    def _memory(self, steps: tuple[Step, ...], seed: int, turn: int) -> Path:
        told = [self._environment.name, _version(self._environment.python), hashing.VERSION, self._hash_seed, seed]
        told += [turn] if turn else []
        text = json.dumps([*told, [(step.number, step.code, step.count) for step in steps]])
        key = hashlib.sha256(text.encode()).hexdigest()
        return self._folder / "runs" / key[:2] / f"{key}.json"

    def _suffices(self, known: Mapping[str, Any], steps: tuple[Step, ...]) -> bool:
        """Tell whether a remembered run looked where this one should look, as far as it came."""
        if known["ended"] == "time-out" and known["limit"] < self._limit:
            return False
        watched = {line["step"] for line in known["lines"] if "names" in line}
        outcome = outcome_of(known["lines"], known["ended"])
        if outcome.ended == "done":
            return all(step.number in watched for step in steps if step.watch)
        if outcome.step is not None:
            return all(s.number in watched for s in steps if s.watch and s.number < outcome.step)
        return set(known["asked"]) >= {step.number for step in steps if step.watch}

    def _really(self, name: str, steps: tuple[Step, ...], seed: int) -> dict[str, Any]:
        place = self._folder / "work" / re.sub(r"\W+", "-", name)
        place.parent.mkdir(parents=True, exist_ok=True)
        # The folder is the same for all runs, for its path may be part of a result: one run at a time.
        with place.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return self._alone(place, steps, seed)

    def _alone(self, place: Path, steps: tuple[Step, ...], seed: int) -> dict[str, Any]:
        shutil.rmtree(place, ignore_errors=True)
        (place / "here").mkdir(parents=True)
        record = place / "record"
        asked = [
            {"number": s.number, "code": s.code, "count": s.count, "watch": names_of(s.code) if s.watch else None}
            for s in steps
        ]
        request = {
            "folder": str(place / "here"),
            "record": str(record),
            "limit": self._limit,
            "seed": seed,
            "steps": asked,
        }
        ended = self._ask(request)
        lines = (
            [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()] if record.exists() else []
        )
        shutil.rmtree(place, ignore_errors=True)
        self.runs += 1
        watched = [step.number for step in steps if step.watch]
        return {"ended": ended, "limit": self._limit, "lines": lines, "asked": watched}

    def _ask(self, request: Mapping[str, Any]) -> str:
        """Hand *request* to the server; one that somebody ended is started once more."""
        for _ in range(2):
            server = self._server = self._server or self._start()
            if server.stdin is None or server.stdout is None:
                raise RuntimeError("the fork server has no pipes")
            with suppress(BrokenPipeError):
                server.stdin.write(json.dumps(request) + "\n")
                server.stdin.flush()
                answer = server.stdout.readline()
                if answer:
                    return str(json.loads(answer))
            self.close()
        raise RuntimeError(f"the fork server of {self._environment.name} ended, twice")

    def _start(self) -> subprocess.Popen[str]:
        home = self._folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        return subprocess.Popen(
            [str(self._environment.python), "-m", "benchmarks.extraction.server", *self._environment.preload],
            cwd=ROOT,
            env=_environ(home, self._hash_seed),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )


def _environ(home: Path, hash_seed: int) -> dict[str, str]:
    """One thread, no network, no screen, no graphics card, and a home of its own."""
    away = "http://127.0.0.1:9"
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home),
        "PYTHONHASHSEED": str(hash_seed),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "Agg",
        "CUDA_VISIBLE_DEVICES": "",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TOKENIZERS_PARALLELISM": "false",
        **dict.fromkeys(("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"), "1"),
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT"), "1"),
        **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), away),
    }


def outcome_of(lines: list[dict[str, Any]], ended: str) -> Outcome:
    """Read what a run wrote down, and how its process ended."""
    seen = {
        line["step"]: Seen(names=line["names"], random=line["random"], shown=line["shown"], seconds=line["seconds"])
        for line in lines
        if "names" in line
    }
    last = lines[-1] if lines else {}
    seconds = max((line.get("seconds", 0.0) for line in lines), default=0.0)
    if ended != "done" or "end" not in last:
        return Outcome(
            ended=ended if ended != "done" else "vanished", what=ended, step=None, seen=seen, seconds=seconds
        )
    return Outcome(ended=last["end"], what=last.get("what", ""), step=last.get("step"), seen=seen, seconds=seconds)


@cache
def names_of(code: str) -> tuple[str, ...]:
    """Name the globals that *code* mentions, in order; none when it is not Python."""
    import symtable
    import warnings

    found: set[str] = set()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            waiting = [symtable.symtable(code, "cell", "exec")]
    except (SyntaxError, ValueError):
        return ()
    while waiting:
        table = waiting.pop()
        waiting += table.get_children()
        top = table.get_type() == "module"
        found |= {s.get_name() for s in table.get_symbols() if top or s.is_global()}
    return tuple(sorted(found))


@cache
def _version(python: Path) -> str:
    """Return what tells the environment of *python* from an earlier one at the same place."""
    listed = "import importlib.metadata as m; print(sorted(f'{d.name} {d.version}' for d in m.distributions()))"
    done = subprocess.run([str(python), "-c", listed], capture_output=True, text=True, check=True)
    return hashlib.sha256(done.stdout.encode()).hexdigest()


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found
