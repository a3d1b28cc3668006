"""Forges by name: where a result is reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from alekseylearn.config import ForgeName

if TYPE_CHECKING:
    from collections.abc import Callable

    from alekseylearn.forges.base import Forge
    from alekseylearn.settings import CiSettings
    from alekseylearn.text import Markdown
    from alekseylearn.trust import Event


def connect(
    name: ForgeName,
    *,
    settings: CiSettings | None = None,
    event: Event | None = None,
    write: Callable[[Markdown], None] = print,
) -> Forge:
    """Return the forge *name*: `github` for *event* in the action, `local` handing the comment to *write*.

    Raises `MachineError` when `github` is asked for outside the action, or without a token.
    """
    match name:
        case "github":
            from alekseylearn.errors import MachineError
            from alekseylearn.forges.github import connect as connect_github

            if settings is None or event is None:
                raise MachineError("ci.environment", "there is no workflow run", hint="run it in GitHub Actions")
            return connect_github(settings, event)
        case "local":
            from alekseylearn.forges.local import LocalForge

            return LocalForge(write)
        case _:
            assert_never(name)
