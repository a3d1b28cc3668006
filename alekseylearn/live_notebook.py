"""Which notebook a kernel runs, and whether the file on disk is what its cells ran as."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_OURS = re.compile(r"\s*(?:%(?:load_ext|reload_ext|slice|fit|runs|status|stop|fetch)\b.*|#.*)?\Z")
"""A line that trains nothing: a magic of ours, a comment, or nothing at all."""


def own_path(names: Mapping[str, Any], environ: Mapping[str, str]) -> Path | None:
    """Return the path of the notebook whose kernel has the variables *names*; None where nobody tells.

    VS Code tells in `__vsc_ipynb_file__`, Jupyter's server (2 and newer) in `__session__` and JPY_SESSION_NAME.
    """
    told = (names.get("__vsc_ipynb_file__"), names.get("__session__"), environ.get("JPY_SESSION_NAME"))
    for name in told:
        if not isinstance(name, str) or not name.endswith(".ipynb"):
            continue
        # Those who write a notebook together have another prefix before its path.
        for path in (Path(name), Path(re.sub(r"\A(?:RTC|[A-Z]\w*):", "", name)), Path(Path(name).name)):
            if path.is_file():
                return path.absolute()
    return None


@dataclass(slots=True)
class Cells:
    """The cells that ran in this kernel since we were loaded, as they ran last, by their ids in the editor."""

    sources: dict[str, str] = field(default_factory=dict)

    def ran(self, cell_id: object, source: str) -> None:
        """Remember that a cell runs."""
        if isinstance(cell_id, str) and cell_id:
            self.sources[cell_id] = source

    def gone(self, cell_ids: object) -> None:
        """Forget cells that were deleted in the editor."""
        for cell_id in cell_ids if isinstance(cell_ids, list) else ():
            self.sources.pop(str(cell_id), None)

    def unsaved(self, notebook: Path) -> tuple[str, ...]:
        """Return the first lines of those cells that ran as something else than *notebook* has on disk."""
        saved = _saved(notebook)
        if saved is None:
            return ()
        texts = {_bare(text) for text in saved.values()}
        changed = []
        for cell_id, source in self.sources.items():
            if all(_OURS.match(line) for line in source.splitlines()):
                continue
            # Ids of an editor's own are no ids of the file: there the text itself must be.
            same = _bare(saved[cell_id]) == _bare(source) if cell_id in saved else _bare(source) in texts
            if not same:
                changed.append(next(line for line in source.splitlines() if line.strip()).strip())
        return tuple(changed)


def _saved(notebook: Path) -> dict[str, str] | None:
    """Read the sources of the code cells of *notebook*, by id; None where it cannot be read."""
    try:
        document = json.loads(notebook.read_bytes())
        cells = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
        return {str(cell.get("id") or number): "".join(cell["source"]) for number, cell in enumerate(cells)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _bare(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.strip().splitlines())
