"""Carries one training job out, from Starting to its end."""

from __future__ import annotations

import contextlib
import math
import shutil
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from tests.fakes.sagemaker.attempt import TICK, Attempt, Clients, StoppedError, TakenError
from tests.fakes.sagemaker.jobs import Job, choices
from tests.fakes.sagemaker.settings import Settings
from tests.fakes.sagemaker.storage import export

NO_IMAGE = (
    "ClientError: Cannot pull algorithm container. Either the image does not exist or its permissions are incorrect."
)
NO_CAPACITY = (
    "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type."
)
INTERNAL = "InternalServerError: We encountered an internal error. Please try again."
ENDINGS = {
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
    "MaxWaitTimeExceeded": "Training job wait time exceeded MaxWaitTimeInSeconds provided",
}
ACCELERATED = ("ml.g", "ml.p", "ml.trn")


class FailedError(Exception):
    """The service gives the job up; the text is the reason."""


class Execution:
    """One job on its way; `run` is its thread."""

    def __init__(
        self, job: Job, folder: Path, settings: Settings, clients: Callable[[Job], Clients], halted: threading.Event
    ) -> None:
        self.job, self.folder, self.settings, self.halted = job, folder, settings, halted
        self._clients = clients
        self._tries = 0
        self._began = 0.0
        self._deadline = math.inf

    def run(self) -> None:
        """Carry the job out."""
        job = self.job
        try:
            self.folder.mkdir(parents=True)
            self._run()
        except StoppedError as stopped:
            self._stopped(stopped.how)
        except FailedError as failed:
            job.finish("Failed", "Training job failed", status="Failed", reason=str(failed))
        except Exception as error:  # noqa: BLE001 (a defect of the stand-in must not look like one of the job)
            if not self.halted.is_set():
                traceback.print_exc()
            job.finish("Failed", "Training job failed", status="Failed", reason=f"the stand-in failed: {error!r}")
        finally:
            job.folders = []
            shutil.rmtree(self.folder, ignore_errors=True)
            job.over.set()

    def _run(self) -> None:
        job = self.job
        self.pause("Starting")
        self._provision()
        retries = job.request.get("RetryStrategy", {}).get("MaximumRetryAttempts", 0)
        while True:
            try:
                return self._once()
            except TakenError:
                crashed = job.crashed.is_set()
                job.taken.clear()
                job.crashed.clear()
            if crashed and retries == 0:
                raise FailedError(INTERNAL)
            retries -= crashed
            if not crashed:
                job.move("Interrupted", "The job stopped because the managed spot training instances were interrupted.")
                self.pause("Interrupted")
            job.move("Restarting", "Restarting the training job")
            self.pause("Restarting")

    def pause(self, phase: str) -> None:
        """Stay in a phase for as long as it takes, unless the job is to end."""
        self._wait(self.settings.length(phase), lambda: False)

    def _wait(self, seconds: float, done: Callable[[], bool]) -> None:
        until = time.monotonic() + seconds
        while not done():
            self._look()
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(TICK, left))

    def _look(self) -> None:
        if self.halted.is_set() or self.job.stop_asked.is_set():
            raise StoppedError
        if (time.time() - self.job.created) * self.settings.hurry > self._longest_wait():
            raise StoppedError("MaxWaitTimeExceeded")

    def _longest_wait(self) -> float:
        return float(self.job.request["StoppingCondition"]["MaxWaitTimeInSeconds"]) if self.job.is_spot else math.inf

    def _provision(self) -> None:
        job = self.job
        job.move("Pending", "Training job waiting for capacity")
        self.pause("Pending")
        wanted = choices(job.request["ResourceConfig"])

        def available() -> list[tuple[str, int]]:
            return [choice for choice in wanted if choice[0] not in self.settings.no_capacity]

        patience = math.inf if job.is_spot else 0.0
        if any(kind.startswith(ACCELERATED) for kind, _ in wanted):
            patience = max(
                patience, job.request["StoppingCondition"].get("MaxPendingTimeInSeconds", 0) / self.settings.hurry
            )
        self._wait(patience, lambda: bool(available()))
        if not available():
            raise FailedError(NO_CAPACITY)
        with job.changed:
            job.instance_type, job.count = available()[0]
            job.provided = True
        job.move("Pending", "Preparing the instances for training")
        self.pause("Pending")

    def _once(self) -> None:
        """Run the containers once; return when the job has its end."""
        job, began = self.job, time.time()
        job.started = job.started or began
        self._tries += 1
        attempt = Attempt(job, self.folder / str(self._tries), self.settings, self._clients(job), self.halted)
        try:
            job.move("Downloading", "Downloading input data")
            attempt.prepare()
            self.pause("Downloading")
            job.move("Downloading", "Downloading the training image")
            self.pause("Downloading")
            image = self.settings.image(job.request["AlgorithmSpecification"].get("TrainingImage", ""))
            if image is None:
                raise FailedError(NO_IMAGE)
            job.move("Training", "Training image download completed. Training in progress.")
            self.pause("Training")
            how = attempt.run(image, self._until(), self._look)
        finally:
            attempt.close()
            job.running += time.time() - began
            part = self.settings.spot_billed if job.is_spot else 1.0
            job.billed = max(1, math.ceil(job.running * part))
        self._finish(attempt, how)

    def _until(self) -> float:
        """Return when the job has run for too long; where the service itself tries again, that is for all tries together."""
        longest = self.job.request["StoppingCondition"].get("MaxRuntimeInSeconds", 86400) / self.settings.hurry
        fresh = time.monotonic() + longest
        if "RetryStrategy" in self.job.request:
            self._deadline = fresh = min(self._deadline, fresh)
        return fresh

    def _finish(self, attempt: Attempt, how: str) -> None:
        """Store what is left, and give the job its end."""
        if not how.isdecimal():
            self._export(attempt)
            return self._stopped(how)
        self.job.move("Uploading", "Uploading generated training model")
        self._export(attempt)
        with contextlib.suppress(StoppedError):
            self.pause("Uploading")
        if how == "0":
            self.job.finish("Completed", "Training job completed", status="Completed")
            return None
        said = (failure(place / "ml" / "output" / "failure") for place in attempt.places.values())
        raise FailedError(f"AlgorithmError: {next((text for text in said if text), '')}, exit code: {how}")

    def _export(self, attempt: Attempt) -> None:
        output, s3 = self.job.request["OutputDataConfig"], attempt.clients.s3
        uri = f"{output['S3OutputPath'].rstrip('/')}/{self.job.name}/output"
        pack = output.get("CompressionType", "GZIP") != "NONE"
        models = [place / "ml" / "model" for place in attempt.places.values()]
        data = [place / "ml" / "output" / "data" for place in attempt.places.values()]
        self.job.artifacts = export(s3, models, uri, "model", pack=pack) or ""
        export(s3, data, uri, "output", pack=pack)

    def _stopped(self, how: str) -> None:
        if self.job.status != "Stopping":
            self.job.move("Stopping", "Stopping the training job", status="Stopping")
        if not self.halted.is_set():
            time.sleep(self.settings.length("Stopping"))
        self.job.finish(how, ENDINGS[how], status="Stopped")


def failure(path: Path) -> str:
    """Return the first 1024 characters of the job's own reason, '' where it left none."""
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(1024)
