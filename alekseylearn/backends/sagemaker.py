"""Train on AWS: a training job of SageMaker in a prebuilt image, by boto3 alone; files come and go through S3."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from alekseylearn.allowlist import for_service
from alekseylearn.attempts import Attempt, Attempts
from alekseylearn.aws import connect_aws
from alekseylearn.backends.base import LogChunk, Options
from alekseylearn.bundle import Bundle
from alekseylearn.delivery import deliver
from alekseylearn.errors import MachineError
from alekseylearn.files import read_catalogue, write_atomic
from alekseylearn.job_artifacts import bring, live_events, live_metrics
from alekseylearn.job_logs import JobLog
from alekseylearn.job_starts import JobStarts, taken
from alekseylearn.jobs import JobHandle, JobState, SubmittedJob, is_digest
from alekseylearn.metrics import Metric
from alekseylearn.prices import Prices
from alekseylearn.run_folder import JOB_FILE, MACHINE_LOG, WORD_FILE
from alekseylearn.s3 import Bucket
from alekseylearn.sagemaker_costs import Price, check_ceiling, word_of
from alekseylearn.sagemaker_failures import breach, lacking, without_long_parameters
from alekseylearn.sagemaker_images import choose_image
from alekseylearn.sagemaker_requests import (
    ARCHIVE,
    BOOT,
    PREFIX,
    JobOrder,
    instances_of,
    job_name,
    labels_of,
    last_line,
    request_of,
)
from alekseylearn.sagemaker_states import Described, lacks_capacity, phase_of, state_of
from alekseylearn.stream_reading import StreamCursor
from alekseylearn.training_service import TrainingService

_FRESH = 7 * 24 * 3600.0
"""Seconds for which a bundle counts as new: the template lets it expire after 30 days, jobs may wait for some."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """An attempt, and what the service says of its job; None where it knows of none."""

    attempt: Attempt
    described: Described | None

    @property
    def state(self) -> JobState:
        return JobState.LOST if self.described is None else state_of(self.described)


class SageMakerBackend:
    """Jobs called `alekseylearn-<run id>-<attempt>`: the name, unique in the account for ever, is the lock."""

    name = "sagemaker"

    def __init__(
        self,
        service: TrainingService,
        bucket: Bucket,
        options: Options,
        *,
        price: Price,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._service = service
        self._bucket = bucket
        self._attempts = Attempts(bucket)
        self._starts = JobStarts(service, self._attempts, options.sagemaker)
        self._options = options
        self._table = options.sagemaker
        self._price = price
        self._clock = clock
        self._log = JobLog(service, clock, sleep)
        self._seen: dict[str, _Seen] = {}

    @classmethod
    def connect(cls, options: Options) -> Self:
        """Find region and credentials; raises `MachineError` (`sm.role sm.bucket sm.network aws.*`)."""
        table = options.sagemaker
        wrong = lacking(table)
        if wrong is not None or table.bucket is None:
            raise wrong or MachineError("sm.bucket", "no bucket is named")
        aws = connect_aws(options.environ, table.region)
        bucket = Bucket(aws.client("s3"), table.bucket, table.prefix)
        prices = Prices(aws, options.home / "prices")
        return cls(TrainingService(aws), bucket, options, price=lambda instance: prices.of(instance, aws.region))

    @property
    def machine(self) -> str:
        """Say where jobs run: `SageMaker eu-central-1 (ml.g5.xlarge)`."""
        return f"SageMaker {self._service.region} ({self._table.instances[0]})"

    @property
    def leaves(self) -> bool:
        """Whether jobs go on when whoever waits for them is interrupted: as `on_cancel` says."""
        return self._table.on_cancel == "leave"

    def pause(self, seconds: float) -> float:
        """Look often at first, and every 10 seconds later on: each look is a call that the account may make."""
        return min(10.0, 0.5 + seconds / 10)

    # -- starting -----------------------------------------------------------------------------------------------

    def submit(self, bundle: Bundle, *, name: str, digest: str) -> JobHandle:
        """Start training the identity *digest*; a job of that digest that runs or has succeeded is adopted.

        Raises `MachineError`, `InputError` and `LimitError`: `backend.taken`, the slugs of `sagemaker_failures`, of
        `Bucket` and of `aws.failed`.
        """
        seen = self._look(digest)
        number = 1
        if seen is not None:
            if seen.attempt.digest != digest:
                raise taken(seen.attempt)
            if seen.described is not None and (not seen.state.ended or seen.state is JobState.SUCCEEDED):
                return self._handle(seen.attempt)
            # One without a job was written down by somebody who died before the service heard of it.
            number = seen.attempt.number + (seen.described is not None)
        channels = self._channels()
        today = datetime.fromtimestamp(self._clock(), UTC).date().isoformat()
        image, notes = choose_image(
            self._table, self._options.libraries, read_catalogue(), region=self._service.region, today=today
        )
        order = JobOrder(
            bundle=bundle,
            digest=digest,
            name=name,
            table=self._table,
            image=image,
            root=self._bucket.uri("").rstrip("/"),
            channels=channels,
            labels=self._options.about,
            preferences=self._service.takes_preferences,
            environ=for_service(self._options.environ),
            token=secrets.token_hex(8),
        )
        request = request_of(order, number, self._table.instances)
        wrong = breach(without_long_parameters(request, self._service.breaches(request)))
        if wrong is not None:
            raise wrong
        check_ceiling(request, self._table.instances, self._options.max_cost, self._price)
        self._bring_code(order)
        first = Attempt(
            digest=digest,
            name=name,
            number=number,
            bundle=bundle.digest,
            submitted=self._clock(),
            request=request,
            left=self._table.instances[len(instances_of(request)) :],
            notes=notes,
        )
        self._seen.pop(digest, None)
        return self._handle(self._starts.start(first))

    def _bring_code(self, order: JobOrder) -> None:
        """Put the bundle where its content says; what has lain there for long is written again, before it expires."""

        def bring(key: str, data: bytes) -> None:
            if not self._bucket.put_new(key, data):
                written = self._bucket.written(key)
                if written is None or written < self._clock() - _FRESH:
                    self._bucket.put(key, data)

        boot = order.bundle.files[f"_al/{BOOT}"]
        files = {f"{order.code}/{ARCHIVE}": order.bundle.tar(), f"{order.code}/{BOOT}": boot}
        with ThreadPoolExecutor(len(files)) as pool:
            list(pool.map(bring, files.keys(), files.values()))

    def _channels(self) -> dict[str, str]:
        """Return the data sets, all of which have to lie in S3."""
        for name, address in self._options.data.items():
            if not address.startswith("s3://"):
                what = f"the data set {name} does not lie in S3, where SageMaker looks for it"
                hint = f"`aws s3 sync {address} {self._bucket.uri(f'data/{name}')}`, and name that address"
                raise MachineError("sm.data", what, where=address, hint=hint)
        return dict(self._options.data)

    # -- looking ------------------------------------------------------------------------------------------------

    def find(self, digest: str) -> JobHandle | None:
        """Look for a job of the identity *digest* that was started and not yet brought home."""
        if not is_digest(digest):
            return None
        seen = self._look(digest)
        there = seen is not None and seen.attempt.digest == digest and seen.described is not None
        return self._handle(seen.attempt) if there and seen is not None else None

    def jobs(self) -> tuple[SubmittedJob, ...]:
        """List the jobs that were started and not yet brought home, the newest first."""
        return tuple(found for one in self._attempts.all() if (found := self._listed(one)) is not None)

    def _listed(self, attempt: Attempt) -> SubmittedJob | None:
        """Describe an attempt; one without a job was written down by somebody who died before anybody heard of it."""
        described = self._service.describe(attempt.job) if is_digest(attempt.digest) else None
        if described is None:
            return None
        seen = self._seen[attempt.digest] = _Seen(attempt, described)
        return SubmittedJob(
            handle=self._handle(attempt),
            name=attempt.name,
            submitted=attempt.submitted,
            about=labels_of(attempt.request),
            # One for which there were no machines may go on with others: whoever polls it sees to that.
            state=None if lacks_capacity(described) else seen.state,
        )

    def poll(self, job: JobHandle) -> JobState:
        """Say where *job* stands; one for which there were no machines goes on with others, if others were named."""
        seen = self._mine(job)
        if seen is None or seen.described is None:
            return JobState.LOST
        if lacks_capacity(seen.described) and seen.attempt.left:
            self._seen.pop(job.digest, None)
            self._starts.elsewhere(seen.attempt)
            return JobState.QUEUED
        return seen.state

    def phase(self, job: JobHandle) -> str:
        """Say what goes on before and after the notebook runs: `getting a machine, 2 min 10 s`."""
        seen = self._seen.get(job.digest)
        return "" if seen is None or seen.described is None else phase_of(seen.described, self._clock())

    def metrics(self, job: JobHandle) -> tuple[Metric, ...]:
        """Return the metrics of a job that runs, as far as its checkpoints have brought them here."""
        seen = self._mine(job)
        return () if seen is None else live_metrics(self._bucket, f"runs/{seen.attempt.job}")

    def progress(self, job: JobHandle) -> bytes | None:
        """Return the end of the events of a job that runs, as far as its checkpoints have brought them here."""
        seen = self._seen.get(job.digest) or self._mine(job)
        return None if seen is None else live_events(self._bucket, f"runs/{seen.attempt.job}")

    def logs(self, job: JobHandle, cursor: str = "") -> LogChunk:
        """Return the lines after *cursor*; of a job that has ended, it waits for those that are on their way."""
        reached = StreamCursor.parse(cursor)
        seen = self._mine(job)
        if seen is None or seen.described is None:
            return LogChunk(lines=(), cursor=cursor)
        lines, reached = self._log.read(seen.described, last_line(job.digest), reached)
        return LogChunk(lines=tuple(lines), cursor=str(reached))

    def _look(self, digest: str) -> _Seen | None:
        """Ask for the last attempt at *digest* and for its job."""
        self._seen.pop(digest, None)
        attempt = self._attempts.latest(digest)
        if attempt is None:
            return None
        seen = _Seen(attempt, self._service.describe(attempt.job))
        if attempt.digest == digest:
            self._seen[digest] = seen
        return seen

    def _mine(self, job: JobHandle) -> _Seen | None:
        """Return the attempt that *job* is about, with its state; one that has ended is not asked for again."""
        known = self._seen.get(job.digest)
        if known is None or known.described is None:
            seen = self._look(job.digest)
            return seen if seen is not None and seen.attempt.digest == job.digest else None
        if known.state.ended:
            return known
        seen = _Seen(known.attempt, self._service.describe(known.attempt.job))
        self._seen[job.digest] = seen
        # Somebody else may have gone on with other machines.
        return self._look(job.digest) if seen.described is None or lacks_capacity(seen.described) else seen

    # -- ending -------------------------------------------------------------------------------------------------

    def collect(self, job: JobHandle, into: Path) -> Path:
        """Bring what an ended *job* left into the new folder *into*: `model/`, `output/`; in one step, or not at all.

        Raises `MachineError` (`run.unfinished run.gone collect.failed`, those of `Bucket`) or `UsageError`
        `path.exists`.
        """
        seen = self._mine(job)
        return deliver(
            job,
            into,
            held=seen if seen is not None and seen.described is not None else None,
            state=JobState.LOST if seen is None else seen.state,
            fill=self._bring,
            hint="free the disk; what the job left stays in S3",
        )

    def _bring(self, seen: _Seen, target: Path) -> None:
        bring(self._bucket, f"runs/{seen.attempt.job}", target)
        described = seen.described or {}
        told = (target / "output/data/result.json").is_file()
        word = word_of(described, self._price, seen.attempt.notes, told=told)
        about = {
            "handle": self._handle(seen.attempt).to_json(),
            "bundle": seen.attempt.bundle,
            "name": seen.attempt.name,
        }
        for name, data in ((JOB_FILE, about), (WORD_FILE, word)):
            write_atomic(target / name, json.dumps(data, indent=1).encode())
        write_atomic(target / MACHINE_LOG, str(described.get("FailureReason", "")).encode())

    def cancel(self, job: JobHandle) -> None:
        """Ask *job* to stop and save what it has (SIGTERM, and two minutes); returns at once."""
        # Nothing is asked before: whoever stops has little time, and the service leaves alone what has ended.
        seen = self._seen.get(job.digest)
        attempt = self._attempts.latest(job.digest) if seen is None else seen.attempt
        if attempt is not None and attempt.digest == job.digest and not (seen and seen.described and seen.state.ended):
            self._service.stop(attempt.job)

    def discard(self, job: JobHandle) -> None:
        """Strike an ended *job* out; the service keeps its record, the bucket what it left for as long as it may."""
        seen = self._mine(job)
        if seen is not None and (seen.described is None or seen.state.ended):
            self._attempts.forget(job.digest)
            self._seen.pop(job.digest, None)

    def _handle(self, attempt: Attempt) -> JobHandle:
        found = JobHandle.of("sagemaker", attempt.digest, place=f"{PREFIX}{attempt.digest[:12]}")
        return replace(found, url=self._service.console(job_name(attempt.digest, attempt.number)))
