"""Put files of others into a person's folder: each one whole and compared under its name, or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from alekseylearn.disk import DEPTH, holdable, inside, open_plain, remove
from alekseylearn.errors import InputError, MachineError, UsageError
from alekseylearn.jobs import is_digest
from alekseylearn.transfers import Transfer, unwatched

ASIDE = ".fetching"
"""The folder in a person's folder for what has not come whole yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A file to put: its *name* below the folder, and what it must be. *open* reads it from a byte on."""

    name: str
    size: int
    sha256: str
    open: Callable[[int], Generator[bytes, None, None]]


def settle_in(folder: Path, items: Sequence[Item], tell: Callable[[Transfer], None] = unwatched) -> None:
    """Bring all *items* into *folder*, which holds nothing else; those that are there already are kept.

    Nothing is under its name before all has come and was compared, whatever ends the process; what has come is gone on
    from the next time. Raises `UsageError` `usage.folder` (something else is there), `InputError` (`archive.unsafe`
    for a name, `archive.mismatch` for a file that is not what it must be), `MachineError` `store.failed`, and what
    `open` raises.
    """
    _check_names(items, folder)
    missing = _missing(folder, items)
    if not missing and folder.is_dir() and not (folder / ASIDE).exists():
        return
    try:
        with _aside(folder) as aside:
            # Somebody else may have been here meanwhile.
            parts = {item.name: _bring(item, folder, aside, tell) for item in _missing(folder, missing, others=items)}
            for name, part in parts.items():
                place = inside(folder, name)
                place.parent.mkdir(parents=True, exist_ok=True)
                part.replace(place)
    except OSError as error:
        hint = "free the disk, or look at who owns the folder"
        what = f"the files cannot be written: {error.strerror or error}"
        raise MachineError("store.failed", what, where=str(folder), hint=hint) from None
    except InputError:
        # To go on would bring the same again.
        with suppress(OSError):
            remove(folder / ASIDE)
            folder.rmdir()
        raise


def _check_names(items: Sequence[Item], folder: Path) -> None:
    names = [item.name for item in items]
    above = {"/".join(name.split("/")[:depth]) for name in names for depth in range(1, name.count("/") + 1)}
    for name, item in zip(names, items, strict=True):
        parts = name.split("/")
        if not is_digest(item.sha256) or not all(map(holdable, parts)) or parts[0] == ASIDE or len(parts) > DEPTH + 1:
            raise InputError("archive.unsafe", f"{name[:80]!r} is no name of a file", where=str(folder))
    if len(set(names)) < len(names) or above & set(names):
        raise InputError("archive.unsafe", "two files have the same name", where=str(folder))


def _missing(folder: Path, items: Sequence[Item], others: Sequence[Item] = ()) -> list[Item]:
    """Return the items that are not there yet; raises `UsageError` where anything else is."""
    if not folder.exists() and not folder.is_symlink():
        return list(items)
    if not folder.is_dir():
        raise _in_use(folder, "is no folder")
    here = set(_names(folder))
    if strange := here - {item.name for item in (*items, *others)}:
        raise _in_use(folder, f"is not empty: {min(strange)} is there")
    missing = []
    for item in items:
        if item.name not in here:
            missing.append(item)
        elif not _is_same(inside(folder, item.name), item):
            raise _in_use(folder, f"holds another {item.name}")
    return missing


def _in_use(folder: Path, how: str) -> UsageError:
    return UsageError("usage.folder", f"{folder} {how}", hint="name another folder with --to")


def _names(folder: Path) -> Iterator[str]:
    """Name all that is in *folder* but folders, and what has not come whole yet."""
    for place, folders, names in os.walk(folder):
        if Path(place) == folder and ASIDE in folders:
            folders.remove(ASIDE)
        links = [name for name in folders if Path(place, name).is_symlink()]
        for name in (*names, *links):
            yield Path(place, name).relative_to(folder).as_posix()


def _is_same(path: Path, item: Item) -> bool:
    try:
        with open_plain(path) as file:
            if os.fstat(file.fileno()).st_size != item.size:
                return False
            return hashlib.file_digest(file, "sha256").hexdigest() == item.sha256
    except OSError:
        return False


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """Give a folder for what is on its way, to one process at a time; it is removed when all has come."""
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / ASIDE
    # The folder itself is the lock: a file in it could be removed by one process while another waits for it.
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if aside.is_symlink():
            raise _in_use(folder, f"holds a link {ASIDE}")
        aside.mkdir(exist_ok=True)
        yield aside
        remove(aside)
    finally:
        os.close(handle)


def _bring(item: Item, folder: Path, aside: Path, tell: Callable[[Transfer], None]) -> Path:
    """Bring one file whole, and return where it is."""
    part = aside / f"{item.sha256}-{hashlib.sha256(item.name.encode()).hexdigest()[:8]}"
    resumed = part.exists()
    # What was there before may have been damaged.
    if _load(item, part, tell) or (resumed and _load_anew(item, part, tell)):
        return part
    what = f"{item.name} is not the file that training left"
    raise InputError("archive.mismatch", what, where=str(folder), hint="train it again, or fetch it again")


def _load_anew(item: Item, part: Path, tell: Callable[[Transfer], None]) -> bool:
    remove(part)
    return _load(item, part, tell)


def _load(item: Item, part: Path, tell: Callable[[Transfer], None]) -> bool:
    """Write what is missing of *part*; tell whether it is what it must be."""
    digest, done = hashlib.sha256(), 0
    with part.open("a+b") as file:
        file.seek(0)
        while block := file.read(1024 * 1024):
            digest.update(block)
            done += len(block)
        if done < item.size or not item.size:
            with closing(item.open(done)) as chunks:
                for chunk in chunks:
                    done += len(chunk)
                    if done > item.size:
                        return False
                    digest.update(chunk)
                    file.write(chunk)
                    tell(Transfer(name=item.name, done=done, total=item.size))
        file.flush()
        os.fsync(file.fileno())
    return done == item.size and digest.hexdigest() == item.sha256
