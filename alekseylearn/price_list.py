"""What AWS's price list says that an hour of training on one machine costs.

Source: AWS Billing User Guide, "Price List Query API" (GetProducts). Half the rows of Amazon SageMaker AI lack an
instance type; the usage type is in all of them: `USE1-Train:ml.g5.xlarge`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

SERVICE = "AmazonSageMaker"


def filters(instance_type: str, region: str) -> list[dict[str, str]]:
    """Return what to ask GetProducts for; it also finds types whose names only begin like *instance_type*."""
    return [
        {"Type": "EQUALS", "Field": "regionCode", "Value": region},
        {"Type": "CONTAINS", "Field": "usagetype", "Value": f"Train:{instance_type}"},
    ]


def hourly(products: Iterable[str], instance_type: str) -> float | None:
    """Return US dollars an hour, on demand, for training on *instance_type*; None where no product says so.

    *products* are the JSON texts that GetProducts answers with. Of several prices the highest counts.
    """
    found = [price for product in products for price in _prices(_mapping(product), instance_type)]
    return max(found, default=None)


def _mapping(text: str) -> Mapping[str, Any]:
    try:
        read = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _prices(product: Mapping[str, Any], instance_type: str) -> Iterator[float]:
    usage = _inside(product, "product", "attributes").get("usagetype")
    if not isinstance(usage, str) or not re.fullmatch(rf"(?:[A-Z]+\d*-)?Train:{re.escape(instance_type)}", usage):
        return
    for term in _inside(product, "terms", "OnDemand").values():
        for dimension in _inside(term, "priceDimensions").values():
            price = _number(_inside(dimension, "pricePerUnit").get("USD"))
            if price and _inside(dimension).get("unit") == "Hrs":
                yield price


def _inside(value: Any, *names: str) -> Mapping[str, Any]:
    """Return the mapping at the end of the path *names*, or an empty one."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _number(value: object) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return 0.0
    return number if math.isfinite(number) and number > 0 else 0.0
