"""What every backend promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, Self

from alekseylearn.bundle import Bundle
from alekseylearn.jobs import JobHandle, JobState, SubmittedJob
from alekseylearn.metrics import Metric
from alekseylearn.tables import DockerTable, SageMakerTable
from alekseylearn.transfers import Transfer, unwatched


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a backend is connected with.

    *home* is a folder of ours that outlives the process (runs, environments); *environ* is the caller's environment,
    of which a job sees an allow-list only; *docker* and *sagemaker* are those backends' own parts of the configuration.
    """

    home: Path
    environ: Mapping[str, str]
    python: str | None = None
    """Interpreter, or version, that the configuration asks for."""
    docker: DockerTable = field(default_factory=DockerTable)
    sagemaker: SageMakerTable = field(default_factory=SageMakerTable)
    max_cost: float | None = None
    """US dollars that one job may cost at most."""
    about: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Labels for people and bills, where the backend has such: `repository`, `pull`, `commit`."""
    data: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Data sets by the name of their channel: an absolute path, or an address that only some backends understand."""
    libraries: frozenset[str] = frozenset()
    """Top-level names that the slice imports: what the image has to have, where none is named."""
    current: Path | None = None
    """The Python that trains where nothing else is asked for; None for the one that runs us."""
    watch: Callable[[Transfer], None] = unwatched
    """Hears how far a transfer has come (an image that is pulled)."""


def often(seconds: float) -> float:
    """Look often at first, and every second later on: a machine near by does not mind."""
    return 0.1 if seconds < 10 else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogChunk:
    """Lines of a job's log, and the cursor from which the next call goes on."""

    lines: tuple[str, ...]
    cursor: str


class Backend(Protocol):
    """A place where a bundle is trained.

    `submit` returns at once. The handle it returns is plain data: any later process can poll, read or collect by it.
    """

    @classmethod
    def connect(cls, options: Options) -> Self:
        """Check *options* and reach the service; raises `MachineError` with a remedy."""
        ...

    @property
    def machine(self) -> str:
        """Say in a few words where jobs run: `this machine (8 cores)`."""
        ...

    @property
    def leaves(self) -> bool:
        """Whether jobs go on when whoever waits for them is interrupted."""
        ...

    def pause(self, seconds: float) -> float:
        """Say how many seconds to wait before the next look at a job that was watched for *seconds*."""
        ...

    def submit(self, bundle: Bundle, *, name: str, digest: str) -> JobHandle:
        """Start training the identity *digest*; a job of that digest that runs or has succeeded is adopted."""
        ...

    def find(self, digest: str) -> JobHandle | None:
        """Look for a job of the identity *digest* that an earlier process submitted."""
        ...

    def jobs(self) -> tuple[SubmittedJob, ...]:
        """List the jobs that the backend holds, whoever submitted them, the newest first."""
        ...

    def poll(self, job: JobHandle) -> JobState:
        """Say where *job* stands; LOST when it died without a word."""
        ...

    def phase(self, job: JobHandle) -> str:
        """Say what goes on while the notebook itself does not run: `getting a machine, 2 min 10 s`; as of `poll`."""
        ...

    def metrics(self, job: JobHandle) -> tuple[Metric, ...]:
        """Return the metrics of a *job* that runs, as far as they are known; none where they cannot be read yet."""
        ...

    def progress(self, job: JobHandle) -> bytes | None:
        """Return the end of the events that *job* has written down, as `progressing` reads them; None without any."""
        ...

    def logs(self, job: JobHandle, cursor: str = "") -> LogChunk:
        """Return the whole lines printed since *cursor* ('' for the beginning); no line is lost or told twice."""
        ...

    def collect(self, job: JobHandle, into: Path) -> Path:
        """Bring what an ended *job* left into the new folder *into*: `model/`, `output/` as the runtime wrote them."""
        ...

    def cancel(self, job: JobHandle) -> None:
        """Ask *job* to stop and save what it has; a job that has ended is left alone."""
        ...

    def discard(self, job: JobHandle) -> None:
        """Forget an ended *job* and free what it holds; one that still runs is left alone."""
        ...
