"""What SageMaker says of a training job: where it stands, what it is doing, how it ended, and what is billed.

Source: the API reference, `DescribeTrainingJob` (`SecondaryStatus`, `SecondaryStatusTransitions`, `FailureReason`,
`BillableTimeInSeconds`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alekseylearn.jobs import Failure, JobState
from alekseylearn.text import duration

Described = Mapping[str, Any]
"""What `DescribeTrainingJob` answers."""

CAPACITY = re.compile(r"CapacityError|Unable to provision requested ML compute capacity")
_OVER = {"MaxRuntimeExceeded", "MaxWaitTimeExceeded"}
_EXIT = re.compile(r"exit code:? (\d+)")
_KILLED = 137
_PHASES = {
    "Starting": "getting a machine",
    "Pending": "waiting for a machine",
    "LaunchingMLInstances": "getting a machine",
    "PreparingTrainingStack": "preparing the machine",
    "Downloading": "loading code and data",
    "DownloadingTrainingImage": "loading the image",
    "Interrupted": "interrupted: the spot machine was taken away",
    "Restarting": "waiting for another machine",
    "Updating": "updating",
    "Training": "",
    "Uploading": "saving the model",
    "Stopping": "stopping",
}
"""What each secondary status means to a person; nothing is said while the notebook itself speaks."""
_BEGUN = {"Training", "Uploading", "Stopping", "Updating"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What was used: seconds on the machines, those that are billed, and on how many of which type."""

    instance: str
    count: int
    seconds: int
    billed: int
    spot: bool

    @property
    def saving(self) -> float:
        """The share of the time that is not billed, as spot saves it: 0 to 1."""
        return max(0.0, 1 - self.billed / self.seconds) if self.spot and self.seconds else 0.0


def state_of(described: Described) -> JobState:
    """Say where a job stands; LOST where neither the code nor anybody who asked for it ended it."""
    match described["TrainingJobStatus"]:
        case "Completed":
            return JobState.SUCCEEDED
        case "Stopped":
            return JobState.TIMED_OUT if described.get("SecondaryStatus") in _OVER else JobState.STOPPED
        case "Failed":
            return _failed(described)
        case "InProgress" | "Stopping":
            return JobState.RUNNING if described.get("SecondaryStatus") in _BEGUN else JobState.QUEUED
        case _:
            return JobState.LOST


def _failed(described: Described) -> JobState:
    reason = described.get("FailureReason", "")
    if not reason.startswith("AlgorithmError"):
        return JobState.LOST
    match _exit(reason):
        case 7:  # the exit code of our supervisor when a limit of its own was reached (docs/runtime.md)
            return JobState.TIMED_OUT
        case 137:  # killed before it could say a word
            return JobState.LOST
        case _:
            return JobState.FAILED


def _exit(reason: str) -> int | None:
    codes = _EXIT.findall(reason)
    return int(codes[-1]) if codes else None


def phase_of(described: Described, now: float) -> str:
    """Say what goes on before and after the notebook runs, and for how long: `getting a machine, 2 min 10 s`.

    *now* is in seconds since 1970.
    """
    told = _PHASES.get(described.get("SecondaryStatus", ""), "")
    if not told or state_of(described).ended:
        return ""
    steps = described.get("SecondaryStatusTransitions") or ()
    began = steps[-1]["StartTime"].timestamp() if steps else now
    # Getting a machine has several names for one thing to wait for.
    for step in reversed(steps):
        if _PHASES.get(step["Status"]) != told:
            break
        began = step["StartTime"].timestamp()
    return f"{told}, {duration(max(0.0, now - began))}"


def lacks_capacity(described: Described) -> bool:
    """Tell whether a job ended since there were no machines: a spot job waits for them as long as it may."""
    if described["TrainingJobStatus"] == "Failed":
        return CAPACITY.search(described.get("FailureReason", "")) is not None
    return described.get("SecondaryStatus") == "MaxWaitTimeExceeded" and "TrainingStartTime" not in described


def bill_of(described: Described) -> Bill:
    """Return what was used and is billed."""
    machines = described.get("ResourceConfig", {})
    preferred = machines.get("InstancePreferences") or [{}]
    instance = machines.get("SelectedInstanceType") or machines.get("InstanceType") or preferred[0].get("InstanceType")
    return Bill(
        instance=instance or "",
        count=machines.get("SelectedInstanceCount") or machines.get("InstanceCount") or 1,
        seconds=described.get("TrainingTimeInSeconds") or 0,
        billed=described.get("BillableTimeInSeconds") or 0,
        spot=bool(described.get("EnableManagedSpotTraining")),
    )


def ending_of(described: Described) -> Failure:
    """Say why a job ended that left no word of its own."""
    reason = described.get("FailureReason", "") or f"it ended as {described['TrainingJobStatus']}"
    if described.get("SecondaryStatus") == "MaxWaitTimeExceeded":
        return Failure(
            exception="TimeLimit",
            message="no spot machine could be had for long enough",
            hint="raise `max_wait`, name more `instances`, or leave `spot` out",
        )
    if described.get("SecondaryStatus") == "MaxRuntimeExceeded":
        return Failure(exception="TimeLimit", message="the time was over and the job did not end", hint="raise timeout")
    if CAPACITY.search(reason):
        instance = bill_of(described).instance
        return Failure(
            exception="NoCapacity",
            message=f"AWS has no {instance} left in this region at the moment",
            hint="name more `instances`, try again later, or take another region",
        )
    if _exit(reason) == _KILLED:
        return Failure(
            exception="OutOfMemory",
            message="the job was killed, most likely since the machine has too little memory",
            hint="take a larger instance, or smaller batches",
        )
    image = re.search(r"(?i)image|repository|manifest|ecr", reason)
    if reason.startswith("ClientError") and image:
        return Failure(exception="BadImage", message=_plain(reason), hint="correct `image`, and let the role pull it")
    if reason.startswith("ClientError"):
        return Failure(exception="Refused", message=_plain(reason), hint="see what the execution role may do")
    if reason.startswith("InternalServerError"):
        return Failure(exception="ServiceError", message=_plain(reason), hint="train it again")
    return Failure(exception="Lost", message=_plain(reason), hint="look at the job in the SageMaker console")


def _plain(reason: str) -> str:
    """Leave the service's own word for the kind of failure out."""
    return re.sub(r"^\w+Error: ", "", reason)
