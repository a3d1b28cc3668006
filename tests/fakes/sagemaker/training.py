"""SageMaker's calls about training jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tests.fakes.sagemaker.jobs import ENDED, Job, choices, moment
from tests.fakes.sagemaker.settings import Settings
from tests.fakes.sagemaker.storage import split
from tests.fakes.sagemaker.validation import MalformedError, complaint
from tests.fakes.sagemaker.wire import Asked, ServiceError

NOT_FOUND = "Requested resource not found."
PAGE = 10


class Training:
    """The jobs of one account; *begin* starts to carry a job out, *listed* tells whether anything lies below an S3 address."""

    def __init__(
        self, account: str, settings: Settings, *, trusted: Callable[[str], bool], listed: Callable[[str], bool], begin: Callable[[Job], None],
    ) -> None:  # fmt: skip
        self.account, self.settings = account, settings
        self.jobs: dict[tuple[str, str], Job] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self._trusted, self._listed, self._begin = trusted, listed, begin
        self._lock = threading.RLock()
        self._actions: dict[str, Callable[[str, dict[str, Any]], dict[str, Any]]] = {
            "CreateTrainingJob": self.create,
            "DescribeTrainingJob": self.describe,
            "StopTrainingJob": self.stop,
            "DeleteTrainingJob": self.delete,
            "ListTrainingJobs": self.list,
            "AddTags": self.add_tags,
            "DeleteTags": self.delete_tags,
            "ListTags": self.list_tags,
        }

    def answers(self, call: Asked) -> bool:
        """Tell whether *call* is one of ours."""
        if call.service != "sagemaker" or call.action not in self._actions:
            return False
        return not call.action.endswith("Tags") or ":training-job/" in str(call.parameters.get("ResourceArn"))

    def answer(self, call: Asked) -> dict[str, Any]:
        """Carry *call* out; raise `ServiceError`."""
        try:
            wrong = complaint("sagemaker", call.action, call.parameters)
        except MalformedError as error:
            raise ServiceError("SerializationException", str(error)) from None
        if wrong:
            raise ServiceError("ValidationException", wrong)
        with self._lock:
            return self._actions[call.action](call.region, call.parameters)

    def create(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """Check everything that the service checks before it accepts a job, and start it."""
        name, role = request["TrainingJobName"], request["RoleArn"]
        arn = f"arn:aws:sagemaker:{region}:{self.account}:training-job/{name}"
        if (region, name) in self.jobs:
            raise ServiceError(
                "ResourceInUse",
                "Training job names must be unique within an AWS account and region, and a training job with this name already exists "
                f"({arn})",
            )
        for wrong in refusals(request):
            raise ServiceError("ValidationException", wrong)
        if not self._trusted(role):
            raise ServiceError(
                "ValidationException",
                f"Could not assume role {role}. Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume "
                "the role.",
            )
        for channel in request.get("InputDataConfig", []):
            self.look(region, role, channel["DataSource"].get("S3DataSource", {}).get("S3Uri"))
        self.count(region, request["ResourceConfig"])
        job = Job(request=request, arn=arn, region=region)
        job.instance_type, job.count = choices(request["ResourceConfig"])[0]
        job.move("Starting", "Starting the training job")
        self.jobs[region, name] = job
        self.tags[arn] = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
        self._begin(job)
        return {"TrainingJobArn": arn}

    def look(self, region: str, role: str, uri: str | None) -> None:
        """Refuse a channel below whose address lies nothing."""
        if uri is not None and not self._listed(uri):
            raise ServiceError(
                "ValidationException",
                f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket exists in the selected '
                f'region ({region}), that objects exist under that S3 prefix, and that the role "{role}" has "s3:ListBucket" permissions on '
                f'bucket "{split(uri)[0]}".',
            )

    def count(self, region: str, resources: dict[str, Any]) -> None:
        """Refuse what is beyond the account's quota, whichever of the wanted types it were."""
        beyond = [text for kind, wanted in choices(resources) if (text := self.beyond(region, kind, wanted))]
        if len(beyond) == len(choices(resources)):
            raise ServiceError("ResourceLimitExceeded", beyond[0])

    def beyond(self, region: str, kind: str, wanted: int) -> str:
        """Return what the service says where *wanted* machines are too many, '' where they are not."""
        limit = self.settings.quotas.get(kind, self.settings.quota)
        active = [job for (place, _), job in self.jobs.items() if place == region and job.status not in ENDED]
        used = sum(job.count for job in active if job.instance_type == kind)
        if used + wanted <= limit:
            return ""
        return (
            f"The account-level service limit '{kind} for training job usage' is {limit} Instances, with current utilization of {used} Instances "
            f"and a request delta of {wanted} Instances. Please use AWS Service Quotas to request an increase for this quota. If AWS Service "
            "Quotas is not available, contact AWS support to request an increase for this quota."
        )

    def find(self, region: str, name: str) -> Job:
        """Return a job; raise `ServiceError` where there is none."""
        if (region, name) not in self.jobs:
            raise ServiceError("ValidationException", NOT_FOUND)
        return self.jobs[region, name]

    def describe(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """Tell everything about a job."""
        return self.find(region, request["TrainingJobName"]).describe()

    def stop(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """Ask a job to stop; the answer does not wait for it."""
        job = self.find(region, request["TrainingJobName"])
        with job.changed:
            if job.status != "InProgress":
                raise ServiceError(
                    "ValidationException",
                    f"The request was rejected because the training job is in status {job.status}.",
                )
            job.move("Stopping", "Stopping the training job", status="Stopping")
            job.stop_asked.set()
        return {}

    def delete(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """Forget a job that has ended, so that its name is free again."""
        job = self.find(region, request["TrainingJobName"])
        if job.status not in ENDED:
            raise ServiceError("ResourceInUse", f"The training job is in status {job.status} and can not be deleted.")
        del self.jobs[region, job.name]
        self.tags.pop(job.arn, None)
        return {}

    def list(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """List jobs, a page at a time; the page is cut before it is filtered by status, as the service does it."""
        found = [
            job
            for (place, _), job in self.jobs.items()
            if place == region and request.get("NameContains", "").lower() in job.name.lower()
        ]
        for key, attribute in (("CreationTime", "created"), ("LastModifiedTime", "modified")):
            if f"{key}After" in request:
                found = [job for job in found if getattr(job, attribute) > moment(request[f"{key}After"])]
            if f"{key}Before" in request:
                found = [job for job in found if getattr(job, attribute) < moment(request[f"{key}Before"])]
        order: dict[str, Callable[[Job], Any]] = {
            "Name": lambda job: job.name,
            "CreationTime": lambda job: job.created,
            "Status": lambda job: job.status,
        }
        found.sort(
            key=order[request.get("SortBy", "CreationTime")],
            reverse=request.get("SortOrder", "Descending") == "Descending",
        )
        first, size = int(request.get("NextToken") or 0), request.get("MaxResults", PAGE)
        page = [job for job in found[first : first + size] if request.get("StatusEquals") in (None, job.status)]
        told: dict[str, Any] = {"TrainingJobSummaries": [job.summary() for job in page]}
        return {**told, "NextToken": str(first + size)} if first + size < len(found) else told

    def _tags(self, request: dict[str, Any]) -> dict[str, str]:
        if request["ResourceArn"] not in self.tags:
            raise ServiceError("ValidationException", f"The resource {request['ResourceArn']} does not exist")
        return self.tags[request["ResourceArn"]]

    def add_tags(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """Add tags to a job, or change their values."""
        tags = self._tags(request)
        tags.update({tag["Key"]: tag["Value"] for tag in request["Tags"]})
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def delete_tags(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """Take tags off a job."""
        for key in request["TagKeys"]:
            self._tags(request).pop(key, None)
        return {}

    def list_tags(self, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """List a job's tags."""
        return {"Tags": [{"Key": key, "Value": value} for key, value in self._tags(request).items()]}


def refusals(request: dict[str, Any]) -> list[str]:
    """Return what is wrong with a request although each of its values is right by itself."""
    resources, stopping = request["ResourceConfig"], request.get("StoppingCondition", {})
    spot, found = request.get("EnableManagedSpotTraining", False), []
    if "StoppingCondition" not in request:
        found.append(
            "1 validation error detected: Value null at 'stoppingCondition' failed to satisfy constraint: Member must not be null"
        )
    algorithm = request.get("AlgorithmSpecification", {})
    if ("TrainingImage" in algorithm) == ("AlgorithmName" in algorithm):
        found.append("You must specify exactly one of TrainingImage or AlgorithmName in AlgorithmSpecification.")
    if "InstancePreferences" in resources and (
        {"InstanceType", "InstanceGroups", "InstancePlacementConfig"} & set(resources) or spot
    ):
        found.append(
            "InstancePreferences is mutually exclusive with InstanceType, InstanceGroups, InstancePlacementConfig, and EnableManagedSpotTraining"
        )
    elif not {"InstanceType", "InstanceGroups", "InstancePreferences"} & set(resources):
        found.append("You must specify InstanceType, InstanceGroups or InstancePreferences in ResourceConfig.")
    counts = ["InstanceCount" in preference for preference in resources.get("InstancePreferences", [])]
    if counts and (any(counts) != all(counts) or all(counts) == ("InstanceCount" in resources)):
        found.append("InstanceCount must be set either on every entry of InstancePreferences or in ResourceConfig.")
    if any(count < 1 for _, count in choices(resources)):
        found.append(
            "1 validation error detected: Value '0' at 'resourceConfig.instanceCount' failed to satisfy constraint: Member must have value "
            "greater than or equal to 1"
        )
    if "VolumeSizeInGB" not in resources:
        found.append(
            "1 validation error detected: Value null at 'resourceConfig.volumeSizeInGB' failed to satisfy constraint: Member must not be null"
        )
    longest = stopping.get("MaxRuntimeInSeconds", 86400)
    if longest > 28 * 86400:
        found.append("MaxRuntimeInSeconds must be less than or equal to 2419200 seconds.")
    if spot and stopping.get("MaxWaitTimeInSeconds", 0) < longest:
        found.append(
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"
        )
    if not spot and "MaxWaitTimeInSeconds" in stopping:
        found.append("MaxWaitTimeInSeconds is only supported when EnableManagedSpotTraining is set to true.")
    if spot and resources.get("KeepAlivePeriodInSeconds"):
        found.append("KeepAlivePeriodInSeconds is not supported with EnableManagedSpotTraining.")
    return found
