"""One large file from a web address, in as many pieces as it takes: what has come is kept, whatever happens."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from alekseylearn.disk import holding, make_private, remove, sha256_of
from alekseylearn.errors import InputError, LimitError, MachineError
from alekseylearn.text import size as shown
from alekseylearn.transfers import Transfer, unwatched

if TYPE_CHECKING:
    from requests import Response, Session

BLOCK = 256 * 1024
"""What is written at a time, in bytes."""
LARGEST = 64 * 1024**3
"""The largest file that is fetched, in bytes."""
TRIES = 6
"""How often something is tried in a row without getting on."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_TIMES = (20.0, 60.0)
"""Seconds to connect, and between two pieces."""
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)\Z")


def plain_session() -> Session:
    """Return a session that sends no credentials of its own, not even those of `~/.netrc`."""
    from requests import Session

    session = Session()
    session.auth = lambda request: request
    session.headers["Accept-Encoding"] = "identity"
    return session


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A file to fetch: *size* in bytes; *sha256* '' where nobody tells; *name* is for people.

    *address* is asked before each request, as what it returns may hold for a minute only.
    """

    name: str
    address: Callable[[], str]
    size: int
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloader:
    """Fetches files over HTTP. *session* sends no credentials; *sleep* is `time.sleep`."""

    session: Session = field(default_factory=plain_session)
    sleep: Callable[[float], None] = time.sleep

    def fetch(self, wanted: Wanted, target: Path, tell: Callable[[Transfer], None] = unwatched) -> Path:
        """Bring *wanted* to *target*, whole and compared, or not at all; return *target*.

        What came before the connection broke, or the process died, lies beside it and is gone on from. Raises
        `MachineError` (`fetch.unreachable`, `store.failed`), `InputError` `archive.mismatch` and `LimitError`
        `archive.limit`.
        """
        try:
            make_private(target.parent)
            with holding(target.with_name(f"{target.name}.lock")):
                if not target.is_file():
                    self._check_room(wanted, target)
                    self._bring(wanted, target, tell)
        except OSError as error:
            hint = "free the disk, or look at who owns the folder"
            what = f"{wanted.name} cannot be kept: {error.strerror or error}"
            raise MachineError("store.failed", what, where=str(target), hint=hint) from None
        return target

    def _check_room(self, wanted: Wanted, target: Path) -> None:
        free = shutil.disk_usage(target.parent).free
        if wanted.size > min(LARGEST, free):
            what = f"{wanted.name} is {shown(wanted.size)} large; there is room for {shown(min(LARGEST, free))}"
            raise LimitError("archive.limit", what, where=str(target.parent), hint="free the disk")

    def _bring(self, wanted: Wanted, target: Path, tell: Callable[[Transfer], None]) -> None:
        part = target.with_name(f"{target.name}.part")
        anew = part.exists()
        while True:
            self._load(wanted, part, tell)
            if _matches(part, wanted):
                part.replace(target)
                return
            remove(part)
            if not anew:
                break
            # What was there before may have been another's.
            anew = False
        what = f"{wanted.name} is not the file that was uploaded"
        raise InputError("archive.mismatch", what, where=str(target), hint="run the same command again")

    def _load(self, wanted: Wanted, part: Path, tell: Callable[[Transfer], None]) -> None:
        """Bring *part* to the size of *wanted*, going on where it ends."""
        tries, said = 0, ""
        have = part.stat().st_size if part.exists() else 0
        while have < wanted.size:
            if tries == TRIES:
                raise _unreachable(wanted, said)
            if tries:
                self.sleep(0.25 * 2**tries)
            said = self._piece(wanted, part, have, tell)
            now = part.stat().st_size if part.exists() else 0
            tries = 1 if now > have else tries + 1
            have = now

    def _piece(self, wanted: Wanted, part: Path, have: int, tell: Callable[[Transfer], None]) -> str:
        """Ask once for what is missing and write what comes; return why it ended early, if it did."""
        from requests import RequestException

        address = wanted.address()
        _check_address(address)
        headers = {"Range": f"bytes={have}-"} if have else {}
        try:
            reply = self.session.get(address, headers=headers, stream=True, timeout=_TIMES, allow_redirects=False)
            with closing(reply):
                start = _start_of(reply, have)
                if start is None:
                    return f"it answers {reply.status_code}"
                with part.open("r+b" if start else "wb") as file:
                    file.seek(start)
                    done = start
                    for block in reply.iter_content(BLOCK):
                        done += len(block)
                        if done > wanted.size:
                            return f"more comes than {shown(wanted.size)}"
                        file.write(block)
                        tell(Transfer(name=wanted.name, done=done, total=wanted.size))
        except RequestException as error:
            return type(error).__name__
        return "it ended early"


def _start_of(reply: Response, have: int) -> int | None:
    """Return the place where the body of *reply* belongs; None where it has none of ours."""
    if reply.status_code == 200:
        return 0
    match = _RANGE.match(reply.headers.get("content-range", ""))
    return have if reply.status_code == 206 and match is not None and int(match[1]) == have else None


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        hint = "look at what GITHUB_API_URL names"
        raise MachineError("fetch.unreachable", "the file lies at an address that is not https", hint=hint)


def _matches(part: Path, wanted: Wanted) -> bool:
    if part.stat().st_size != wanted.size:
        return False
    return wanted.sha256 in ("", sha256_of(part))


def _unreachable(wanted: Wanted, said: str) -> MachineError:
    what = f"{wanted.name} does not come: {said}"
    return MachineError("fetch.unreachable", what, hint="run the same command again: it goes on where it stopped")
