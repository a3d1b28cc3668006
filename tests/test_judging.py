"""From plans and results to outcomes, exit codes and what the comment remembers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from alekseylearn.config import Config, Model
from alekseylearn.diff import diff_notebooks
from alekseylearn.errors import MachineError
from alekseylearn.jobs import Failure, JobState, TrainingResult
from alekseylearn.judging import exit_code, judge, not_run, past_runs, steps_of, stopping
from alekseylearn.metrics import Metric, parse_gate
from alekseylearn.plan import NotebookPlan, Settings, TrainingJob, make_job
from alekseylearn.report import Difference, GateResult, NotebookOutcome
from tests import outcomes
from tests.strategies import notebook
from tests.trees import tree

PATH = "notebook.ipynb"
BASE = ("# %% text\nHello", "alpha = 1", "x = [alpha]", "m.fit(x, x)", "accuracy = m.score(x, x)\naccuracy")
HEAD = (BASE[0], "alpha = 2", *BASE[2:])
GATE = parse_gate("accuracy", ">= 0.9")


def job(*cells: str) -> TrainingJob:
    config = Config(
        models={"m": Model(notebook=PATH, metrics={"loss": "min"}, gates={"accuracy": ">= 0.9"}, tolerance=0.01)}
    )
    made = make_job(notebook(*cells), config, tree(), Settings())
    assert made is not None
    return made


def plan(**changes: Any) -> NotebookPlan:
    before, after = notebook(*BASE), notebook(*HEAD)
    head = job(*HEAD)
    made = NotebookPlan(
        path=PATH,
        name="m",
        decision="train",
        reason="cell 1 changed",
        diff=diff_notebooks(before, after),
        slice=head.slice,
        head=head,
        base=job(*BASE),
        notebook=after,
    )
    return replace(made, **changes)


def result(accuracy: float = 0.95, **changes: Any) -> TrainingResult:
    metrics = (Metric(name="loss", value=0.2), Metric(name="accuracy", value=accuracy))
    return outcomes.result(**{"metrics": metrics, **changes})


# -- judge ------------------------------------------------------------------------------------------------------------


def test_one_that_is_under_way_is_compared_with_nothing_yet() -> None:
    told = judge(plan(), head=result(state=JobState.RUNNING, metrics=()), base=result())
    assert (told.deltas, told.gates, exit_code([told])) == ((), (), 0)


def test_head_is_judged_against_base() -> None:
    told = judge(plan(), head=result(0.95), base=result(0.90), base_reused=True, base_note="from yesterday")
    assert [(delta.name, delta.verdict) for delta in told.deltas] == [("loss", "same"), ("accuracy", "better")]
    assert told.primary == "accuracy"
    assert told.gates == (GateResult(gate=GATE, value=0.95, passed=True),)
    assert told.tolerance == 0.01
    assert told.digest == job(*HEAD).digest
    assert told.sources == ((1, "alpha = 2"), (2, "x = [alpha]"), (3, "m.fit(x, x)"), (4, "accuracy = m.score(x, x)"))
    assert (told.reused, told.base_reused, told.base_note) == (False, True, "from yesterday")


def test_without_a_result_of_head_there_is_nothing_to_judge() -> None:
    told = judge(plan(), base=result())
    assert (told.deltas, told.gates, told.primary) == ((), (), "accuracy")
    assert judge(plan()).primary is None


def test_gates_are_for_runs_that_came_to_their_end() -> None:
    assert judge(plan(), head=result(0.5)).gates[0].passed is False
    assert judge(plan(), head=result(metrics=())).gates == (GateResult(gate=GATE, value=None, passed=False),)
    assert judge(plan(), head=result(0.5, state=JobState.STOPPED)).gates == ()


def test_a_notebook_without_a_job_is_told_as_it_is() -> None:
    skipped = plan(decision="skip", head=None, base=None, slice=None, notebook=None, refused="error[nb.schema]: no")
    told = judge(skipped)
    assert (told.digest, told.sources, told.refused, told.deltas) == ("", (), "error[nb.schema]: no", ())
    assert judge(plan(decision="reuse"), head=result()).reused


@pytest.mark.parametrize(("cell", "source"), [(3, "m.fit(x, x)"), (None, ""), (99, ""), (-1, "")])
def test_the_source_of_the_cell_that_failed_is_found(cell: int | None, source: str) -> None:
    failed = result(state=JobState.FAILED, failure=Failure(exception="ValueError", message="no", cell=cell))
    assert judge(plan(), head=failed).failed_source == source
    assert judge(plan(notebook=None), head=failed).failed_source == ""
    assert judge(plan(), head=result()).failed_source == ""


def test_a_job_that_no_backend_took_is_a_lost_run_that_says_why() -> None:
    head = job(*HEAD)
    told = not_run(head, MachineError("env.missing", "numpy is missing", where="here", hint="add numpy"))
    assert (told.state, told.run, told.digest, told.backend, told.name) == (
        JobState.LOST, head.run, head.digest, "process", "m",
    )  # fmt: skip
    assert told.failure == Failure(exception="env.missing", message="numpy is missing", hint="add numpy")


def test_each_side_is_judged_by_the_means_of_its_runs() -> None:
    seeds = [job(BASE[0], f"alpha = {number}", *BASE[2:]) for number in (3, 4)]
    made = plan(more_head=(seeds[0],), more_base=(seeds[1],))
    more = {seeds[0].digest: result(0.85), seeds[1].digest: result(0.70)}
    told = judge(made, head=result(0.95), base=result(0.90), more=more)
    assert told.head is not None
    assert told.head.metric("accuracy") == pytest.approx(0.90)
    accuracy = next(delta for delta in told.deltas if delta.name == "accuracy")
    assert (accuracy.base, accuracy.head) == (pytest.approx(0.80), pytest.approx(0.90))
    assert (accuracy.verdict, accuracy.noise is not None) == ("same", True)
    # A gate is about the mean, too.
    assert told.gates[0].value == pytest.approx(0.90)
    assert (len(told.more_head), len(told.more_base)) == (1, 1)
    assert len(judge(made, head=result(0.95), base=result(0.90)).more_head) == 0


def test_what_the_sides_ran_on_is_compared_once_both_have_ended() -> None:
    there, here = ({"torch": version} for version in ("2.12.0", "2.13.0"))
    told = judge(plan(), head=result(environment=here), base=result(environment=there))
    assert told.differences == (Difference(what="torch", base="2.12.0", head="2.13.0"),)
    going = result(environment=here, state=JobState.RUNNING)
    assert judge(plan(), head=going, base=result(environment=there)).differences == ()
    assert judge(plan(), head=result()).differences == ()


# -- steps ------------------------------------------------------------------------------------------------------------


def steps(
    current: str, head: TrainingResult | None = None, base: TrainingResult | None = None, **changes: Any
) -> list[Any]:
    made = plan(**changes)
    return [(step.state, step.text, step.seconds) for step in steps_of(made, current=current, head=head, base=base)]


def test_the_steps_of_a_training_under_way() -> None:
    head, base = job(*HEAD), job(*BASE)
    done = [("done", "1 code cell changed", None), ("done", "4 of 4 code cells needed", None)]
    assert steps(head.digest) == [*done, ("running", f"run {head.run}", None), ("waiting", "", None)]
    finished = ("done", f"run {outcomes.RUN}", 12.5)
    assert steps(base.digest, head=result(seconds=12.5)) == [*done, finished, ("running", f"run {base.run}", None)]
    assert steps(head.digest, base=result(seconds=12.5)) == [*done, ("running", f"run {head.run}", None), finished]
    assert steps("another", base=None)[2:] == [("waiting", "", None), ("waiting", "", None)]
    made = plan(base=None)
    assert [step.name for step in steps_of(made, current="x", head=None, base=None)][2:] == ["Train this version"]


def test_a_job_that_goes_on_tells_its_phase_and_leads_to_its_page() -> None:
    head = result(state=JobState.QUEUED, phase="getting a machine, 3 s", url="https://console", backend="sagemaker")
    base = result(state=JobState.RUNNING)
    told = steps_of(plan(), current="", head=head, base=base)[2:]
    assert [(step.state, step.text) for step in told] == [
        ("running", f"run `{outcomes.RUN}`, getting a machine, 3 s"),
        ("running", f"run {outcomes.RUN}"),
    ]
    assert [(step.backend, step.url) for step in told] == [("sagemaker", "https://console"), ("process", "")]
    # A result that was there before is no step of its own, but its base may train still.
    assert [step.state for step in steps_of(plan(decision="reuse"), current="", head=result(), base=base)[2:]] == [
        "done",
        "running",
    ]
    assert steps_of(plan(decision="reuse"), current="x", head=result(), base=None) == ()


def test_one_training_on_both_sides_is_one_step() -> None:
    same = plan(base=job(*HEAD))
    assert [step.name for step in steps_of(same, current="x", head=None, base=None)][2:] == ["Train this version"]


def test_a_job_that_was_asked_to_stop_is_told_as_stopped() -> None:
    told = stopping(result(state=JobState.RUNNING, phase="saving"), "the pull request was closed")
    assert (told.state, told.phase) == (JobState.STOPPED, "")
    assert told.failure is not None
    assert (told.failure.message, told.failure.exception) == ("the pull request was closed", "")
    assert f"alekseylearn status {outcomes.RUN}" in told.failure.hint


@pytest.mark.parametrize(
    ("states", "current", "expected"),
    [
        ([], "", ("waiting", "2 runs")),
        ([], "first", ("running", "0 of 2 runs done")),
        ([JobState.SUCCEEDED], "", ("waiting", "1 of 2 runs done")),
        ([JobState.FAILED, JobState.RUNNING], "", ("running", "1 of 2 runs done")),
        ([JobState.SUCCEEDED, JobState.SUCCEEDED], "", ("done", "2 of 2 runs done")),
    ],
)
def test_runs_with_other_seeds_are_one_step(states: list[JobState], current: str, expected: tuple[str, str]) -> None:
    seeds = [job(BASE[0], f"alpha = {number}", *BASE[2:]) for number in (3, 4)]
    made = plan(more_head=(seeds[0],), more_base=(seeds[1], job(*HEAD)))
    more = {one.digest: result(state=state) for one, state in zip(seeds, states, strict=False)}
    going = result(state=JobState.RUNNING)
    now = seeds[0].digest if current else ""
    step = steps_of(made, current=now, head=going, base=None, more=more)[-1]
    assert (step.name, step.state, step.text) == ("Repeat with other seeds", *expected)


@pytest.mark.parametrize("changes", [{"decision": "skip"}, {"decision": "reuse"}])
def test_there_are_no_steps_where_nothing_is_trained(changes: dict[str, Any]) -> None:
    assert steps("current", **changes) == []
    assert steps("") == []
    assert steps_of(plan(head=None), current="current", head=None, base=None) == ()


# -- exit codes -------------------------------------------------------------------------------------------------------


def ended(
    state: JobState | None = None, *, gate: bool = True, refused: str = "", decision: str = "train"
) -> NotebookOutcome:
    told = outcomes.told(
        decision=decision, head=None if state is None else outcomes.result(state=state), refused=refused
    )
    gates = (GateResult(gate=GATE, value=0.5, passed=gate),)
    return replace(told, gates=gates)


def failed_by(exception: str) -> NotebookOutcome:
    """A notebook that could not be trained for want of something that is not its own."""
    told = ended(JobState.FAILED)
    assert told.head is not None
    return replace(told, head=replace(told.head, failure=Failure(exception=exception, message="none is there")))


DONE, MISSED = ended(JobState.SUCCEEDED), ended(JobState.SUCCEEDED, gate=False)
FAILED, LOST = ended(JobState.FAILED), ended(JobState.LOST)
STOPPED, LATE = ended(JobState.STOPPED), ended(JobState.TIMED_OUT)
REFUSED = ended(refused="error[nb.schema]: no", decision="skip")


@pytest.mark.parametrize(
    ("notebooks", "code"),
    [
        ((), 0),
        ((DONE,), 0),
        ((ended(),), 0),
        ((ended(JobState.RUNNING),), 0),
        ((ended(JobState.SUCCEEDED, decision="reuse"),), 0),
        ((ended(JobState.FAILED, decision="skip"),), 0),
        ((REFUSED,), 3),
        ((FAILED,), 4),
        ((MISSED,), 5),
        ((LOST,), 6),
        ((failed_by("NoGPU"),), 6),
        ((failed_by("Requirements"),), 6),
        ((failed_by("BadImage"),), 6),
        ((failed_by("ValueError"),), 4),
        ((STOPPED,), 7),
        ((LATE,), 7),
        ((DONE, REFUSED), 3),
        ((REFUSED, MISSED), 5),
        ((MISSED, STOPPED), 7),
        ((LATE, LOST), 6),
        ((LOST, FAILED, REFUSED, MISSED, STOPPED, DONE), 4),
    ],
)
def test_exit_codes_and_which_wins(notebooks: tuple[NotebookOutcome, ...], code: int) -> None:
    assert exit_code(notebooks) == code
    assert exit_code(reversed(notebooks)) == code


# -- what the comment remembers ---------------------------------------------------------------------------------------


def test_a_run_is_remembered_with_its_metric_and_change() -> None:
    (run,) = past_runs(outcomes.outcome(outcomes.told(), when="2026-01-05 09:00 UTC"))
    assert (run.sha, run.when, run.metric, run.value) == ("4e1f0c2", "2026-01-05 09:00 UTC", "val_accuracy", 0.927)
    assert run.change == pytest.approx(0.014)
    assert (run.result, run.seconds, run.notebook) == ("trained", 1120.0, "notebooks/churn.ipynb")


@pytest.mark.parametrize(
    ("state", "cell", "told"),
    [
        (JobState.FAILED, 8, "failed, cell 8"),
        (JobState.FAILED, None, "failed"),
        (JobState.TIMED_OUT, 8, "timed-out, cell 8"),
        (JobState.STOPPED, None, "stopped"),
        (JobState.LOST, None, "not run"),
    ],
)
def test_a_run_that_did_not_end_well_is_remembered_as_such(state: JobState, cell: int | None, told: str) -> None:
    failure = Failure(exception="E", message="no", cell=cell)
    (run,) = past_runs(outcomes.outcome(outcomes.told(head=outcomes.result(state=state, failure=failure))))
    assert run.result == told
    (run,) = past_runs(
        outcomes.outcome(outcomes.told(head=outcomes.result(state=state, metrics=()), base=None, primary=None))
    )
    assert (run.metric, run.value, run.change) == ("", None, None)


def test_a_run_is_remembered_with_the_cost_of_all_its_seeds() -> None:
    more = (outcomes.result(cost=0.5), outcomes.result(cost=None))
    (run,) = past_runs(outcomes.outcome(outcomes.told(head=outcomes.result(cost=0.25), more_head=more)))
    assert run.cost == 0.75
    (run,) = past_runs(outcomes.outcome(outcomes.told()))
    assert run.cost is None


def test_only_what_was_trained_or_reused_is_remembered() -> None:
    notebooks = (
        outcomes.told(path="a.ipynb", decision="skip"),
        outcomes.told(path="b.ipynb", head=None),
        outcomes.told(path="c.ipynb", decision="reuse", reused=True),
        outcomes.told(path="d.ipynb"),
    )
    assert [(run.notebook, run.result) for run in past_runs(outcomes.outcome(*notebooks))] == [
        ("c.ipynb", "reused"),
        ("d.ipynb", "trained"),
    ]
