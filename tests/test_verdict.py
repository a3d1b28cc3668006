"""One word and one sentence for what became of a notebook and of a run."""

from dataclasses import replace

import pytest

from alekseylearn.jobs import Failure, JobState
from alekseylearn.metrics import Gate, MetricDelta, Verdict
from alekseylearn.report import GateResult, NotebookOutcome
from alekseylearn.sections.naming import spoken
from alekseylearn.verdict import State, reason, refusal, state_of, verdict, verdict_on
from tests.outcomes import LOST, STATES, failed, outcome, result, skipped, told

GATE = GateResult(gate=Gate(metric="loss", operator="<=", bound=0.3), value=0.4, passed=False)


def says(*notebooks: NotebookOutcome, **changes: object) -> str:
    summed = verdict(outcome(*notebooks, **changes))
    return f"{summed.sign} {spoken(summed.phrase)}"


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("running", State.RUNNING),
        ("measured", State.RUNNING),
        ("submitted", State.RUNNING),
        ("base-goes-on", State.RUNNING),
        ("closed", State.STOPPED),
        ("better", State.BETTER),
        ("same", State.SAME),
        ("worse", State.WORSE),
        ("no-base", State.NO_BASE),
        ("no-metric", State.NO_METRIC),
        ("gate-failed", State.GATE),
        ("reused", State.BETTER),
        ("failed", State.CODE_FAILED),
        ("lost", State.NOT_RUN),
        ("timed-out", State.STOPPED),
        ("nothing", State.SKIPPED),
        ("fork", State.PLANNED),
        ("refused", State.REFUSED),
        ("several", State.CODE_FAILED),
        ("local", State.BETTER),
    ],
)
def test_every_state_has_its_word(name: str, state: State) -> None:
    assert verdict(STATES[name]).state is state


def test_a_job_that_has_not_ended_is_running() -> None:
    assert state_of(told(head=result(state=JobState.QUEUED))) is State.RUNNING


def test_one_whose_base_still_trains_is_not_judged_yet() -> None:
    waiting = STATES["base-goes-on"].notebooks[0]
    assert says(waiting) == "⏳ Trained `notebooks/churn.ipynb`: `val_accuracy` 0.927, `main` still trains"
    assert says(replace(waiting, deltas=())) == "⏳ Trained `notebooks/churn.ipynb`: `main` still trains"
    assert state_of(replace(waiting, gates=(GATE,))) is State.GATE


def test_where_a_job_runs_is_told_of_one_that_nobody_waits_for() -> None:
    one = STATES["submitted"].notebooks[0]
    there = "on SageMaker eu-central-1 (ml.g5.xlarge)"
    assert there in says(one, left=("7f3a9c2d41b0",))
    assert there not in says(one)


def test_a_failure_outside_of_the_cells_is_not_the_notebooks() -> None:
    assert state_of(failed(Failure(exception="DiskFull", message="no space left"))) is State.NOT_RUN
    assert state_of(failed(None)) is State.NOT_RUN


@pytest.mark.parametrize(
    ("kind", "base", "head", "words"),
    [
        ("better", 0.9, 0.95, "0.950, better by 0.050 than `main`"),
        ("worse", 0.9, float("nan"), "not a number, worse than `main`"),
        ("unjudged", 951.0, 1004.0, "1004, was 951 on `main` (no goal set)"),
        ("unjudged", None, 1004.0, "1004, was undefined on `main` (no goal set)"),
        ("new", None, 0.9, "0.900, which `main` does not have"),
    ],
)
def test_a_verdict_says_better_worse_or_why_neither(kind: Verdict, base: float | None, head: float, words: str) -> None:
    delta = MetricDelta(name="val_accuracy", base=base, head=head, goal=None, verdict=kind)
    assert says(told(deltas=(delta,), gates=())).endswith(words)


def test_a_metric_that_is_gone_is_no_metric() -> None:
    delta = MetricDelta(name="val_accuracy", base=0.9, head=None, goal="max", verdict="gone")
    assert says(told(deltas=(delta,), gates=())).endswith("finished, no metric found")


