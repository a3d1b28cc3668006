"""A training job, as the service tells about it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

ENDED = ("Completed", "Failed", "Stopped")
LONGEST_REASON = 1024


@dataclass(kw_only=True)
class Job:
    """State of one job; `changed` is notified whenever it moves on."""

    request: dict[str, Any]
    arn: str
    region: str
    created: float = field(default_factory=time.time)
    status: str = "InProgress"
    secondary: str = "Starting"
    transitions: list[dict[str, Any]] = field(default_factory=list)
    modified: float = 0.0
    started: float | None = None
    ended: float | None = None
    running: float = 0.0
    """Seconds on instances, all tries together."""
    reason: str = ""
    artifacts: str = ""
    instance_type: str = ""
    count: int = 1
    provided: bool = False
    """Whether it has its machines, of the type and number above."""
    metrics: dict[str, tuple[float, float]] = field(default_factory=dict)
    streams: list[str] = field(default_factory=list)
    billed: int | None = None
    exit_codes: list[int] = field(default_factory=list)
    """Exit codes of the first host's entrypoint, one a try."""
    folders: list[Path] = field(default_factory=list)
    """The hosts' /opt/ml, while the job runs."""
    stop_asked: threading.Event = field(default_factory=threading.Event)
    taken: threading.Event = field(default_factory=threading.Event)
    crashed: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    """Set when the service has done everything for the job."""
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def name(self) -> str:
        """The job's name."""
        return str(self.request["TrainingJobName"])

    @property
    def is_spot(self) -> bool:
        """Whether it runs on instances that may be taken away."""
        return bool(self.request.get("EnableManagedSpotTraining"))

    @property
    def hosts(self) -> list[str]:
        """The names of its machines."""
        return [f"algo-{number}" for number in range(1, self.count + 1)]

    def move(self, secondary: str, message: str, *, status: str | None = None) -> None:
        """Enter the phase *secondary*, or only say something else about the one that it is in."""
        now = time.time()
        with self.changed:
            self.modified = now
            self.status = status or self.status
            last = self.transitions[-1] if self.transitions else None
            if last is not None and last["Status"] == secondary:
                last["StatusMessage"] = message
            else:
                if last is not None:
                    last["EndTime"] = now
                self.transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": message})
            self.secondary = secondary
            self.changed.notify_all()

    def finish(self, secondary: str, message: str, *, status: str, reason: str = "") -> None:
        """End the job."""
        self.ended = time.time()
        self.reason = reason[:LONGEST_REASON]
        self.move(secondary, message, status=status)
        self.transitions[-1]["EndTime"] = self.ended

    def wait(self, *wanted: str, seconds: float = 60.0) -> str:
        """Wait until its status or its phase is one of *wanted*, an end of any kind where nothing is named, and return the status."""
        with self.changed:
            reached = self.changed.wait_for(
                lambda: self.status in (wanted or ENDED) or self.secondary in wanted, timeout=seconds
            )
        if not reached:
            raise TimeoutError(
                f"{self.name} is {self.status}/{self.secondary} after {seconds} s, not {wanted or ENDED}"
            )
        return self.status

    def describe(self) -> dict[str, Any]:
        """Return the answer of DescribeTrainingJob."""
        with self.changed:
            request = {
                key: value for key, value in self.request.items() if key not in ("Tags", "SessionChainingConfig")
            }
            told: dict[str, Any] = {
                **request,
                "TrainingJobArn": self.arn,
                "TrainingJobStatus": self.status,
                "SecondaryStatus": self.secondary,
                "SecondaryStatusTransitions": [dict(transition) for transition in self.transitions],
                "CreationTime": self.created,
                "LastModifiedTime": self.modified,
                "ModelArtifacts": {"S3ModelArtifacts": self.artifacts},
                "ProfilingStatus": "Disabled",
            }
            for name in (
                "EnableNetworkIsolation",
                "EnableManagedSpotTraining",
                "EnableInterContainerTrafficEncryption",
            ):
                told.setdefault(name, False)
            told["StoppingCondition"] = {"MaxRuntimeInSeconds": 86400, **request["StoppingCondition"]}
            if "InstancePreferences" in request["ResourceConfig"] and self.provided:
                chosen = {"SelectedInstanceType": self.instance_type, "SelectedInstanceCount": self.count}
                told["ResourceConfig"] = {**request["ResourceConfig"], **chosen}
            if self.reason:
                told["FailureReason"] = self.reason
            if self.started:
                told["TrainingStartTime"] = self.started
            if self.ended and self.started:
                told["TrainingEndTime"] = self.ended
                told["TrainingTimeInSeconds"] = max(1, round(self.running))
                told["BillableTimeInSeconds"] = self.billed or told["TrainingTimeInSeconds"]
            if self.metrics:
                told["FinalMetricDataList"] = [
                    {"MetricName": name, "Value": value, "Timestamp": at} for name, (value, at) in self.metrics.items()
                ]
            return told

    def summary(self) -> dict[str, Any]:
        """Return what ListTrainingJobs tells of it."""
        told = {
            "TrainingJobName": self.name,
            "TrainingJobArn": self.arn,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
            "TrainingJobStatus": self.status,
            "SecondaryStatus": self.secondary,
        }
        return {**told, "TrainingEndTime": self.ended} if self.ended else told


def choices(resources: dict[str, Any]) -> list[tuple[str, int]]:
    """Return the instance types that a request can do with, the best first, each with how many of them."""
    common = resources.get("InstanceCount", 1)
    if preferences := resources.get("InstancePreferences"):
        return [(preference["InstanceType"], preference.get("InstanceCount", common)) for preference in preferences]
    if groups := resources.get("InstanceGroups"):
        return [(group["InstanceType"], group["InstanceCount"]) for group in groups[:1]]
    return [(resources["InstanceType"], common)] if "InstanceType" in resources else []


def moment(value: Any) -> float:
    """Read one of the request's times: clients send seconds since 1970, or text."""
    return float(value) if isinstance(value, int | float) else datetime.fromisoformat(value).timestamp()
