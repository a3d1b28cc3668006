"""What a person named on the command line: notebooks, folders and configurations, where they really lie."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from alekseylearn.errors import InputError
from alekseylearn.file_names import is_text, shown_name

Kind = Literal["notebook", "folder", "configuration", "word"]

_WANTED = {"notebook": "a notebook", "folder": "a folder", "configuration": "a configuration file"}
_FOUND = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
    stat.S_IFLNK: "a symbolic link",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was named, by kind; `words` are all that is no path: commits, models."""

    notebooks: tuple[str, ...]
    folders: tuple[str, ...]
    configurations: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def start(self) -> Path | None:
        """The folder around which the repository is looked for; None where no path was named."""
        for path in (*self.folders, *self.notebooks, *self.configurations):
            full = Path(path).absolute()
            return next(place for place in (full, *full.parents) if place.is_dir())
        return None


def read_words(words: Sequence[str], *, configurations: bool = False) -> Asked:
    """Tell paths from other words; *configurations* says that a YAML file is one of the former.

    Raises `InputError`: `path.unsafe` for a name that is not UTF-8.
    """
    found: dict[Kind, list[str]] = {"notebook": [], "folder": [], "configuration": [], "word": []}
    for word in words:
        if not is_text(word):
            raise _unsafe(word, "its name is not UTF-8", "rename it")
        found[_kind(word, configurations=configurations)].append(word)
    return Asked(
        notebooks=tuple(found["notebook"]),
        folders=tuple(found["folder"]),
        configurations=tuple(found["configuration"]),
        words=tuple(found["word"]),
    )


def check_paths(asked: Asked) -> None:
    """Check that each path is what it is named for, and no way out of its repository.

    One that is not there is left to those who look for it: a base may have it. Raises `InputError`: `path.unsafe` for
    a symbolic link, one below a repository on the way there, and for a pipe, a device or a folder in place of a file.
    """
    for path in asked.notebooks:
        check_path(path, "notebook")
    for path in asked.folders:
        check_path(path, "folder")
    for path in asked.configurations:
        check_path(path, "configuration")


def check_path(path: str, kind: Kind) -> None:
    """Check one path as `check_paths` does; nothing is opened."""
    full = Path(path).absolute()
    try:
        link = next(_links(full), None)
        mode = full.lstat().st_mode if os.path.lexists(full) else None
    except OSError as error:
        raise _unsafe(path, f"it cannot be looked at: {error.strerror}", "mend its name") from None
    if link is not None:
        what = "it is a symbolic link" if link == full else f"it lies below the symbolic link {shown_name(str(link))}"
        raise _unsafe(path, f"{what}; none is followed", "name the file itself, where it really lies")
    if mode is not None and not (stat.S_ISDIR(mode) if kind == "folder" else stat.S_ISREG(mode)):
        told = _FOUND.get(stat.S_IFMT(mode), "a plain file")
        raise _unsafe(path, f"it is {told}, not {_WANTED[kind]}", "name a plain file, or a folder")


def _kind(word: str, *, configurations: bool) -> Kind:
    if word.endswith(".ipynb"):
        return "notebook"
    if configurations and word.endswith((".yml", ".yaml")):
        return "configuration"
    path = Path(word)
    return "folder" if word and (path.is_dir() or path.is_symlink()) else "word"


def _links(full: Path) -> Iterator[Path]:
    """Yield the links on the way to *full*, itself among them; those outside any repository are the machine's own."""
    for place in (*reversed(full.parents), full):
        if place.is_symlink() and (place == full or _is_in_repository(place.parent)):
            yield place


def _is_in_repository(folder: Path) -> bool:
    return any(os.path.lexists(place / ".git") for place in (folder, *folder.parents))


def _unsafe(path: str, what: str, hint: str) -> InputError:
    return InputError("path.unsafe", what, where=shown_name(path), hint=hint)
