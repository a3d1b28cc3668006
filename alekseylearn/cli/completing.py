"""What the shell completes: runs, models and notebooks of this repository, as they lie here; nobody is asked."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

_RUN = re.compile(r"[0-9a-f]{12}(?:[0-9a-f]{52})?\Z")
# What a shell takes as it stands: it puts a completion into the line as it is, and a file may have any name.
_PLAIN = re.compile(r"(?!-)[\w@%+=:,./-]+\Z")
_MOST = 100
"""Runs that are offered, the newest first."""
_MOST_FILES = 20_000
"""Files that are looked at for notebooks."""
_MOST_BYTES = 200_000
"""Length of a file from which more than a run's id is told."""
_PASSED_OVER = frozenset({"node_modules", "site-packages", "__pycache__"})


def runs(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the id of a run that is known here."""
    return _items(_runs(_root() / ".alekseylearn"), incomplete)


def models(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a model, or the id of a run that is known here."""
    return [*_items(_models(_root()), incomplete), *runs(_ctx, _param, incomplete)]


def notebooks(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the path of a notebook."""
    return _items(_notebooks(Path()), incomplete)


def trainable(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete what can be trained: the name of a model, or the path of a notebook."""
    return [*_items(_models(_root()), incomplete), *notebooks(_ctx, _param, incomplete)]


def _items(found: Iterable[tuple[str, str]], incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    # A line that somebody else wrote does not become a command, nor two.
    return [
        CompletionItem(word, help=" ".join(about.split())[:80] or None)
        for word, about in found
        if word.startswith(incomplete) and _PLAIN.match(word)
    ]


def _root() -> Path:
    """Return the repository's folder, as git would find it; this one outside of any."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def _runs(home: Path) -> Iterator[tuple[str, str]]:
    """Name what runs, has ended or has failed here, the newest first."""
    places = [*home.glob("runs/*"), *home.glob("failed/*"), *home.glob("results/*/*")]
    dated = sorted(((_written(place), place) for place in places if _RUN.match(place.name)), reverse=True)
    told: set[str] = set()
    for _, place in dated:
        run = place.name[:12]
        if run not in told and len(told) < _MOST:
            told.add(run)
            yield run, _about(place)


def _written(place: Path) -> float:
    try:
        return place.stat().st_mtime
    except OSError:
        return 0.0


def _about(place: Path) -> str:
    """Say which model a run is of, and how it ended, where a short file tells."""
    for name in ("result.json", "job.json"):
        try:
            path = place / name
            if path.stat().st_size <= _MOST_BYTES:
                about: dict[str, Any] = json.loads(path.read_bytes())
                return f"{about.get('name', '')} {about.get('state', '')}".strip()
        except (OSError, ValueError, AttributeError, RecursionError):
            continue
    return ""


def _models(root: Path) -> Iterator[tuple[str, str]]:
    """Name the models of the configuration; one that cannot be read has none."""
    from alekseylearn.errors import InputError
    from alekseylearn.strict import Limits, load_yaml

    try:
        data = (root / "alekseylearn.yml").read_bytes()
        found = load_yaml(data, "", Limits(family="config", max_bytes=_MOST_BYTES, max_depth=20))["models"]
        yield from ((str(name), "a model") for name in found)
    except (OSError, InputError, KeyError, TypeError):
        return


def _notebooks(folder: Path) -> Iterator[tuple[str, str]]:
    """Name the notebooks below *folder*, as far as looking for them takes no time."""
    left = _MOST_FILES
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _PASSED_OVER)
        left -= len(folders) + len(files)
        if left < 0:
            return
        yield from ((str(Path(place, name)), "a notebook") for name in sorted(files) if name.endswith(".ipynb"))
