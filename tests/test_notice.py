"""The message on a phone: when there is one, what it says, and what no name can make of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.jobs import JobState
from alekseylearn.metrics import Metric, MetricDelta
from alekseylearn.notice import METRICS, NOTEBOOKS, moment_of, write_notice
from alekseylearn.report import NotebookOutcome, Outcome
from tests.outcomes import REFUSED, STEPS, failed, outcome, result, skipped, told

LINK = "https://github.com/acme/churn/pull/42#issuecomment-9"


def body(made: Outcome) -> list[str]:
    return write_notice(made, "done").body.splitlines()


def delta(name: str, **changes: object) -> MetricDelta:
    made = MetricDelta(name=name, base=1.0, head=2.0, goal="max", verdict="better")
    return replace(made, **changes)  # type: ignore[arg-type]


def with_deltas(*deltas: MetricDelta) -> NotebookOutcome:
    return told(deltas=deltas, gates=(), primary=deltas[0].name)


class TestWhen:
    @pytest.mark.parametrize(
        ("made", "moment"),
        [
            (outcome(told()), "done"),
            (outcome(told(), skipped("other.ipynb")), "done"),
            (outcome(told(), exit_code=5), "failed"),
            (outcome(failed(), exit_code=4), "failed"),
            (outcome(told(), failed(state=JobState.TIMED_OUT)), "failed"),
            (outcome(told(refused=REFUSED, head=None, deltas=(), gates=())), "failed"),
            (outcome(skipped()), None),
            (outcome(), None),
            (outcome(told(reused=True)), None),
            (outcome(told(head=None, base=None, deltas=(), gates=())), None),
            (outcome(told(head=result(state=JobState.RUNNING), deltas=()), finished=False), None),
            (outcome(told(), fork=True), None),
        ],
        ids=[
            "trained", "one of two trained", "gate", "code", "time", "unreadable",
            "nothing to train", "nothing changed", "reused", "planned", "running", "fork",
        ],
    )  # fmt: skip
    def test_a_person_is_told_of_runs_that_ended_and_of_nothing_else(self, made: Outcome, moment: str | None) -> None:
        assert moment_of(made) == moment


class TestWhatItSays:
    def test_the_title_is_the_verdict_and_the_lines_have_the_change(self) -> None:
        notice = write_notice(outcome(told()), "done", [LINK, "", LINK])
        assert notice.moment == "done"
        assert notice.title == "✅ Trained notebooks/churn.ipynb: val_accuracy 0.927, better by 0.014 than main"
        assert notice.body.splitlines() == [
            "val_accuracy 0.927 (was 0.913: better by 0.014)",
            "val_loss 0.263 (was 0.241: worse by 0.022)",
            "f1_churned 0.842",
            "train_seconds 1004 (was 951)",
            "#42 bigger-batches 4e1f0c2 · 18 min 40 s",
            LINK,
        ]

    def test_a_failure_comes_with_what_to_do(self) -> None:
        notice = write_notice(outcome(failed(), exit_code=4), "failed")
        assert notice.title.startswith("❌ Training failed in cell 8 of notebooks/churn.ipynb: torch.OutOfMemoryError")
        assert notice.body.startswith("what to do: the GPU's memory is full: make the batches smaller")

    def test_each_of_several_notebooks_has_its_own_sentence(self) -> None:
        notice = write_notice(outcome(told(), failed(), skipped("other.ipynb")), "failed")
        assert notice.title == "❌ Training failed in 1 of 2 notebooks: notebooks/churn.ipynb"
        signs = [line[0] for line in notice.body.splitlines() if line[0] in "✅❌⏭"]
        assert signs == ["✅", "❌"]

    def test_every_way_a_metric_can_change_has_its_words(self) -> None:
        made = with_deltas(
            delta("a", verdict="same", head=1.0),
            delta("b", verdict="new", base=None),
            delta("c", verdict="gone", head=None),
            delta("d", verdict="unjudged"),
            delta("e", verdict="worse", head=float("nan")),
        )
        words = ["a 1 (same)", "b 2", "c: gone", "d 2 (was 1)", "e not a number (was 1: worse)"]
        assert body(outcome(made))[:-1] == words

    def test_the_verdicts_metric_comes_first_and_many_are_counted(self) -> None:
        many = [delta(f"m{number}") for number in range(METRICS + 3)]
        lines = body(outcome(told(deltas=tuple(many), gates=(), primary="m5")))
        assert lines[0].startswith("m5 2")
        assert lines[METRICS] == "and 3 more metrics"

    def test_many_notebooks_are_counted(self) -> None:
        lines = body(outcome(*(told(path=f"n{number}.ipynb") for number in range(NOTEBOOKS + 2))))
        assert lines[-2] == "and 2 more notebooks"

    def test_further_gates_that_fail_are_told(self) -> None:
        head = result(metrics=(Metric(name="val_accuracy", value=0.5), Metric(name="val_loss", value=0.9)))
        notice = write_notice(outcome(told(head=head)), "failed")
        assert "2 gates failed, first: val_accuracy" in notice.title
        assert "gate failed: val_loss 0.900, not <= 0.300" in notice.body
        missing = result(metrics=(Metric(name="val_accuracy", value=0.5),))
        assert "gate failed: val_loss missing, not <= 0.300" in write_notice(outcome(told(head=missing)), "failed").body

    def test_the_price_and_a_work_tree_are_told_where_there_are_such(self) -> None:
        made = outcome(told())
        lone = replace(made, pull=None, head=replace(made.head, sha=""), seconds=0.0, cost=0.13)
        assert body(lone)[-1] == "bigger-batches work tree · about $0.13"

    def test_words_from_outside_stand_in_the_sentence(self) -> None:
        running = told(head=None, base=None, deltas=(), steps=STEPS)
        title = write_notice(outcome(running, finished=False), "done").title
        assert "cell 8" in title


class TestWhatNamesCannotDo:
    def test_nobody_is_called_by_the_name_of_a_metric(self) -> None:
        first = body(outcome(with_deltas(delta("map@0.5 @everyone <!channel>"))))[0]
        assert first == "map@0.5 ＠everyone ‹!channel› 2 (was 1: better by 1)"

    @given(name=st.text(min_size=1, max_size=80), branch=st.text(max_size=60))
    def test_every_name_stays_in_its_line(self, name: str, branch: str) -> None:
        made = outcome(with_deltas(delta(name)))
        notice = write_notice(replace(made, head=replace(made.head, name=branch)), "done", [LINK])
        assert len(notice.title.splitlines()) == 1
        assert len(notice.body.split("\n")) == 3
        assert not set("<>") & set(notice.title + notice.body)