@pytest.mark.parametrize(
    ("operator", "words"),
    [(">=", "is below 0.3"), (">", "is not above 0.3"), ("<=", "is above 0.3"), ("<", "is not below 0.3")],
)
def test_a_gate_tells_on_which_side_the_value_lies(operator: str, words: str) -> None:
    gate = GateResult(gate=Gate(metric="loss", operator=operator, bound=0.3), value=0.4, passed=False)  # type: ignore[arg-type]
    assert words in says(told(gates=(gate,)))


def test_several_failed_gates_are_counted() -> None:
    assert "but 2 gates failed, first: `loss` 0.400 is above 0.3" in says(told(gates=(GATE, GATE)))


def test_a_running_notebook_without_steps_is_named() -> None:
    assert says(told(head=None, deltas=()), finished=False) == "⏳ Training `notebooks/churn.ipynb`"


def test_a_dry_run_says_what_it_would_do() -> None:
    plan = told(head=None, deltas=())
    assert says(plan) == "📝 Would train `notebooks/churn.ipynb`"
    assert says(plan, plan) == "📝 Would train 2 of 2 notebooks"
    assert says(plan, plan, fork=True) == "🔒 Analysed, not trained: the pull request comes from a fork"


def test_a_run_of_several_notebooks_has_one_verdict() -> None:
    lost, stopped = failed(LOST, JobState.LOST), failed(LOST, JobState.TIMED_OUT)
    refused = STATES["refused"].notebooks[0]
    path = "`notebooks/churn.ipynb`"
    assert says(told(), refused) == "❌ Could not read 1 of 2 notebooks: `notebooks/eda.ipynb`"
    assert says(told(), lost, lost) == f"❌ Could not train 2 of 3 notebooks: {path} and 1 more"
    assert says(told(), stopped) == f"⏹️ Stopped 1 of 2 notebooks: {path}"
    assert says(told(), told(gates=(GATE,))) == f"❌ Trained 2 notebooks, but gates failed in 1: {path}"
    assert says(told(), told(head=None, deltas=()), finished=False) == "⏳ Training 2 notebooks: 1 done"
    assert (
        says(told(), told(), STATES["same"].notebooks[0]) == "✅ Trained 3 notebooks: 2 better, 1 same, against `main`"
    )


def test_notebooks_with_nothing_to_train_do_not_share_the_verdict() -> None:
    assert says(told(), skipped()) == says(told())


def test_a_refusal_is_told_without_its_slug() -> None:
    assert refusal(told(refused="error[nb.lfs]: a pointer\n  where: x")) == "a pointer"
    assert refusal(told(refused="odd")) == "odd"


def test_a_reason_is_one_sentence() -> None:
    assert reason(Failure(exception="ValueError", message="no. Really\nnot")) == "ValueError: no"
    assert reason(Failure(exception="", message="the machine went away")) == "the machine went away"
    assert reason(Failure(exception="KeyboardInterrupt", message="")) == "KeyboardInterrupt"


def test_a_skipped_notebook_by_itself_is_told_too() -> None:
    made = outcome(skipped())
    assert spoken(verdict_on(made.notebooks[0], made).phrase) == "Nothing to train in `notebooks/churn.ipynb`"


def test_a_gate_that_an_undefined_value_misses_says_so() -> None:
    gate = replace(GATE, value=float("nan"))
    assert "but a gate failed: `loss` is not a number, 0.300 is asked for" in says(told(gates=(gate,)))


def test_a_stopped_run_of_which_nobody_says_more_names_the_cell_it_was_in() -> None:
    stopped = failed(None, JobState.STOPPED)
    assert stopped.head is not None
    cells = tuple(replace(run, state="interrupted" if run.cell == 8 else run.state) for run in stopped.head.cells)
    assert says(replace(stopped, head=replace(stopped.head, cells=cells))).endswith("`notebooks/churn.ipynb` in cell 8")
    assert says(stopped).endswith("`notebooks/churn.ipynb`")
