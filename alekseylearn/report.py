"""Outcome: all that a report can tell; its sections become one Markdown body within the limit, or one HTML page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from alekseylearn.diff import NotebookDiff
from alekseylearn.jobs import TrainingResult
from alekseylearn.metrics import Gate, MetricDelta
from alekseylearn.plan import Decision
from alekseylearn.slicing import Slice
from alekseylearn.text import Markdown

LIMIT = 60_000
"""Longest comment, in characters; GitHub refuses a body of more than 65,536."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One side of the comparison: the branch's name and the commit's sha (40 hex digits, '' for a work tree)."""

    name: str
    sha: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the table that a running comment shows."""

    name: str
    state: Literal["done", "running", "waiting"]
    text: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """A gate and whether head's value keeps it."""

    gate: Gate
    value: float | None
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookOutcome:
    """What became of one notebook of the pull request.

    *head* and *base* are the results on the two sides (None: not trained, or not ended yet); *reused* says that head's
    result was there before this run. *refused* is the text of an error that kept the notebook from being looked at.
    """

    path: str
    name: str
    decision: Decision
    reason: str
    diff: NotebookDiff
    digest: str = ""
    slice: Slice | None = None
    sources: tuple[tuple[int, str], ...] = ()
    """(cell index, headline) of every code cell of head."""
    head: TrainingResult | None = None
    base: TrainingResult | None = None
    reused: bool = False
    base_reused: bool = False
    base_note: str = ""
    """Why there is no base result, in words."""
    deltas: tuple[MetricDelta, ...] = ()
    primary: str | None = None
    tolerance: float = 0.0
    gates: tuple[GateResult, ...] = ()
    steps: tuple[Step, ...] = ()
    refused: str = ""
    failed_source: str = ""
    """Source of the cell that failed, as the notebook has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """One earlier run on the pull request, as the comment remembers it."""

    sha: str
    when: str
    metric: str
    value: float | None
    change: float | None
    seconds: float
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All that a report can tell about one run of the pipeline; *when* is UTC text made at the edge."""

    base: Commit
    head: Commit
    notebooks: tuple[NotebookOutcome, ...]
    when: str
    version: str
    finished: bool = True
    pull: int | None = None
    fork: bool = False
    run: str = ""
    """Short id for the footer: the workflow run's id in CI, else the first notebook's run id."""
    attempt: int = 1
    order: tuple[int, int] = (0, 0)
    """(run number, attempt): a comment is never overwritten by an older one."""
    backend: str = "process"
    machine: str = ""
    seconds: float = 0.0
    cost: float | None = None
    run_url: str = ""
    artifact_url: str = ""
    history: tuple[PastRun, ...] = ()
    warnings: tuple[str, ...] = ()
    exit_code: int = 0
    report_path: str = ""
    """Where report.html lies, for a person's own machine."""


Section = Callable[[Outcome], Markdown | None]
"""A part of the report; None when it has nothing to say."""
