"""Train in a container of docker or podman, here or on another machine: files go in and out as archives."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from alekseylearn.allowlist import for_container
from alekseylearn.backends.base import LogChunk, Options, often
from alekseylearn.bundle import Bundle
from alekseylearn.container_endings import CANCELLED, RESULT, Endings
from alekseylearn.container_orders import Attempt, Order, cargo_of, spec_of
from alekseylearn.containers import NAMESPACE, PREFIX, ROOTLESS_USER, Container, Gpus
from alekseylearn.cores import count_gpus
from alekseylearn.delivery import deliver
from alekseylearn.disk import remove
from alekseylearn.engine_failures import death, out_of_memory
from alekseylearn.engines import Engine, RefusedError, connect_engine, refusal
from alekseylearn.errors import MachineError
from alekseylearn.files import read_catalogue, write_atomic
from alekseylearn.gpu_requests import Way, ways
from alekseylearn.images import Image, ecr_login, find_image
from alekseylearn.interpreters import VERSION
from alekseylearn.jobs import JobHandle, JobState, SubmittedJob, is_digest
from alekseylearn.log_reading import Cursor, whole_lines
from alekseylearn.metric_lines import metrics_so_far
from alekseylearn.metrics import Metric
from alekseylearn.progressing import TAIL
from alekseylearn.run_folder import JOB_FILE, LEFT_BEHIND, MACHINE_LOG, WORD_FILE
from alekseylearn.sm_contract import ROOT, local_channels
from alekseylearn.text import plural
from alekseylearn.transit import first_file, last_bytes, pack_folders, unpack_plain

_METRICS = f"{ROOT}/output/data/metrics.jsonl"
_EVENTS = f"{ROOT}/output/data/events.jsonl"
_METRICS_BYTES = 64 * 1024 * 1024
_KEPT = 7 * 24 * 3600
"""Seconds after its deadline for which a container waits to be collected."""
_HALF_MADE = 3600
"""Seconds after which a container without its final name has lost who made it."""


class DockerBackend:
    """Jobs as containers called `alekseylearn-<run id>`: the name is the lock, the labels are the record."""

    name = "docker"

    def __init__(
        self, engine: Engine, options: Options, *, clock: Callable[[], float] = time.time, user: str = ""
    ) -> None:
        self._engine, self._options, self._clock = engine, options, clock
        self._endings = Endings(engine)
        # Outside the container, too, a job is then no more than we are.
        self._user = user or (ROOTLESS_USER if engine.rootless else f"{os.getuid()}:{os.getgid()}")

    @classmethod
    def connect(cls, options: Options) -> Self:
        """Reach the engine; raises `MachineError` (`docker.engine docker.version`)."""
        return cls(connect_engine(options.environ), options)

    @property
    def machine(self) -> str:
        """Say where jobs run: `docker 28.5.2 (8 cores)`."""
        return f"{self._engine.kind} {self._engine.version} ({plural(self._engine.cores, 'core')})"

    @property
    def leaves(self) -> bool:
        """Whoever is interrupted stops what runs for them."""
        return False

    def pause(self, seconds: float) -> float:
        """Say how many seconds to wait before the next look."""
        return often(seconds)

    # -- starting -----------------------------------------------------------------------------------------------

    def submit(self, bundle: Bundle, *, name: str, digest: str) -> JobHandle:
        """Start training the identity *digest*; a container of that digest that runs or has succeeded is adopted.

        Who dies on the way leaves a container that the next one starts, or a nameless one that is cleared away later.
        Raises `MachineError`: `backend.taken`, the slugs of `find_image` and those of `engine_failures`.
        """
        handle = _handle(digest)
        attempt: Attempt | None = None
        while True:
            there = self._look(handle)
            if there is not None and there.label("digest") != digest:
                raise _taken(handle)
            if there is not None and not there.waiting:
                if not there.ended or self._endings.state(there) is JobState.SUCCEEDED:
                    return handle
                self._engine.remove(there.id)
                continue
            attempt = attempt or self._attempt(bundle, name, digest)
            try:
                if there is None:
                    self._make(bundle, attempt, handle)
                elif self._start(there):
                    return handle
            except RefusedError as error:
                # What somebody else asked for in vain says nothing about our own attempt.
                ours = there is None or there.label("asked") == attempt.asked
                if ours and not attempt.changed_after(error.words):
                    raise refusal(attempt.refused, self._engine.address) from None

    def _make(self, bundle: Bundle, attempt: Attempt, handle: JobHandle) -> None:
        """Make a container with all its files; its name, given last, says that it is whole."""
        files, folders = cargo_of(bundle, self._channels)
        container = self._engine.create(attempt.labelled)
        try:
            self._engine.put(container, ROOT, pack_folders(files, folders, owner=self._user))
            named = self._engine.rename(container, handle.place)
        except RefusedError:
            self._engine.remove(container)
            raise
        if not named:
            # Somebody else was faster: theirs is adopted.
            self._engine.remove(container)

    def _start(self, there: Container) -> bool:
        """Start a container that is whole, by whomever it was made; False when it is gone, or going."""
        try:
            self._engine.start(there.id)
        except RefusedError as error:
            if error.gone:
                return False
            self._engine.remove(there.id)
            raise
        return True

    def _attempt(self, bundle: Bundle, name: str, digest: str) -> Attempt:
        """Work out what container to ask for, with the image at hand; clears away what others have left."""
        self._reap()
        self._check_data()
        table, engine = self._options.docker, self._engine
        left = list(self._ways())
        gpus = Gpus(request=table.gpus, way=left.pop(0)) if table.gpus and left else None
        image = self._image(gpu=gpus is not None)
        order = Order(
            bundle=bundle,
            digest=digest,
            image=image.id,
            python=self._python,
            user=self._user,
            table=table,
            gpus=gpus,
            cores=engine.cores,
            channels=self._channels,
            environ=for_container(self._options.environ),
            labels={"name": name, "image": image.told},
            now=self._clock(),
        )
        unkept = "the memory limit is not kept: this rootless engine may not set one (it needs cgroup v2)"
        notes = [unkept] if table.memory and not engine.info.get("MemoryLimit", True) else []
        return Attempt(spec_of(order), left, notes)

    def _check_data(self) -> None:
        """Podman makes a folder that is not there, and the job would train on nothing: look, where we can."""
        if self._engine.kind == "podman" and self._engine.local:
            for path in self._channels.values():
                if not Path(path).exists():
                    raise refusal("bind source path does not exist", path)

    @property
    def _channels(self) -> dict[str, str]:
        return local_channels(self._options.data)

    @property
    def _python(self) -> str:
        asked = self._options.python
        if asked is None:
            return "python3"
        return f"python{asked}" if VERSION.fullmatch(asked) else asked

    def _ways(self) -> tuple[Way, ...]:
        """Return the ways to ask for GPUs; none where none are wanted, or none needed and this machine shows none."""
        request, info = self._options.docker.gpus, self._engine.info
        if request is None:
            return ()
        if request.optional and self._engine.local and not info.get("DiscoveredDevices") and not count_gpus({}):
            return ()
        return ways(self._engine.kind, info)

    def _image(self, *, gpu: bool) -> Image:
        table = self._options.docker
        name = read_catalogue().public(table.image, self._options.libraries, gpu=gpu)
        if name is None:
            raise MachineError(
                "docker.image",
                "no image is known that has what the notebook imports",
                hint="name one that has it under `docker: {image: ...}` in alekseylearn.yml",
            )
        return find_image(
            self._engine, name, table.pull, watch=self._options.watch, login=lambda one: ecr_login(one, _ecr_client)
        )

    def _reap(self) -> None:
        """Remove containers of ours that nobody came back for, and those whose maker died before they were whole."""
        now = self._clock()
        for listed in self._engine.containers(NAMESPACE + "digest"):
            labels = listed.get("Labels") or {}
            half_made = any(name.lstrip("/").startswith(f"{PREFIX}new-") for name in listed.get("Names") or ())
            key, most = ("submitted", _HALF_MADE) if half_made else ("deadline", _KEPT)
            running = listed.get("State") in ("running", "paused", "restarting")
            if not running and now > float(labels.get(NAMESPACE + key) or now) + most:
                self._engine.remove(str(listed["Id"]))

    # -- looking ------------------------------------------------------------------------------------------------

    def find(self, digest: str) -> JobHandle | None:
        """Look for a container of the identity *digest* that was started."""
        handle = _handle(digest)
        there = self._look(handle)
        return handle if there is not None and there.label("digest") == digest and not there.waiting else None

    def jobs(self) -> tuple[SubmittedJob, ...]:
        """List the containers of ours on this engine, the newest first."""
        found = []
        for listed in self._engine.containers(NAMESPACE + "digest"):
            labels = {key.removeprefix(NAMESPACE): value for key, value in (listed.get("Labels") or {}).items()}
            digest = labels.get("digest", "")
            names = [name.lstrip("/") for name in listed.get("Names") or ()]
            if is_digest(digest) and (handle := _handle(digest)).place in names:
                submitted = float(labels.get("submitted") or 0)
                found.append(SubmittedJob(handle=handle, name=labels.get("name", ""), submitted=submitted))
        return tuple(sorted(found, key=lambda job: job.submitted, reverse=True))

    def poll(self, job: JobHandle) -> JobState:
        """Say where *job* stands; LOST when its container is gone, or was killed."""
        there = self._mine(job)
        return JobState.LOST if there is None else self._endings.state(there)

    def phase(self, job: JobHandle) -> str:  # noqa: ARG002 - a container starts at once
        """Nothing goes on beside the notebook."""
        return ""

    def metrics(self, job: JobHandle) -> tuple[Metric, ...]:
        """Return the metrics that *job* has written down by now."""
        there = self._mine(job)
        read = there and self._engine.get(there.id, _METRICS, lambda chunks: first_file(chunks, _METRICS_BYTES))
        return metrics_so_far(read or None)

    def progress(self, job: JobHandle) -> bytes | None:
        """Return the end of the events that *job* has written down by now."""
        there = self._mine(job)
        return None if there is None else self._engine.get(there.id, _EVENTS, lambda chunks: last_bytes(chunks, TAIL))

    def logs(self, job: JobHandle, cursor: str = "") -> LogChunk:
        """Return the lines after *cursor*; the last one, however it ends, once *job* has ended."""
        reached = Cursor.parse(cursor)
        there = self._mine(job)
        if there is None:
            return LogChunk(lines=(), cursor=cursor)
        # The state was asked for first: of a job that had ended by then, this is all.
        entries = self._engine.log(there.id, since=reached.time // 10**9)
        lines, reached = whole_lines(entries, reached, ended=there.ended)
        return LogChunk(lines=lines, cursor=str(reached))

    def _look(self, job: JobHandle) -> Container | None:
        raw = self._engine.inspect(_handle(job.digest).place)
        return None if raw is None else Container(raw)

    def _mine(self, job: JobHandle) -> Container | None:
        there = self._look(job)
        return there if there is not None and there.label("digest") == job.digest else None

    # -- ending -------------------------------------------------------------------------------------------------

    def collect(self, job: JobHandle, into: Path) -> Path:
        """Bring what an ended *job* left into the new folder *into*: `model/`, `output/`; in one step, or not at all.

        Only plain files travel; the names of others are in `left-behind.json`.
        Raises `MachineError` (`run.unfinished run.gone collect.failed`) or `UsageError` `path.exists`.
        """
        there = self._mine(job)
        return deliver(
            job,
            into,
            held=there,
            state=JobState.LOST if there is None else self._endings.state(there),
            fill=lambda held, target: self._bring(held, job, target),
            hint="free the disk; the container is untouched",
        )

    def _bring(self, there: Container, job: JobHandle, target: Path) -> None:
        left = [*self._bring_part(there, "model", target), *self._bring_part(there, "output", target)]
        about = {"handle": job.to_json(), "bundle": there.label("bundle"), "name": there.label("name")}
        words = b"".join(entry.data for entry in self._engine.log(there.id, errors=True))
        for name, data in (
            (LEFT_BEHIND, json.dumps(sorted(left)).encode()),
            (JOB_FILE, json.dumps(about, indent=1).encode()),
            (WORD_FILE, json.dumps(self._word(there, told=(target / RESULT).is_file()), indent=1).encode()),
            (MACHINE_LOG, words),
        ):
            write_atomic(target / name, data)

    def _bring_part(self, there: Container, part: str, target: Path) -> list[str]:
        def unpack(chunks: Iterable[bytes]) -> tuple[str, ...]:
            # A transfer that broke off begins anew.
            remove(target / part)
            return unpack_plain(chunks, target / part)

        left = self._engine.get(there.id, f"{ROOT}/{part}", unpack)
        (target / part).mkdir(parents=True, exist_ok=True)
        return [f"{part}/{name}".rstrip("/") for name in left or ()]

    def _word(self, there: Container, *, told: bool) -> dict[str, Any]:
        """Say what the engine knows of an ended job: see `results.read_result`."""
        word: dict[str, Any] = {
            "environment": {"image": there.label("image")},
            "warnings": json.loads(there.label("notes") or "[]"),
        }
        if not told:
            word["failure"] = asdict(death(there.ending, python=there.label("python")))
        elif there.ending.out_of_memory or there.ending.memory:
            word["if_killed"] = asdict(out_of_memory(there.ending))
        return word

    def cancel(self, job: JobHandle) -> None:
        """Ask *job* to stop and save what it has (SIGTERM to the container's first process); returns at once."""
        there = self._mine(job)
        if there is not None and not there.ended:
            self._engine.put(there.id, ROOT, pack_folders({CANCELLED: b"x"}, ()))
            self._engine.signal(there.id, "SIGTERM")

    def discard(self, job: JobHandle) -> None:
        """Remove the container of an ended *job* with its volume; one that runs is left alone."""
        there = self._mine(job)
        if there is not None and there.ended:
            self._engine.remove(there.id)


def _handle(digest: str) -> JobHandle:
    return JobHandle.of("docker", digest, place=f"{PREFIX}{digest[:12]}")


def _taken(handle: JobHandle) -> MachineError:
    hint = f"`docker rm -f {handle.place}` when it is no longer needed"
    return MachineError("backend.taken", "the container belongs to another training", where=handle.place, hint=hint)


def _ecr_client(region: str) -> Any:
    import boto3

    return boto3.client("ecr", region_name=region)
