"""`IPython.display` inside the job: a stand-in where IPython is not installed, our own display where it is."""

from __future__ import annotations

import sys
import types
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Callable

from .imports import Hook


class Rich:
    """Text or bytes of one MIME type, from *data* or from a file of the notebook."""

    kind = "text/plain"

    def __init__(
        self, data: str | bytes | None = None, url: str | None = None, filename: str | None = None, **_: Any
    ) -> None:
        if data is None and filename is not None:
            data = Path(filename).read_bytes()
        self.data = f"({url})" if data is None else data

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        data = self.data
        if isinstance(data, bytes) and not self.kind.startswith("image/"):
            data = data.decode("utf-8", "replace")
        return {self.kind: data, "text/plain": f"<{type(self).__name__}>"}


def _rich(name: str, kind: str) -> type:
    return type(name, (Rich,), {"kind": kind, "__module__": "IPython.display"})


KINDS = {"HTML": "text/html", "Markdown": "text/markdown", "Latex": "text/latex", "SVG": "image/svg+xml",
         "Image": "image/png", "Code": "text/plain", "Pretty": "text/plain", "Javascript": "text/plain"}  # fmt: skip


def ignore(*_: Any, **__: Any) -> None:
    """Do nothing: there is no page to clear in a job."""


def for_the_notebook(shell: Callable[[], Any]) -> Callable[[], Any]:
    """Give *shell* to the notebook's own code only.

    Libraries that find a shell (matplotlib does) take what runs them for a live IPython, with all that this can do.
    """

    def get_ipython() -> Any:
        """Return the shell that runs this notebook."""
        # The one way to learn who asks, short of walking the stack.
        return shell() if sys._getframe(1).f_globals.get("__name__") == "__main__" else None  # noqa: SLF001

    return get_ipython


def modules(display: Callable[..., None], shell: Callable[[], Any]) -> dict[str, types.ModuleType]:
    """Make the modules `IPython` and `IPython.display`, or none where IPython itself is installed."""
    if find_spec("IPython") is not None:
        return {}
    package, submodule = types.ModuleType("IPython"), types.ModuleType("IPython.display")
    package.__path__ = []
    package.__spec__ = ModuleSpec("IPython", None, is_package=True)
    submodule.__spec__ = ModuleSpec("IPython.display", None)
    vars(submodule).update({name: _rich(name, kind) for name, kind in KINDS.items()})
    vars(submodule).update(display=display, clear_output=ignore, set_matplotlib_formats=ignore)
    vars(package).update(display=submodule, get_ipython=for_the_notebook(shell))
    return {"IPython": package, "IPython.display": submodule}


def hooks(display: Callable[..., None], shell: Callable[[], Any]) -> dict[str, Hook]:
    """Return what makes an installed IPython show things here, where none of its shells runs."""

    def take_display(module: Any) -> None:
        module.display, module.clear_output = display, ignore

    def take_shell(module: Any) -> None:
        module.get_ipython = for_the_notebook(shell)

    return {
        "IPython.core.display_functions": take_display,
        "IPython.core.getipython": take_shell,
    }
