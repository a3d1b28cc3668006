"""Tell a person that a run has ended, wherever they want to be told: apprise knows some hundred services."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from alekseylearn import messenger
from alekseylearn.allowlist import for_job
from alekseylearn.config import Moment
from alekseylearn.errors import MachineError
from alekseylearn.notice import Notice, moment_of, write_notice
from alekseylearn.redaction import ADDRESSES, Redactor, parts_of, secrets_in_address
from alekseylearn.report import Outcome

VARIABLE = ADDRESSES
"""Holds the addresses (apprise URLs), one a line or set apart by spaces. They hold tokens: nobody is shown them."""
PATIENCE = 10.0
"""Seconds that all services together have to take the message."""


def addresses_in(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the addresses that *environ* names, each once."""
    return tuple(dict.fromkeys(environ.get(VARIABLE, "").split()))


def secrets_of(addresses: Sequence[str]) -> tuple[str, ...]:
    """Return what a log must never show: the addresses, and those parts of them that look like tokens."""
    return tuple(dict.fromkeys(part for address in addresses for part in secrets_in_address(address)))


def notify(
    outcome: Outcome,
    addresses: Sequence[str],
    when: Collection[Moment],
    *,
    links: Sequence[str] = (),
    patience: float = PATIENCE,
    python: str = sys.executable,
) -> tuple[MachineError, ...]:
    """Tell all *addresses* of *outcome*, if it is one of the moments *when*; return what went wrong, and never raise.

    *links* are put at the end of the message. Whoever has not answered after *patience* seconds is left alone. The
    errors (`notify.missing notify.address notify.failed`) show nothing of an address but its scheme. *python* is the
    interpreter that apprise is installed in.
    """
    moment = moment_of(outcome) if addresses else None
    if moment is None or moment not in when:
        return ()
    notice = write_notice(outcome, moment, links)
    calls = [_Call.start(python, number, address, notice) for number, address in enumerate(addresses, 1)]
    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        answers = list(pool.map(lambda call: call.answer(patience), calls))
    if any(answer.get("installed") is False for answer in answers):
        what = f"{VARIABLE} is set, but apprise is not installed: nobody was told"
        return (MachineError("notify.missing", what, hint='pip install "alekseylearn[notify]"'),)
    found = (call.error(answer, patience) for call, answer in zip(calls, answers, strict=True))
    return tuple(error for error in found if error is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """One address that is being told, by a process of its own."""

    number: int
    address: str
    process: subprocess.Popen[bytes]
    order: bytes

    @classmethod
    def start(cls, python: str, number: int, address: str, notice: Notice) -> _Call:
        """Begin."""
        # -P: what lies in the working folder is the notebook's, and no module of ours.
        process = subprocess.Popen(
            [python, "-P", str(Path(messenger.__file__))],
            env=for_job(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        order = json.dumps({**asdict(notice), "address": address}).encode()
        return cls(number=number, address=address, process=process, order=order)

    def answer(self, seconds: float) -> dict[str, Any]:
        """Wait for the answer, *seconds* at most."""
        try:
            out, _ = self.process.communicate(self.order, timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            return {"late": True}
        try:
            found = json.loads(out)
        except ValueError:
            return {"known": True}
        return found if isinstance(found, dict) else {"known": True}

    def error(self, answer: Mapping[str, Any], patience: float) -> MachineError | None:
        """Say what went wrong; None where the message was taken."""
        scheme = self.address.partition("://")[0] if "://" in self.address else ""
        where = f"address {self.number}" + (f" ({scheme}://)" if re.fullmatch(r"[A-Za-z]\w{1,20}", scheme) else "")
        if answer.get("done"):
            return None
        if answer.get("late"):
            what = f"nobody was told there: no answer within {patience:g} s"
            return MachineError("notify.failed", what, where=where, hint="look whether the service can be reached")
        if not answer.get("known"):
            what = "this is no address that apprise knows"
            return MachineError("notify.address", what, where=where, hint=f"mend the secret {VARIABLE}: one URL a line")
        said = Redactor.of((self.address, *parts_of(self.address))).redact(str(answer.get("said") or ""))
        what = f"nobody was told there: {said or 'the service has not taken the message'}"
        return MachineError("notify.failed", what, where=where, hint="look at the service, and at the address's token")
