"""Push a notebook; the training cells that changed are trained, and the result is reviewed on the pull request."""

from __future__ import annotations

# A module of `python -m` is imported with the working folder in front of the path: nothing else is, here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__version__ = "1.0.0.dev0"


def log_metric(name: str, value: Any, step: int | None = None) -> None:
    """Log one number of a training: its *name*, its *value* (a number, or a tensor of one), for a curve its *step*.

    Inside a job it reaches the report. Anywhere else it is kept in memory (`live_values.logged`), so that a notebook
    that logs runs everywhere. Raises `TypeError` where the name is no text or the value no single number, as in a job.
    """
    from alekseylearn.live_values import CALLS

    CALLS.log_metric(name, value, step)


def log_params(params: Mapping[str, Any]) -> None:
    """Note the settings of a training, for the report; outside a job they are kept in memory."""
    from alekseylearn.live_values import CALLS

    CALLS.log_params(params)


def load_ipython_extension(shell: Any) -> None:
    """Do what `%load_ext alekseylearn` asks for."""
    from alekseylearn.ipython import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Do what `%unload_ext alekseylearn` asks for."""
    from alekseylearn.ipython import unload

    unload(shell)
