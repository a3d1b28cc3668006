"""What an hour of a machine costs: asked of AWS, kept for a week, and never worth waiting for."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any, Protocol

from alekseylearn.files import write_atomic
from alekseylearn.price_list import SERVICE, filters, hourly

KEPT = 7 * 24 * 3600
"""Seconds that a price counts as known."""
PATIENCE = 4.0
"""Seconds that are waited for AWS, for all prices of one `Prices` together."""
_HOME = "us-east-1"
"""Where the price list of all regions is."""
_MOST = 4096
"""Bytes; a file of ours has some fifty."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,99}\Z")


class Clients(Protocol):
    """As much of `aws.Aws` as is needed."""

    def client(self, service: str, region: str | None = None) -> Any:
        """Return boto3's client of *service*."""
        ...


class Prices:
    """Prices by instance type and region, kept in files below *folder* if there is one; *clock* tells Unix seconds."""

    def __init__(self, aws: Clients, folder: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._aws = aws
        self._folder = folder
        self._clock = clock
        self._left = PATIENCE

    def of(self, instance_type: str, region: str) -> float | None:
        """Return US dollars an hour, on demand; None where it is unknown or forbidden, or takes too long."""
        if not (_NAME.match(instance_type) and _NAME.match(region)):
            return None
        file = self._folder / region / f"{instance_type}.json" if self._folder else None
        known = self._kept(file) if file else None
        return known if known is not None else self._asked(instance_type, region, file)

    def _asked(self, instance_type: str, region: str, file: Path | None) -> float | None:
        found: list[float | None] = []

        def work() -> None:
            try:
                price = self._ask(instance_type, region)
                found.append(price)
                if price is not None and file is not None:
                    self._keep(file, price)
            except Exception:  # noqa: BLE001 - whatever it is: the price is unknown, and the job starts all the same
                found.append(None)

        # A request that hangs is left behind; a price that comes late is there for the next job.
        thread = Thread(target=work, daemon=True)
        started = time.monotonic()
        thread.start()
        thread.join(self._left)
        self._left = max(0.0, self._left - (time.monotonic() - started))
        return found[0] if found else None

    def _ask(self, instance_type: str, region: str) -> float | None:
        pages = self._aws.client("pricing", _HOME).get_paginator("get_products")
        asked = pages.paginate(ServiceCode=SERVICE, FormatVersion="aws_v1", Filters=filters(instance_type, region))
        return hourly((product for page in asked for product in page["PriceList"]), instance_type)

    def _kept(self, file: Path) -> float | None:
        try:
            with file.open("rb") as opened:
                told = json.loads(opened.read(_MOST))
            price, since = float(told["usd"]), self._clock() - float(told["asked"])
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None
        return price if math.isfinite(price) and price > 0 and 0 <= since < KEPT else None

    def _keep(self, file: Path, price: float) -> None:
        write_atomic(file, json.dumps({"usd": price, "asked": self._clock()}).encode())


def price_of(aws: Clients, instance_type: str, region: str, folder: Path) -> float | None:
    """Return US dollars an hour for one machine, as `Prices.of`."""
    return Prices(aws, folder).of(instance_type, region)
