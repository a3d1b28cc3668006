"""Archives of others, unpacked beside their target and put there when all of it has come: the whole of one, or nothing.

Read in pieces, in little memory: a file's sha256 first, then its members, from one and the same open file.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TypeVar

from alekseylearn.archive_names import refused
from alekseylearn.disk import inside, open_plain, remove, sha256_of
from alekseylearn.errors import LimitError, UsageError
from alekseylearn.gunzip import inflated
from alekseylearn.tars import members
from alekseylearn.text import size as shown_size
from alekseylearn.zips import open_zip

ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar")
"""How the names of files end that are unpacked."""
RECORDED = "expected.sha256"
"""The file beside an archive that tells its sha256; `<archive>.sha256` does so, too."""
_BLOCK = 256 * 1024
_MOST_RECORDED = 64 * 1024
_LINE = re.compile(r"(?:sha256:)?(?P<sum>[0-9a-fA-F]{64})(?:[ \t]+\*?(?P<name>.*))?")
_TAGGED = re.compile(r"SHA256 ?\((?P<name>.*)\) ?= ?(?P<sum>[0-9a-fA-F]{64})")
"""As sha256sum(1) writes it with --tag, sha256(1) of the BSDs, and openssl-dgst(1)."""
_Made = TypeVar("_Made")


def unpack_into(target: Path, path: Path, look: Callable[[Path], _Made], *, sha256: str = "") -> _Made:
    """Unpack the archive *path* and put it at *target*, a new or empty folder; return what *look* found in it.

    *look* is called with the folder before it has its name, and refuses it by raising. *sha256* in hex digits is what
    the archive must be; '' asks for what a file beside it tells, where one does. Files get the mode 0644 at most,
    folders 0755, whatever the archive says.

    Raises `InputError` (`archive.*`), `LimitError` `archive.limit` where the disk has no room, `UsageError`
    `usage.folder`, `OSError`, and what *look* raises; nothing is left at *target* then.
    """
    target = target.absolute()
    made = _make_above(target)
    try:
        with _aside(target) as aside:
            folder = aside / "unpacked"
            folder.mkdir(mode=0o755)
            wanted = sha256.lower() or recorded_sha256(path)
            (_unzip if path.name.endswith(".zip") else _untar)(path, folder, wanted)
            found = look(folder)
            # What is refused need not be on the disk; and the first of many files takes the others along.
            for place, _, names in os.walk(folder):
                for name in (*names, "."):
                    _flush(Path(place, name))
            folder.replace(target)
            _flush(target.parent)
    except BaseException:
        with suppress(OSError):
            for folder in made:
                folder.rmdir()
        raise
    return found


def recorded_sha256(path: Path) -> str:
    """Return the sha256 that a file beside the archive *path* tells, as sha256sum(1) or the BSDs write it; '' for none.

    Raises `InputError` `archive.mismatch` for a file that should tell and does not.
    """
    for beside in (path.with_name(RECORDED), path.with_name(f"{path.name}.sha256")):
        if not os.path.lexists(beside):
            continue
        try:
            with open_plain(beside) as file:
                lines = file.read(_MOST_RECORDED).decode("utf-8-sig", "replace").splitlines()
        except OSError:
            lines = []
        texts = [line.strip() for line in lines]
        told = [match for text in texts if (match := _LINE.fullmatch(text) or _TAGGED.fullmatch(text))]
        chosen = [match for match in told if match["name"] == path.name] or told
        if len({match["sum"].lower() for match in chosen}) != 1:
            raise refused("archive.mismatch", f"{beside.name} does not tell the archive's sha256", str(path))
        return chosen[0]["sum"].lower()
    return ""


def _untar(path: Path, folder: Path, wanted: str) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        _compare(digest, wanted, path)
        file.seek(0)
        read = hashlib.sha256()
        blocks: Iterable[bytes] = _blocks(file, read.update)
        if not path.name.endswith(".tar"):
            blocks = inflated(blocks, str(path))
        for member in members(blocks, str(path)):
            place = inside(folder, member.name) if member.name else folder
            if member.folder:
                place.mkdir(mode=0o755, parents=True, exist_ok=True)
            else:
                _check_room(member.size, folder, path)
                _write(place, member.chunks)
        if read.hexdigest() != digest:
            raise refused("archive.mismatch", "it was changed while it was read", str(path))


def _unzip(path: Path, folder: Path, wanted: str) -> None:
    _compare(sha256_of(path), wanted, path)
    with open_zip(path) as archive:
        _check_room(sum(archive.sizes.values()), folder, path)
        for name in archive.sizes:
            _write(inside(folder, name), archive.chunks(name))


def _compare(digest: str, wanted: str, path: Path) -> None:
    if wanted and digest != wanted:
        what = f"it is not the archive that was left: its sha256 is {digest[:12]}…, not {wanted[:12]}…"
        raise refused("archive.mismatch", what, str(path))


def _blocks(file: IO[bytes], tell: Callable[[bytes], None]) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        tell(block)
        yield block


def _write(place: Path, chunks: Iterable[bytes]) -> None:
    place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with os.fdopen(handle, "wb") as file:
        for chunk in chunks:
            if chunk.strip(b"\0"):
                file.write(chunk)
            else:
                # Zeros need no disk: a hole is read as them.
                file.seek(len(chunk), os.SEEK_CUR)
        file.truncate()


def _check_room(size: int, folder: Path, path: Path) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        what = f"{path.name} needs {shown_size(size)}; there are {shown_size(free)}"
        raise LimitError("archive.limit", what, where=str(folder.parent.parent), hint="free the disk")


def _make_above(target: Path) -> list[Path]:
    """Make the folders above *target*; return those that were not there, the innermost first."""
    missing = [folder for folder in target.parents if not folder.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    return missing


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """Give an empty folder beside *target*, to one process at a time; what a process that died has left is removed."""
    aside = target.with_name(f".{target.name}.unpacking")
    handle = _hold(aside, target)
    try:
        for left in aside.iterdir():
            remove(left)
        yield aside
    finally:
        remove(aside)
        os.close(handle)


def _hold(aside: Path, target: Path) -> int:
    """Hold the folder *aside* itself as a lock, which the kernel frees when its holder dies (flock(2))."""
    while True:
        with suppress(FileExistsError):
            aside.mkdir(mode=0o700)
        try:
            handle = os.open(aside, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            there = os.fstat(handle)
            if there.st_uid != os.geteuid():
                raise BlockingIOError
            if os.path.samestat(there, aside.stat()):
                return handle
        except BlockingIOError:
            os.close(handle)
            hint = "wait for it, or name another folder with --to"
            raise UsageError("usage.folder", f"another process unpacks into {target}", hint=hint) from None
        except FileNotFoundError:
            pass
        os.close(handle)


def _flush(path: Path) -> None:
    """Have the disk hold a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
