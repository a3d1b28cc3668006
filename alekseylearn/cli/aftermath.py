"""What a step of the action leaves on the runner: report, artifacts, summary, annotations, outputs."""

from __future__ import annotations

import json
from pathlib import Path

from alekseylearn import landmarks
from alekseylearn.actions import Runner
from alekseylearn.analysed import FILE, write_analysis
from alekseylearn.files import write_atomic
from alekseylearn.jobs import JobState
from alekseylearn.outbox import copy_artifacts, lay_out, write_report
from alekseylearn.pipeline import Story, body
from alekseylearn.plan import Decision
from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.text import is_markup


def leave(outcome: Outcome, story: Story, runner: Runner, folder: Path, *, comment_url: str) -> None:
    """Write all that outlives the step; what becomes the workflow's artifact goes into *folder*."""
    shop = story.shop
    folders = lay_out(outcome, shop)
    page = write_report(outcome, shop, folder, folders=folders, comparison=story.comparison)
    copy_artifacts(outcome, shop, folder, folders)
    if outcome.fork:
        # The fork's token cannot comment: another workflow does, and reads this.
        write_atomic(folder / FILE, write_analysis(outcome))
    _, text = body(outcome)
    runner.add_summary(text)
    landmarks.passed("summary.written")
    for notebook in outcome.notebooks:
        _annotate(runner, notebook)
    if any(is_markup(text) for one in outcome.notebooks for text in _printed(one)):
        runner.remark("text.neutralised: what a training has printed holds markup; the comment shows it as text")
    trained = any(one.decision == "train" and _was_run(one) for one in outcome.notebooks)
    reused = any(one.decision == "reuse" for one in outcome.notebooks)
    result = "failure" if outcome.exit_code else _word(outcome, trained=trained or reused)
    decisions = {one.path: _carried_out(one, outcome) for one in outcome.notebooks}
    runner.set_outputs(
        {
            "result": result,
            "decision": json.dumps(decisions),
            "comment-url": comment_url,
            "report-path": str(page),
            "artifacts-dir": str(folder),
            "any-trained": str(trained).lower(),
        }
    )
    landmarks.passed("outputs.written")


def _word(outcome: Outcome, *, trained: bool) -> str:
    if outcome.left:
        return "running"
    return "success" if trained else "skipped"


def _annotate(runner: Runner, notebook: NotebookOutcome) -> None:
    if notebook.refused:
        runner.annotate("error", notebook.refused, title="alekseylearn: notebook refused", file=notebook.path)
    failure = notebook.head.failure if notebook.head else None
    if failure is not None:
        place = f"cell {failure.cell}, line {failure.line}: " if failure.cell is not None else ""
        title = "Training failed" if _was_run(notebook) else "Not trained"
        hint = f"\n{failure.hint}" if failure.hint else ""
        text = f"{place}{failure.exception}: {failure.message}{hint}"
        runner.annotate("error", text, title=title, file=notebook.path)
    for gate in notebook.gates:
        if not gate.passed:
            runner.annotate("error", f"the gate {gate.gate} failed", title="Gate failed", file=notebook.path)


def _carried_out(notebook: NotebookOutcome, outcome: Outcome) -> Decision:
    """Return what was done: a fork's notebook is not trained, whatever would be right for it."""
    return "skip" if outcome.fork and notebook.decision == "train" else notebook.decision


def _printed(notebook: NotebookOutcome) -> tuple[str, ...]:
    """Return what the comment quotes of a training."""
    head = notebook.head
    if head is None:
        return ()
    return (head.log_tail, *((head.failure.message, head.failure.traceback) if head.failure else ()))


def _was_run(notebook: NotebookOutcome) -> bool:
    return notebook.head is not None and notebook.head.state is not JobState.LOST
