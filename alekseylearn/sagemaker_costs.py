"""What a training job on SageMaker may cost, and what it did cost; in US dollars."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from alekseylearn.errors import LimitError
from alekseylearn.jobs import ARCHIVE_FACT, JobState
from alekseylearn.sagemaker_requests import instances_of
from alekseylearn.sagemaker_states import Described, bill_of, ending_of, state_of
from alekseylearn.text import duration

Price = Callable[[str], float | None]
"""What an hour of an instance type costs; None where nobody knows."""


def ceiling(request: Mapping[str, Any], instances: tuple[str, ...], price: Price) -> float | None:
    """Return what a job can cost at most on any of *instances*; None where the price of one is not known."""
    known = [price(instance) for instance in instances]
    if any(one is None for one in known):
        return None
    return max(one for one in known if one is not None) * _hours(request)


def check_ceiling(request: Mapping[str, Any], instances: tuple[str, ...], limit: float | None, price: Price) -> None:
    """Refuse a job that could cost more than *limit*: `LimitError` `cost.limit`, `cost.unknown`."""
    if limit is None:
        return
    most = ceiling(request, instances, price)
    if most is None:
        what = f"what {' or '.join(instances)} costs is unknown, so that `max_cost` ${limit:.2f} cannot be kept"
        raise LimitError("cost.unknown", what, hint="allow pricing:GetProducts, or leave `max_cost` out")
    if most > limit:
        longest = duration(request["StoppingCondition"]["MaxRuntimeInSeconds"])
        count = request["ResourceConfig"]["InstanceCount"]
        machines = f"{count} × {instances_of(request)[0]}" if count > 1 else instances_of(request)[0]
        what = f"{machines} for up to {longest} could cost ${most:.2f}, more than `max_cost` ${limit:.2f}"
        raise LimitError("cost.limit", what, hint="lower `timeout`, take a smaller instance, or raise `max_cost`")


def word_of(described: Described, price: Price, notes: tuple[str, ...], *, told: bool) -> dict[str, Any]:
    """Say what the service knows of an ended job, as `results.read_result` takes it: the bill, the image, the end.

    *told* says that the job has left a word of its own.
    """
    bill = bill_of(described)
    hourly = price(bill.instance) if bill.billed else None
    machines = f"{bill.count} × {bill.instance}" if bill.count > 1 else bill.instance
    facts = {
        "instance": f"{machines} spot" if bill.spot else machines,
        "billed": duration(bill.billed) if bill.billed else "",
        "spot saving": f"{bill.saving:.0%}" if bill.saving else "",
        "image": described.get("AlgorithmSpecification", {}).get("TrainingImage", ""),
        "job": described["TrainingJobName"],
        ARCHIVE_FACT: described.get("ModelArtifacts", {}).get("S3ModelArtifacts", ""),
    }
    word: dict[str, Any] = {
        "environment": {name: fact for name, fact in facts.items() if fact},
        "warnings": list(notes),
        "cost": None if hourly is None else round(hourly * bill.count * bill.billed / 3600, 6),
    }
    ending = ending_of(described)
    if not told:
        word["failure"] = asdict(ending)
    elif ending.exception == "OutOfMemory":
        word["if_killed"] = asdict(ending)
    elif state_of(described) is JobState.FAILED:
        # Another machine of the job may have failed, of which the first one knows only that it was stopped.
        word["if_stopped"] = asdict(replace(ending, exception="Failed"))
    return word


def _hours(request: Mapping[str, Any]) -> float:
    """Return for how many hours of one machine a job can be billed."""
    seconds: int = request["StoppingCondition"]["MaxRuntimeInSeconds"] * request["ResourceConfig"]["InstanceCount"]
    return seconds / 3600
