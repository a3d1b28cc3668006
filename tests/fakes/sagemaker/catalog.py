"""What else is asked about: prices and quotas."""

from __future__ import annotations

import json
from typing import Any

from tests.fakes.sagemaker.settings import Settings
from tests.fakes.sagemaker.wire import Asked, ServiceError

USAGE = {
    "us-east-1": "USE1",
    "us-east-2": "USE2",
    "us-west-2": "USW2",
    "eu-west-1": "EU",
    "eu-central-1": "EUC1",
    "ap-northeast-1": "APN1",
}
"""How prices name the regions."""
NEIGHBOURS = ("Host:{}", "Train:{}-fast", "SpotTrain:{}")
"""Other things whose names look alike."""
PAGE = 100


def products(settings: Settings, request: dict[str, Any]) -> dict[str, Any]:
    """Answer pricing:GetProducts; each price has neighbours that are none of a training job, and an outdated row of 0 dollars."""
    rows = []
    for (region, kind), price in settings.prices.items():
        prefix = "" if region == "us-east-1" and settings.prices.get((region, "")) else f"{USAGE.get(region, region)}-"
        rows += [row(region, f"{prefix}Train:{kind}", 0.0), row(region, f"{prefix}Train:{kind}", price)]
        rows += [row(region, f"{prefix}{name.format(kind)}", price * 2 + 1) for name in NEIGHBOURS]
    if request.get("ServiceCode") != "AmazonSageMaker":
        rows = []
    for wanted in request.get("Filters", []):
        rows = [found for found in rows if fits(found["product"]["attributes"].get(wanted["Field"]), wanted)]
    first, size = int(request.get("NextToken") or 0), request.get("MaxResults", PAGE)
    answer: dict[str, Any] = {
        "FormatVersion": "aws_v1",
        "PriceList": [json.dumps(found) for found in rows[first : first + size]],
    }
    return {**answer, "NextToken": str(first + size)} if first + size < len(rows) else answer


def fits(value: str | None, wanted: dict[str, str]) -> bool:
    """Tell whether a product's attribute keeps to a filter."""
    if value is None:
        return False
    text = wanted["Value"]
    kinds = {
        "TERM_MATCH": value == text,
        "EQUALS": value == text,
        "CONTAINS": text in value,
        "ANY_OF": value in text.split(","),
        "NONE_OF": value not in text.split(","),
    }
    return kinds[wanted["Type"]]


def row(region: str, usage: str, price: float) -> dict[str, Any]:
    """Return one product as the price list has it."""
    code = f"SKU{abs(hash((region, usage, price))) % 10**10:010d}"
    dimension = {
        "unit": "Hrs",
        "pricePerUnit": {"USD": f"{price:.10f}"},
        "description": f"${price} per hour for {usage}",
        "rateCode": f"{code}.JRTCKXETXF.6YS6EN2CT7",
    }
    term = {
        "priceDimensions": {f"{code}.JRTCKXETXF.6YS6EN2CT7": dimension},
        "sku": code,
        "offerTermCode": "JRTCKXETXF",
        "termAttributes": {},
    }
    attributes = {
        "servicecode": "AmazonSageMaker",
        "regionCode": region,
        "usagetype": usage,
        "operation": "RunInstance",
        "servicename": "Amazon SageMaker",
    }
    return {
        "product": {"productFamily": "ML Instance", "attributes": attributes, "sku": code},
        "serviceCode": "AmazonSageMaker",
        "terms": {"OnDemand": {f"{code}.JRTCKXETXF": term}},
    }


def quotas(settings: Settings, call: Asked) -> dict[str, Any]:
    """Answer servicequotas:ListServiceQuotas and GetServiceQuota; raise `ServiceError`."""
    if call.parameters.get("ServiceCode") != "sagemaker":
        raise ServiceError(
            "NoSuchResourceException", "The request failed because the specified service does not exist."
        )
    found = [
        quota(
            call.region,
            f"{kind} for {what}",
            0.0 if "warm" in what else float(settings.quotas.get(kind, settings.quota)),
        )
        for kind in sorted({*settings.quotas, *(kind for _, kind in settings.prices)})
        for what in ("training job usage", "training warm pool usage", "spot training job usage")
    ]
    if call.action == "GetServiceQuota":
        one = next((item for item in found if item["QuotaCode"] == call.parameters.get("QuotaCode")), None)
        if one is None:
            raise ServiceError(
                "NoSuchResourceException", "The request failed because the specified quota does not exist."
            )
        return {"Quota": one}
    first, size = int(call.parameters.get("NextToken") or 0), call.parameters.get("MaxResults", PAGE)
    answer: dict[str, Any] = {"Quotas": found[first : first + size]}
    return {**answer, "NextToken": str(first + size)} if first + size < len(found) else answer


def quota(region: str, name: str, value: float) -> dict[str, Any]:
    """Return one quota as the service tells it."""
    code = "L-" + f"{sum(ord(sign) * (number + 7) ** 3 for number, sign in enumerate(name)) & 0xFFFFFFFF:08X}"
    return {
        "ServiceCode": "sagemaker", "ServiceName": "Amazon SageMaker", "QuotaName": name, "QuotaCode": code, "Value": value, "Unit": "None",
        "Adjustable": True, "GlobalQuota": False, "QuotaArn": f"arn:aws:servicequotas:{region}::sagemaker/{code}",
    }  # fmt: skip
