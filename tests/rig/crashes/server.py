"""A process that has loaded the whole package, and becomes one command after another by fork(2).

It reads one order a line from stdin, a JSON object, and answers each with two lines: the number of the process, and how it
ended (a status as waitpid(2) tells it). A thousand commands cost a thousand forks this way, and no start-up.
"""

from __future__ import annotations

import importlib
import io
import itertools
import json
import os
import pkgutil
import signal
import sys
import time
from typing import Any, NoReturn

import alekseylearn
from alekseylearn.__main__ import main
from tests.rig.crashes.dying import kill_at

LONGEST_PAUSE = 0.02
"""Seconds that a pause of ours takes at most: nothing here is worth to be waited for."""
ANSWER = 1
"""Seconds that GitHub has for an answer."""
UNLOADED = ("alekseylearn.runtime", "alekseylearn.__main__", "alekseylearn.ipython", "alekseylearn.live")


def load() -> None:
    """Import all that a command may import, so that none does it again."""
    for module in pkgutil.walk_packages(alekseylearn.__path__, "alekseylearn."):
        if not module.name.startswith(UNLOADED):
            importlib.import_module(module.name)
    importlib.import_module("alekseylearn.forges.rest").TIMEOUT = ANSWER  # type: ignore[attr-defined]
    for name in ("github", "requests", "nbformat", "jinja2", "rich.console", "rich.markdown", "click", "email.utils"):
        importlib.import_module(name)


def hurry() -> None:
    """Make all pauses short."""
    sleep = time.sleep
    time.sleep = lambda seconds: sleep(min(seconds, LONGEST_PAUSE))


def leap(hours: float) -> None:
    """Have the clock on the wall stand so many hours further each time that somebody looks at it, or so many back."""
    look, looks = time.time, itertools.count()
    time.time = lambda: look() + 3600 * hours * next(looks)


def become(order: dict[str, Any]) -> NoReturn:
    """Be the command that *order* asks for; raises nothing and never returns."""
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    out = os.open(order["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, stream in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(descriptor, stream)
    sys.stdin, sys.stdout, sys.stderr = (open(number, mode) for number, mode in ((0, "r"), (1, "w"), (2, "w")))  # noqa: SIM115, PTH123
    sys.argv = ["alekseylearn", *order["arguments"]]
    if order.get("landmark"):
        kill_at(order["landmark"], time=order.get("time", 1))
    if order.get("leap"):
        leap(order["leap"])
    if order.get("traced"):
        # Whoever wants to hold on to us does so now.
        os.kill(os.getpid(), signal.SIGSTOP)
    code = 1
    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def serve(orders: io.TextIOBase, answers: io.TextIOBase) -> None:
    """Carry out *orders* until there are no more."""
    for line in orders:
        child = os.fork()
        if not child:
            become(json.loads(line))
        print(child, file=answers, flush=True)
        _, status = os.waitpid(child, 0)
        print(status, file=answers, flush=True)


if __name__ == "__main__":
    # Before anything else: what takes its time may keep `sleep` as it finds it.
    hurry()
    load()
    serve(sys.stdin, sys.stdout)  # type: ignore[arg-type]
