"""Carries one training job out, from Starting to its end."""

from __future__ import annotations

import contextlib
import json
import math
import shutil
import signal
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.sagemaker.box import Box
from tests.fakes.sagemaker.jobs import Job, choices
from tests.fakes.sagemaker.logs import Metrics, Shipper, pump
from tests.fakes.sagemaker.settings import Image, Settings
from tests.fakes.sagemaker.storage import Mirror, bring, export

CHECKPOINTS = "/opt/ml/checkpoints"
GROUP = "homogeneousCluster"
NO_IMAGE = (
    "ClientError: Cannot pull algorithm container. Either the image does not exist or its permissions are incorrect."
)
NO_CAPACITY = (
    "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type."
)
INTERNAL = "InternalServerError: We encountered an internal error. Please try again."
TICK = 0.01


class StoppedError(Exception):
    """Somebody asked for the end; *how* is the last phase."""

    def __init__(self, how: str = "Stopped") -> None:
        super().__init__(how)
        self.how = how


class TakenError(Exception):
    """The instances are gone: the job starts anew."""


class FailedError(Exception):
    """The service gives the job up; the text is the reason."""


@dataclass(frozen=True, kw_only=True)
class Clients:
    """Clients with the keys of the job's role."""

    s3: Any
    logs: Any
    cloudwatch: Any


