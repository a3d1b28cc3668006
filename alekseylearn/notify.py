"""Tell a person that a run has ended, wherever they want to be told: apprise knows some hundred services."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from alekseylearn.config import Moment
from alekseylearn.errors import MachineError
from alekseylearn.notice import Notice, moment_of, write_notice
from alekseylearn.report import Outcome

VARIABLE = "ALEKSEYLEARN_NOTIFY"
"""Holds the addresses (apprise URLs), one a line or set apart by spaces. They hold tokens: nobody is shown them."""
PATIENCE = 10.0
"""Seconds that all services together have to take the message."""
_LONGEST_PUBLIC = 15
"""Parts of an address that are no longer may be ordinary words; longer ones are masked in the log, too."""


def addresses_in(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the addresses that *environ* names, each once."""
    return tuple(dict.fromkeys(environ.get(VARIABLE, "").split()))


def secrets_of(addresses: Sequence[str]) -> tuple[str, ...]:
    """Return what a log must never show: the addresses, and those parts of them that look like tokens."""
    parts = [part for address in addresses for part in _parts(address) if len(part) > _LONGEST_PUBLIC]
    return tuple(dict.fromkeys([*addresses, *parts]))


def notify(
    outcome: Outcome,
    addresses: Sequence[str],
    when: Collection[Moment],
    *,
    links: Sequence[str] = (),
    patience: float = PATIENCE,
) -> tuple[MachineError, ...]:
    """Tell all *addresses* of *outcome*, if it is one of the moments *when*; return what went wrong, and never raise.

    *links* are put at the end of the message. Whoever has not answered after *patience* seconds is left alone. The
    errors (`notify.missing notify.address notify.failed`) show nothing of an address but its scheme.
    """
    moment = moment_of(outcome) if addresses else None
    if moment is None or moment not in when:
        return ()
    try:
        import apprise
    except ImportError:
        what = f"{VARIABLE} is set, but apprise is not installed: nobody was told"
        return (MachineError("notify.missing", what, hint='pip install "alekseylearn[notify]"'),)
    notice = write_notice(outcome, moment, links)
    calls = [_Call(number, address, notice) for number, address in enumerate(addresses, 1)]
    with _listening(calls):
        for call in calls:
            call.start(apprise)
        until = time.monotonic() + patience
        for call in calls:
            call.thread.join(max(0.0, until - time.monotonic()))
        return tuple(error for call in calls if (error := call.error(patience)) is not None)


@dataclass(slots=True)
class _Call:
    """One address being told, in a thread of its own: one that hangs holds up nobody, not even our end."""

    number: int
    address: str
    notice: Notice
    thread: threading.Thread = field(init=False)
    said: str = ""
    known: bool = False
    done: bool = False

    def start(self, apprise: Any) -> None:
        """Begin."""
        asset = apprise.AppriseAsset(app_id="alekseylearn", app_desc="alekseylearn", app_url="", async_mode=False)
        app = apprise.Apprise(asset=asset)
        self.known = bool(app.add(self.address)) and len(app) == 1
        self.thread = threading.Thread(
            target=self._tell, args=(apprise, app), daemon=True, name=f"notify-{self.number}"
        )
        self.thread.start()

    def error(self, patience: float) -> MachineError | None:
        """Say what went wrong; None where the message was taken."""
        if self.done:
            return None
        scheme = self.address.partition("://")[0] if "://" in self.address else ""
        where = f"address {self.number}" + (f" ({scheme}://)" if re.fullmatch(r"[A-Za-z]\w{1,20}", scheme) else "")
        if self.thread.is_alive():
            what = f"nobody was told there: no answer within {patience:g} s"
            return MachineError("notify.failed", what, where=where, hint="look at the service")
        if not self.known:
            what = "this is no address that apprise knows"
            return MachineError("notify.address", what, where=where, hint=f"mend the secret {VARIABLE}: one URL a line")
        what = f"nobody was told there: {_redacted(self.said, self.address) or 'the service has refused'}"
        return MachineError("notify.failed", what, where=where, hint="look at the service, and at the address's token")

    def _tell(self, apprise: Any, app: Any) -> None:
        notice = self.notice
        kind = apprise.NotifyType.SUCCESS if notice.moment == "done" else apprise.NotifyType.FAILURE
        plain = apprise.NotifyFormat.TEXT
        try:
            told = self.known and app.notify(notice.body, title=notice.title, notify_type=kind, body_format=plain)
            self.done = bool(told)
        except Exception as error:  # noqa: BLE001 - what a service's client meets is no fault of the run
            self.said = f"{type(error).__name__}: {error}"


@contextmanager
def _listening(calls: Sequence[_Call]) -> Iterator[None]:
    """Hear what apprise logs, by thread, and keep it from every other reader: it may hold addresses."""

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            for call in calls:
                if record.threadName == call.thread.name and record.levelno >= logging.WARNING:
                    call.said = record.getMessage()

    logger, ear = logging.getLogger("apprise"), Ear()
    before = logger.propagate
    logger.addHandler(ear)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(ear)
        # One that still hangs may log later: without a reader Python itself would print it.
        if any(call.thread.is_alive() for call in calls):
            logger.addHandler(logging.NullHandler())
        else:
            logger.propagate = before


def _parts(address: str) -> tuple[str, ...]:
    """Take *address* apart at whatever sets parts of it apart; its scheme is none."""
    rest = address.partition("://")[2] or address
    raw = [part for part in re.split(r"[/:@?&=,;#]", rest) if part]
    return tuple(dict.fromkeys([*raw, *map(unquote, raw)]))


def _redacted(text: str, address: str) -> str:
    """Take every part of *address* out of *text*."""
    found = sorted({address, *_parts(address)}, key=len, reverse=True)
    for part in found:
        text = text.replace(part, "***") if len(part) > 2 else text
    return re.sub(r"(?:\*\*\*\W?)+\*\*\*", "***", text)
