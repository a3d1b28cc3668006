"""The command line, which says on a descriptor where it is: `announcing.py DESCRIPTOR ARGUMENT...`.

Each line is a moment of CLOCK_MONOTONIC, which is the machine's, and the name of what begins or was passed then.
"""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Callable
from typing import Any


def main() -> None:
    """Run the command line in the arguments."""
    told = int(sys.argv.pop(1))
    os.set_inheritable(told, False)

    def tell(what: str) -> None:
        os.write(told, f"{time.monotonic()} {what}\n".encode())

    from alekseylearn.__main__ import main as command_line
    from alekseylearn.interruptions import hear_signals

    hear_signals()
    tell("start")
    announce(tell)

    command_line()


def announce(tell: Callable[[str], None]) -> None:
    """Have what matters to a cancelled run say so: when it begins, and that jobs were asked to stop."""
    from alekseylearn import landmarks, training
    from alekseylearn.cli.step import Step
    from alekseylearn.git import Git
    from alekseylearn.pipeline import Story

    landmarks.passed = tell  # type: ignore[assignment]
    training.bring_home = told(training.bring_home, before="collecting", tell=tell)
    Git.open = classmethod(told(Git.open.__func__, before="git", tell=tell))  # type: ignore[attr-defined,method-assign]
    Story.look = told(Story.look, before="planning", tell=tell)  # type: ignore[method-assign]
    Step.post = told(Step.post, before="commenting", tell=tell)  # type: ignore[method-assign]
    for kind, more in backends():
        kind.cancel = told(kind.cancel, after="asked to stop", tell=tell)
        kind.submit = told(kind.submit, before="submit", tell=tell)
        for owner, name, what in more:
            setattr(owner, name, told(getattr(owner, name), before=what, tell=tell))


def backends() -> Any:
    """Name the kinds of backends, and what else of each one's work is a step."""
    from alekseylearn import environments
    from alekseylearn.backends.docker import DockerBackend
    from alekseylearn.backends.process import ProcessBackend
    from alekseylearn.backends.sagemaker import SageMakerBackend

    yield ProcessBackend, [(environments, "install", "environment")]
    yield DockerBackend, []
    yield SageMakerBackend, []


def told(call: Callable[..., Any], *, tell: Callable[[str], None], before: str = "", after: str = "") -> Any:
    """Return *call* saying *before* when it begins, and *after* when it has returned."""

    @functools.wraps(call)
    def announced(*arguments: Any, **named: Any) -> Any:
        if before:
            tell(before)
        result = call(*arguments, **named)
        if after:
            tell(after)
        return result

    return announced


if __name__ == "__main__":
    main()