class Execution:
    """One job on its way; `run` is its thread."""

    def __init__(
        self, job: Job, folder: Path, settings: Settings, clients: Callable[[Job], Clients], halted: threading.Event
    ) -> None:
        self.job, self.folder, self.settings, self.halted = job, folder, settings, halted
        self._clients = clients
        self._boxes: list[Box] = []
        self._tries = 0
        self._first_training = 0.0

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
            self._kill()
            job.folders = []
            shutil.rmtree(self.folder, ignore_errors=True)
            job.over.set()

    def _run(self) -> None:
        self.pause("Starting")
        self._provision()
        self.clients = self._clients(self.job)
        retries = self.job.request.get("RetryStrategy", {}).get("MaximumRetryAttempts", 0)
        while True:
            try:
                return self._once()
            except TakenError:
                crashed = self.job.crashed.is_set()
                if crashed and retries == 0:
                    self._bill()
                    raise FailedError(INTERNAL) from None
                retries -= crashed
                self.job.taken.clear()
                self.job.crashed.clear()
                self._bill()
                if not crashed:
                    self.job.move(
                        "Interrupted", "The job stopped because the managed spot training instances were interrupted."
                    )
                    self.pause("Interrupted")
                self.job.move("Restarting", "Restarting the training job")
                self.pause("Restarting")

    def pause(self, phase: str) -> None:
        """Stay in a phase for as long as it takes, unless the job is to end."""
        until = time.monotonic() + self.settings.length(phase)
        while True:
            self._look()
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(TICK, left))

    def _look(self) -> None:
        if self.halted.is_set() or self.job.stop_asked.is_set():
            raise StoppedError
        waited = (time.time() - self.job.created) * self.settings.speed
        if self.job.is_spot and waited > self.job.request["StoppingCondition"]["MaxWaitTimeInSeconds"]:
            raise StoppedError("MaxWaitTimeExceeded")

    def _provision(self) -> None:
        job = self.job
        job.move("Pending", "Training job waiting for capacity")
        self.pause("Pending")
        available = [
            choice for choice in choices(job.request["ResourceConfig"]) if choice[0] not in self.settings.no_capacity
        ]
        if not available:
            raise FailedError(NO_CAPACITY)
        with job.changed:
            job.instance_type, job.count = available[0]
        job.move("Pending", "Preparing the instances for training")
        self.pause("Pending")

    def _once(self) -> None:
        """Run the containers once; return when the job has its end."""
        job = self.job
        self._tries += 1
        self._started = time.time()
        job.started = job.started or self._started
        job.move("Downloading", "Downloading input data")
        places = [self._prepare(host) for host in job.hosts]
        self.pause("Downloading")
        image = self.settings.image(job.request["AlgorithmSpecification"].get("TrainingImage", ""))
        job.move("Downloading", "Downloading the training image")
        self.pause("Downloading")
        if image is None:
            self._bill()
            raise FailedError(NO_IMAGE)
        checkpoints, interval = job.request.get("CheckpointConfig"), self.settings.checkpoint_interval
        mirrors = [
            Mirror(self.clients.s3, place / "ml" / "checkpoints", checkpoints["S3Uri"], interval)
            for place in places
            if checkpoints
        ]
        final = True
        job.move("Training", "Training image download completed. Training in progress.")
        try:
            for mirror in mirrors:
                mirror.start()
            how = self._train(places, image)
        except TakenError:
            final = self.settings.final_sync
            raise
        finally:
            for mirror in mirrors:
                mirror.stop(final=final)
        self._finish(places, how)

    # Before

    def _prepare(self, host: str) -> Path:
        """Make the folders of one host, with everything that lies there before the container starts."""
        place = self.folder / f"{host}-{self._tries}"
        ml = place / "ml"
        for name in ("input/config", "input/data", "model", "output/data", "checkpoints"):
            (ml / name).mkdir(parents=True)
        request = self.job.request
        for channel in request.get("InputDataConfig", []):
            source = channel["DataSource"]["S3DataSource"]
            bring(self.clients.s3, source["S3Uri"], ml / "input" / "data" / channel["ChannelName"])
        if checkpoints := request.get("CheckpointConfig"):
            bring(self.clients.s3, checkpoints["S3Uri"].rstrip("/") + "/", ml / "checkpoints")
        for name, content in self._configuration(host).items():
            (ml / "input" / "config" / f"{name}.json").write_text(json.dumps(content), "utf-8")
        names = "".join(f"127.0.0.1 {name}\n" for name in self.job.hosts)
        (place / "hosts").write_text(f"127.0.0.1 localhost\n::1 localhost\n{names}", "utf-8")
        return place

    def _configuration(self, host: str) -> dict[str, Any]:
        request, job = self.job.request, self.job
        default = request["AlgorithmSpecification"]["TrainingInputMode"]
        group = {"instance_group_name": GROUP, "instance_type": job.instance_type, "hosts": job.hosts}
        return {
            "hyperparameters": request.get("HyperParameters", {}),
            "inputdataconfig": {
                channel["ChannelName"]: {
                    "TrainingInputMode": channel.get("InputMode", default),
                    "S3DistributionType": channel["DataSource"]["S3DataSource"].get(
                        "S3DataDistributionType", "FullyReplicated"
                    ),
                    "RecordWrapperType": channel.get("RecordWrapperType", "None"),
                    **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
                }
                for channel in request.get("InputDataConfig", [])
            },
            "resourceconfig": {
                "current_host": host,
                "current_instance_type": job.instance_type,
                "current_group_name": GROUP,
                "hosts": job.hosts,
                "instance_groups": [group],
                "network_interface_name": "eth0",
            },
            "metricdefinitions": request["AlgorithmSpecification"].get("MetricDefinitions", []),
        }

    # While

    def _train(self, places: list[Path], image: Image) -> str:
        """Run the containers; return how that ended: an exit code as text, or the last phase."""
        job, request = self.job, self.job.request
        algorithm = request["AlgorithmSpecification"]
        entrypoint = algorithm.get("ContainerEntrypoint")
        arguments = algorithm.get("ContainerArguments") or (() if entrypoint else image.command)
        command = [*(entrypoint or image.entrypoint), *arguments]
        given = {"AWS_REGION": job.region, "TRAINING_JOB_NAME": job.name, "TRAINING_JOB_ARN": job.arn}
        isolated = request.get("EnableNetworkIsolation", False)
        epoch = max(int(time.time()), *(int(stream.rpartition("-")[2]) + 1 for stream in job.streams), 0)
        job.folders = [place / "ml" for place in places]
        shippers, readers = [], []
        self.pause("Training")
        for host, place in zip(job.hosts, places, strict=True):
            environ = {**image.variables(), **given, **request.get("Environment", {})}
            box = Box(
                place, command, environ, host=host, isolated=isolated, shared=self.settings.shared, start=image.folder
            )
            self._boxes.append(box)
            stream = f"{job.name}/{host}-{epoch}"
            job.streams.append(stream)
            shipper = Shipper(
                self.clients.logs, stream, delay=lambda: self.settings.ingestion_delay, halted=self.halted
            )
            metrics = Metrics(algorithm.get("MetricDefinitions", []), self._metric)
            shippers.append(shipper)
            readers.append(threading.Thread(target=self._read, args=(box, shipper, metrics), daemon=True))
            readers[-1].start()
        try:
            return self._watch()
        finally:
            self._kill()
            for reader in readers:
                reader.join()
            for box in self._boxes:
                box.close()
            self._boxes = []
            for shipper in shippers:
                shipper.end()

    def _read(self, box: Box, shipper: Shipper, metrics: Metrics) -> None:
        def take(message: str) -> None:
            metrics.look(message)
            shipper.add(message)

        pump(box.pipes, take)

    def _metric(self, name: str, value: float) -> None:
        self.job.metrics[name] = (value, time.time())
        dimensions = [{"Name": "TrainingJobName", "Value": self.job.name}]
        data = [{"MetricName": name, "Value": value, "Dimensions": dimensions}]
        self.clients.cloudwatch.put_metric_data(Namespace="/aws/sagemaker/TrainingJobs", MetricData=data)

    def _watch(self) -> str:
        """Wait for the end of the containers, or bring it about."""
        job, began = self.job, time.monotonic()
        longest = job.request["StoppingCondition"].get("MaxRuntimeInSeconds", 86400) / self.settings.speed
        self._first_training = self._first_training or began
        # Where the service itself tries again, the limit is for all tries together.
        began = self._first_training if "RetryStrategy" in job.request else began
        how, killed_at = "", math.inf
        while any(box.poll() is None for box in self._boxes):
            if self.halted.is_set():
                raise StoppedError
            if job.taken.is_set() or job.crashed.is_set():
                self._take_away()
            codes = [code for box in self._boxes if (code := box.poll())]
            if codes and not how:
                # One host failed: the others are not waited for.
                break
            if not how:
                how = self._ending(time.monotonic() - began > longest)
                if how:
                    for box in self._boxes:
                        box.signal(signal.SIGTERM)
                    killed_at = time.monotonic() + self.settings.grace / self.settings.speed
            if time.monotonic() > killed_at:
                self._kill()
            self._boxes[0].wait(TICK) if self._boxes[0].poll() is None else time.sleep(TICK)
        codes = [box.poll() for box in self._boxes]
        job.exit_codes.append(codes[0] if codes[0] is not None else 137)
        if not how and job.stop_asked.is_set():
            return "Stopped"
        return how or str(next((code for code in codes if code), 0))

    def _ending(self, too_long: bool) -> str:
        job = self.job
        if too_long and not job.stop_asked.is_set():
            job.move("Stopping", "Stopping the training job", status="Stopping")
            return "MaxRuntimeExceeded"
        try:
            self._look()
        except StoppedError as stopped:
            if job.status != "Stopping":
                job.move("Stopping", "Stopping the training job", status="Stopping")
            return stopped.how
        return ""

    def _take_away(self) -> None:
        if self.settings.notice and not self.job.crashed.is_set():
            for box in self._boxes:
                box.signal(signal.SIGTERM)
            until = time.monotonic() + self.settings.notice
            while time.monotonic() < until and any(box.poll() is None for box in self._boxes):
                time.sleep(TICK)
        self._kill()
        self.job.exit_codes.append(137)
        raise TakenError

    def _kill(self) -> None:
        for box in self._boxes:
            if box.poll() is None:
                box.kill()

    # After

    def _finish(self, places: list[Path], how: str) -> None:
        """Store what is left, and give the job its end."""
        job = self.job
        self._bill()
        if not how.isdecimal():
            self._export(places)
            return self._stopped(how)
        job.move("Uploading", "Uploading generated training model")
        self._export(places)
        with contextlib.suppress(StoppedError):
            self.pause("Uploading")
        if how == "0":
            job.finish("Completed", "Training job completed", status="Completed")
            return None
        told = next((text for place in places if (text := failure(place / "ml" / "output" / "failure"))), "")
        raise FailedError(f"AlgorithmError: {told}, exit code: {how}")

    def _export(self, places: list[Path]) -> None:
        output = self.job.request["OutputDataConfig"]
        uri = f"{output['S3OutputPath'].rstrip('/')}/{self.job.name}/output"
        pack = output.get("CompressionType", "GZIP") != "NONE"
        models = [place / "ml" / "model" for place in places]
        data = [place / "ml" / "output" / "data" for place in places]
        self.job.artifacts = export(self.clients.s3, models, uri, "model", pack=pack) or ""
        export(self.clients.s3, data, uri, "output", pack=pack)

    def _bill(self) -> None:
        job = self.job
        job.running += time.time() - self._started
        part = self.settings.spot_billed if job.is_spot else 1.0
        job.billed = max(1, math.ceil(job.running * part))

    def _stopped(self, how: str) -> None:
        messages = {
            "Stopped": "Training job stopped",
            "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
            "MaxWaitTimeExceeded": "Training job wait time exceeded MaxWaitTimeInSeconds provided",
        }
        if self.job.status != "Stopping":
            self.job.move("Stopping", "Stopping the training job", status="Stopping")
        if not self.halted.is_set():
            time.sleep(self.settings.length("Stopping"))
        self.job.finish(how, messages[how], status="Stopped")


def failure(path: Path) -> str:
    """Return the first 1024 characters of the job's own reason, '' where it left none."""
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(1024)
