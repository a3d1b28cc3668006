"""One try of a training job: its machines, from the folders that they find to the last line that they print."""

from __future__ import annotations

import json
import math
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.sagemaker.box import Box
from tests.fakes.sagemaker.jobs import Job
from tests.fakes.sagemaker.logs import Metrics, Shipper, pump
from tests.fakes.sagemaker.network import Network
from tests.fakes.sagemaker.settings import Image, Settings
from tests.fakes.sagemaker.storage import Mirror, bring

GROUP = "homogeneousCluster"
TICK = 0.01


class StoppedError(Exception):
    """Somebody asked for the end; *how* is the last phase."""

    def __init__(self, how: str = "Stopped") -> None:
        super().__init__(how)
        self.how = how


class TakenError(Exception):
    """The machines are gone: the job starts anew."""


@dataclass(frozen=True, kw_only=True)
class Clients:
    """Clients with the keys of the job's role."""

    s3: Any
    logs: Any
    cloudwatch: Any


class Attempt:
    """The machines of one try; *look* raises `StoppedError` when the job is to end."""

    def __init__(self, job: Job, folder: Path, settings: Settings, clients: Clients, halted: threading.Event) -> None:
        self.job, self.settings, self.clients = job, settings, clients
        self.places = {host: folder / host for host in job.hosts}
        self._halted = halted
        self._boxes: list[Box] = []
        self._network: Network | None = None

    # Before

    def prepare(self) -> None:
        """Make the folders of all machines, with everything that lies there before a container starts."""
        for host, place in self.places.items():
            self._prepare(host, place / "ml")
        if len(self.places) > 1:
            self._network = Network(self.job.hosts)
        addresses = self._network.addresses if self._network else dict.fromkeys(self.places, "127.0.0.1")
        names = "".join(f"{address} {host}\n" for host, address in addresses.items())
        for place in self.places.values():
            (place / "hosts").write_text(f"127.0.0.1 localhost\n::1 localhost\n{names}", "utf-8")

    def _prepare(self, host: str, ml: Path) -> None:
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

    def run(self, image: Image, deadline: float, look: Callable[[], None]) -> str:
        """Run the containers until *deadline* at most; return how that ended: an exit code as text, or the last phase.

        Raise `TakenError` when the machines were taken away.
        """
        self.job.folders = [place / "ml" for place in self.places.values()]
        checkpoints = self.job.request.get("CheckpointConfig")
        interval = self.settings.checkpoint_interval
        mirrors = [
            Mirror(self.clients.s3, place / "ml" / "checkpoints", checkpoints["S3Uri"], interval)
            for place in self.places.values()
            if checkpoints
        ]
        ends: list[Callable[[], None]] = []
        final = True
        for mirror in mirrors:
            mirror.start()
        try:
            ends += self._start(image)
            return self._watch(deadline, look)
        except TakenError:
            final = self.settings.final_sync
            raise
        finally:
            self.kill()
            for mirror in mirrors:
                mirror.stop(final=final)
            for end in ends:
                end()

    def _start(self, image: Image) -> list[Callable[[], None]]:
        """Start the containers; return what is to be called after their end, for every line to be told."""
        job, request = self.job, self.job.request
        algorithm = request["AlgorithmSpecification"]
        entrypoint = algorithm.get("ContainerEntrypoint")
        arguments = algorithm.get("ContainerArguments") or (() if entrypoint else image.command)
        given = {"AWS_REGION": job.region, "TRAINING_JOB_NAME": job.name, "TRAINING_JOB_ARN": job.arn}
        ends: list[Callable[[], None]] = []
        for host, place in self.places.items():
            machine = f"{job.name}/{host}"
            shipper = Shipper(
                self.clients.logs, machine, delay=lambda: self.settings.ingestion_delay, halted=self._halted
            )
            box = Box(
                place,
                [*(entrypoint or image.entrypoint), *arguments],
                {**image.variables(), **given, **request.get("Environment", {})},
                host=host,
                isolated=request.get("EnableNetworkIsolation", False) and self._network is None,
                network=self._network.spaces[host] if self._network else None,
                shared=self.settings.shared,
                start=image.folder,
            )
            self._boxes.append(box)
            job.streams.append(shipper.stream)
            reader = threading.Thread(target=self._read, args=(box, shipper), daemon=True)
            reader.start()
            ends += [reader.join, box.close, shipper.end]
        return ends

    def _read(self, box: Box, shipper: Shipper) -> None:
        metrics = Metrics(self.job.request["AlgorithmSpecification"].get("MetricDefinitions", []), self._metric)

        def take(message: str) -> None:
            metrics.look(message)
            shipper.add(message)

        pump(box.pipes, take)

    def _metric(self, name: str, value: float) -> None:
        self.job.metrics[name] = (value, time.time())
        dimensions = [{"Name": "TrainingJobName", "Value": self.job.name}]
        data = [{"MetricName": name, "Value": value, "Dimensions": dimensions}]
        self.clients.cloudwatch.put_metric_data(Namespace="/aws/sagemaker/TrainingJobs", MetricData=data)

    def _watch(self, deadline: float, look: Callable[[], None]) -> str:
        """Wait for the end of the containers, or bring it about."""
        job, how, killed_at = self.job, "", math.inf
        while any(box.poll() is None for box in self._boxes):
            if self._halted.is_set():
                raise StoppedError
            if job.taken.is_set() or job.crashed.is_set():
                self._take_away()
            if not how and any(box.poll() for box in self._boxes):
                # One of them failed: the others are not waited for.
                break
            if not how and (how := ending(look, too_long=time.monotonic() > deadline)):
                if job.status != "Stopping":
                    job.move("Stopping", "Stopping the training job", status="Stopping")
                self._signal(signal.SIGTERM)
                killed_at = time.monotonic() + self.settings.grace / self.settings.speed
            if time.monotonic() > killed_at:
                self.kill()
            next((box for box in self._boxes if box.poll() is None), self._boxes[0]).wait(TICK)
        codes = [box.poll() for box in self._boxes]
        job.exit_codes.append(codes[0] if codes[0] is not None else 137)
        if not how and job.stop_asked.is_set():
            return "Stopped"
        return how or str(next((code for code in codes if code), 0))

    def _take_away(self) -> None:
        if self.settings.notice and not self.job.crashed.is_set():
            self._signal(signal.SIGTERM)
            until = time.monotonic() + self.settings.notice
            while time.monotonic() < until and any(box.poll() is None for box in self._boxes):
                time.sleep(TICK)
        self.kill()
        self.job.exit_codes.append(137)
        raise TakenError

    # After

    def _signal(self, number: int) -> None:
        for box in self._boxes:
            box.signal(number)

    def kill(self) -> None:
        """End all machines."""
        for box in self._boxes:
            if box.poll() is None:
                box.kill()

    def close(self) -> None:
        """End everything that belongs to this try, whatever its state."""
        self.kill()
        if self._network is not None:
            self._network.close()


def ending(look: Callable[[], None], *, too_long: bool) -> str:
    """Return the last phase of a job that has to end now, '' where it may go on."""
    try:
        look()
    except StoppedError as stopped:
        return stopped.how
    return "MaxRuntimeExceeded" if too_long else ""
