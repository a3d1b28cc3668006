"""SageMaker's training jobs and their logs: each call once, with the errors that a caller can do something about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alekseylearn.aws import Aws, failed
from alekseylearn.service_model import Violation, violations
from alekseylearn.stream_reading import Place, streams_of

GROUP = "/aws/sagemaker/TrainingJobs"
HOST = "algo-1"
_NOT_FOUND = "Requested resource not found"
_EXPIRED = "InvalidParameterException"


class RefusedJobError(Exception):
    """The service does not take a job: its own *code* and *message*, and the *error* as boto3 tells it."""

    def __init__(self, code: str, message: str, error: Exception) -> None:
        self.code = code
        self.message = message
        self.error = error
        super().__init__(code, message)


class TrainingService:
    """The calls that a training job needs; raises `MachineError` as `aws.failed` does, unless said otherwise."""

    def __init__(self, aws: Aws) -> None:
        self.region = aws.region
        self._jobs = aws.client("sagemaker")
        self._logs = aws.client("logs")

    @property
    def takes_preferences(self) -> bool:
        """Whether the service takes several instance types in one request: older boto3 does not know how to ask."""
        return "InstancePreferences" in self._shape.members["ResourceConfig"].members

    def breaches(self, request: Mapping[str, Any]) -> tuple[Violation, ...]:
        """Return what *request* breaks of the service's own model."""
        return tuple(violations(self._shape, request))

    @property
    def _shape(self) -> Any:
        return self._jobs.meta.service_model.operation_model("CreateTrainingJob").input_shape

    def create(self, request: Mapping[str, Any]) -> None:
        """Start a job; raises `RefusedJobError` where the service says no, whatever it says."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._jobs.create_training_job(**request)
        except ClientError as error:
            told = error.response.get("Error", {})
            raise RefusedJobError(str(told.get("Code", "")), str(told.get("Message", "")), error) from None
        except BotoCoreError as error:
            raise failed(error, doing="starting a training job") from None

    def describe(self, name: str) -> dict[str, Any] | None:
        """Return what the service says of the job *name*; None where there is none."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            found: dict[str, Any] = self._jobs.describe_training_job(TrainingJobName=name)
        except ClientError as error:
            if _NOT_FOUND in str(error.response.get("Error", {}).get("Message")):
                return None
            raise failed(error, doing="asking after a training job") from None
        except BotoCoreError as error:
            raise failed(error, doing="asking after a training job") from None
        return found

    def stop(self, name: str) -> None:
        """Ask the job *name* to stop; one that has ended is left alone."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._jobs.stop_training_job(TrainingJobName=name)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ValidationException":
                raise failed(error, doing="stopping a training job") from None
        except BotoCoreError as error:
            raise failed(error, doing="stopping a training job") from None

    def streams(self, name: str) -> tuple[str, ...]:
        """Return the log streams of the job's first machine, in the order in which they began; none at first."""
        from botocore.exceptions import BotoCoreError, ClientError

        pages = self._logs.get_paginator("describe_log_streams")
        try:
            found = [
                stream["logStreamName"]
                for page in pages.paginate(logGroupName=GROUP, logStreamNamePrefix=f"{name}/{HOST}-")
                for stream in page["logStreams"]
            ]
        except self._logs.exceptions.ResourceNotFoundException:
            # The group is made with the first job of the account.
            return ()
        except (ClientError, BotoCoreError) as error:
            raise failed(error, doing="looking for the log") from None
        return streams_of(name, found, HOST)

    def events(self, stream: str, place: Place) -> tuple[list[str], Place]:
        """Return the messages of *stream* after *place*, and the place behind them."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            try:
                return self._read(stream, place)
            except ClientError as error:
                # A token leads back for a day; after that the beginning is read again, and passed over.
                if not place.token or error.response.get("Error", {}).get("Code") != _EXPIRED:
                    raise
                messages, end = self._read(stream, Place())
                return messages[place.count :], end
        except self._logs.exceptions.ResourceNotFoundException:
            return [], place
        except (ClientError, BotoCoreError) as error:
            raise failed(error, doing="reading the log") from None

    def _read(self, stream: str, place: Place) -> tuple[list[str], Place]:
        messages: list[str] = []
        token = place.token
        while True:
            there = {"nextToken": token} if token else {}
            page = self._logs.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True, **there)
            messages += [event["message"] for event in page["events"]]
            if page["nextForwardToken"] == token:
                return messages, Place(place.count + len(messages), token)
            token = page["nextForwardToken"]

    def console(self, name: str) -> str:
        """Return the address of the job *name* for a person who may sign in there."""
        domain = "amazonaws.cn" if self.region.startswith("cn-") else "aws.amazon.com"
        return f"https://{self.region}.console.{domain}/sagemaker/home?region={self.region}#/jobs/{name}"
