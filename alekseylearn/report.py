"""Outcome: all that a report can tell; its sections become one Markdown body within the limit, or one HTML page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from alekseylearn.comment_state import CommentState, PastRun, encode, marker
from alekseylearn.diff import NotebookDiff
from alekseylearn.jobs import TrainingResult
from alekseylearn.metrics import Gate, MetricDelta
from alekseylearn.plan import Decision
from alekseylearn.slicing import Slice
from alekseylearn.text import Markdown, join

LIMIT = 60_000
"""Longest comment, in characters; GitHub refuses a body of more than 65,536."""
OTHER_SEEDS = "Repeat with other seeds"
"""Name of the step that stands for all runs but the first of each side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One side of the comparison: the branch's name and the commit's sha (40 hex digits, '' for a work tree)."""

    name: str
    sha: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the table that a running comment shows; *url* leads to the job, where its *backend* has pages."""

    name: str
    state: Literal["done", "running", "waiting"]
    text: str
    seconds: float | None = None
    backend: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """A gate and whether head's value keeps it."""

    gate: Gate
    value: float | None
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that base and head did not have in common beside the code: a version, an image, a machine, the data.

    *what* begins with what it is (`data train.csv`, `image`) or is the name of a package; *part* says that the pull
    request itself changes it.
    """

    what: str
    base: str
    head: str
    part: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookOutcome:
    """What became of one notebook of the pull request.

    *head* and *base* are the results on the two sides (None: not trained, or base has not ended yet); *head* of a job
    that goes on tells what is known by now. Where trainings are repeated with other seeds, each has the means of its
    side's runs as its metrics; *more_head* and *more_base* are what came of the others, as far as that is known.
    *reused* says that head's result was there before this run. *refused* is the text of an error that kept the notebook
    from being looked at.
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
    more_head: tuple[TrainingResult, ...] = ()
    more_base: tuple[TrainingResult, ...] = ()
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
    differences: tuple[Difference, ...] = ()
    """What base and head did not have in common beside the code, for it may be the reason of a change."""
    timeout: int = 0
    """Seconds after which a training is stopped; 0 where nothing would train."""
    max_cost: float | None = None
    """US dollars that a training may cost, where its backend bills."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All that a report can tell about one run of the pipeline; *when* is UTC text made at the edge.

    *finished* false: something trains. *left* are the ids of runs that go on although nobody waits for them; *begun*
    are those of all runs that were started for this comment, to be remembered as long as one of them goes on.
    """

    base: Commit
    head: Commit
    notebooks: tuple[NotebookOutcome, ...]
    when: str
    version: str
    finished: bool = True
    left: tuple[str, ...] = ()
    begun: tuple[str, ...] = ()
    pull: int | None = None
    fork: bool = False
    barred: str = "the pull request comes from a fork"
    """Why nothing may be trained, where *fork* says so."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the report: *write* returns None when it has nothing to say.

    *weight* 0 stands in every comment; the others leave a comment that is too long, the lightest first. *name* says
    what was left out.
    """

    name: str
    write: Callable[[Outcome], Markdown | None]
    weight: int = 0


def render(outcome: Outcome, sections: tuple[Section, ...], limit: int = LIMIT) -> Markdown:
    """Write the comment: the marker, the sections in their order (the last one is the footer), and the state.

    Where that is longer than *limit* characters, whole sections are left out, and a sentence says which. What may
    not be left out is never longer than 25,000 characters.
    """
    written = [(section, text) for section in sections if (text := section.write(outcome))]
    left_out: list[str] = []
    body = _assemble(outcome, written, left_out)
    for section in sorted((section for section, _ in written if section.weight), key=lambda section: section.weight):
        if len(body) <= limit:
            break
        left_out.append(section.name)
        written = [(kept, text) for kept, text in written if kept is not section]
        body = _assemble(outcome, written, left_out)
    return body


def _assemble(outcome: Outcome, written: list[tuple[Section, Markdown]], left_out: list[str]) -> Markdown:
    texts = [text for _, text in written]
    if left_out:
        texts.insert(
            -1, Markdown(f"Left out, to keep this comment short: {', '.join(left_out)}. All is in `report.html`.")
        )
    state = CommentState(order=outcome.order, head=outcome.head.sha, history=outcome.history, begun=outcome.begun)
    return Markdown(f"{marker(outcome.pull)}\n{join(texts)}\n{encode(state)}")
