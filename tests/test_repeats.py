"""Trainings that are repeated with other seeds: what is trained, in which order, and what is told of all the runs."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.errors import MachineError
from alekseylearn.jobs import Failure, JobState, TrainingResult
from alekseylearn.metrics import Metric
from alekseylearn.pipeline import Story, body, look, run
from alekseylearn.repeats import averaged
from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.training import StoppedError
from tests import outcomes
from tests.cloud import Cloud
from tests.desk import NOTEBOOK, Bench
from tests.repositories import Repository
from tests.small import EPOCHS, growth
from tests.test_pipeline import BROKEN, Change, clock, lacking

SEEDED = {1: "import math, random", 2: "points = [(x / 10, 3 * x / 10 + random.random()) for x in range(20)]"}
LONGER = {**SEEDED, EPOCHS: "epochs = 200\nrate = 0.05"}


# -- the means --------------------------------------------------------------------------------------------------------


def one(state: JobState = JobState.SUCCEEDED, **metrics: float) -> TrainingResult:
    told = tuple(Metric(name=name, value=value, series=((1, value), (2, value))) for name, value in metrics.items())
    return outcomes.result(state=state, metrics=told)


def test_each_metric_is_the_mean_of_the_runs_that_have_it() -> None:
    told = averaged(one(acc=0.8, loss=2.0), [one(acc=0.9), one(acc=1.0, extra=5.0), one(JobState.FAILED, acc=0.0)])
    acc, loss, extra = told.metrics
    assert (acc.value, acc.spread, acc.runs) == (pytest.approx(0.9), pytest.approx(0.1), 3)
    assert acc.series == ((1, 0.8), (2, 0.8))
    assert (loss.value, loss.spread, loss.runs) == (2.0, None, 1)
    assert (extra.value, extra.runs) == (5.0, 1)


@pytest.mark.parametrize("state", [state for state in JobState if state is not JobState.SUCCEEDED])
def test_a_side_whose_first_run_did_not_end_well_has_no_mean(state: JobState) -> None:
    first = one(state, acc=0.5)
    assert averaged(first, [one(acc=0.9), one(acc=0.8)]) is first
    assert averaged(one(acc=0.5), [first]) == one(acc=0.5)


@given(st.lists(st.floats(), min_size=1, max_size=4), st.sampled_from([math.nan, math.inf, -math.inf]))
def test_a_mean_over_an_undefined_value_is_undefined(values: list[float], undefined: float) -> None:
    (acc,) = averaged(one(acc=undefined), [one(acc=value) for value in values]).metrics
    assert not math.isfinite(acc.value)
    assert acc.spread is None


# -- what is trained --------------------------------------------------------------------------------------------------


def configure(change: Change, text: str) -> None:
    change.git.commit({"alekseylearn.yml": text.encode()})


@pytest.fixture
def change(tmp_path: Path) -> Change:
    """Return a repository whose notebook draws what it trains on, each side three times."""
    made = Change(tmp_path, Repository.create(tmp_path))
    made.git.commit({NOTEBOOK: made.notebook(SEEDED), "alekseylearn.yml": b"defaults: {repeats: 3}"})
    made.git.git("checkout", "--quiet", "-b", "feature")
    made.commit(changes=LONGER)
    return made


def runs(notebook: NotebookOutcome) -> tuple[int | None, int | None]:
    """Return in how many runs each side's metric counts."""
    return tuple(side.metrics[0].runs if side is not None else None for side in (notebook.base, notebook.head))  # type: ignore[return-value]


class TestTraining:
    def test_each_side_is_trained_with_every_seed_and_judged_by_the_mean(self, change: Change) -> None:
        outcome = change.run()
        (notebook,) = outcome.notebooks
        assert change.runs == 6
        assert runs(notebook) == (3, 3)
        (delta,) = notebook.deltas
        assert delta.noise is not None
        assert delta.noise > 0
        singles = {side.metrics[0].value for side in notebook.more_head}
        assert len(singles) == 2
        assert notebook.head is not None
        assert notebook.head.metrics[0].value not in singles
        assert "3 runs each side, mean ± spread" in body(outcome)[1]

    def test_more_seeds_train_only_those_that_are_new(self, change: Change) -> None:
        change.run()
        configure(change, "defaults: {repeats: 5}")
        notebook = change.only()
        assert (notebook.decision, notebook.reason) == ("train", "2 of 5 seeds have no result yet")
        assert (change.runs, runs(notebook)) == (10, (5, 5))
        configure(change, "defaults: {repeats: 2}")
        notebook = change.only()
        assert (notebook.decision, change.runs, runs(notebook)) == ("reuse", 10, (2, 2))

    def test_the_next_push_reuses_all_runs_of_the_base(self, change: Change) -> None:
        change.run()
        change.commit(changes={**LONGER, EPOCHS: "epochs = 30\nrate = 0.05"})
        notebook = change.only()
        assert (change.runs, runs(notebook), notebook.base_reused) == (9, (3, 3), True)

    def test_head_says_how_often_both_are_trained(self, change: Change) -> None:
        configure(change, "models: {growth: {notebook: growth.ipynb, repeats: 2}}")
        assert runs(change.only()) == (2, 2)

    def test_a_seed_that_changes_nothing_is_told(self, change: Change) -> None:
        change.git.git("checkout", "--quiet", "main")
        change.commit()
        change.git.git("checkout", "--quiet", "-B", "feature")
        change.commit(changes={EPOCHS: "epochs = 200\nrate = 0.05"})
        outcome = change.run()
        assert "3 runs each side, mean ± spread: the seed changes nothing here." in body(outcome)[1]
        assert [delta.verdict for delta in outcome.notebooks[0].deltas] == ["better"]

    def test_head_that_fails_is_not_repeated(self, change: Change) -> None:
        change.commit(changes={**LONGER, **BROKEN})
        outcome = change.run()
        assert (change.runs, outcome.exit_code, outcome.notebooks[0].more_head) == (1, 4, ())

    def test_a_seed_that_fails_does_not_count(self, change: Change) -> None:
        change.commit(changes={**LONGER, 2: f"{SEEDED[2]}\nassert random.Random(repr(points)).random() < 2"})
        story = change.story()
        (plan,) = story.look()
        broken = plan.more_head[1].digest
        outcome = change.run(lacking(change.story(), lambda job: job.digest == broken))
        (notebook,) = outcome.notebooks
        assert (runs(notebook), outcome.exit_code) == ((3, 2), 0)
        assert f"1 of 3 runs here (`{broken[:12]}`) failed and does not count." in body(outcome)[1]
        assert "2 runs here and 3 of `main`, mean ± spread" in body(outcome)[1]

    def test_force_trains_all_of_head_anew(self, change: Change) -> None:
        change.run()
        assert runs(change.only(force=True)) == (3, 3)
        assert change.runs == 9

    def test_a_plan_trains_nothing(self, change: Change) -> None:
        outcome = look(change.story(), clock)
        assert (change.runs, outcome.notebooks[0].decision) == (0, "train")

    def test_the_steps_count_the_other_seeds(self, change: Change) -> None:
        change.run()
        before, _ = change.told
        assert [(step.name, step.state, step.text) for step in before.notebooks[0].steps[4:]] == [
            ("Repeat with other seeds", "waiting", "4 runs")
        ]

    def test_an_interruption_keeps_what_was_reached(self, change: Change) -> None:
        story = change.story()
        (plan,) = change.story().look()
        stop_at, equip = plan.more_base[0].digest, story.shop.equip

        def interrupted(job: object) -> object:
            if getattr(job, "digest", "") == stop_at:
                raise KeyboardInterrupt
            return equip(job)  # type: ignore[arg-type]

        story.shop = replace(story.shop, equip=interrupted)  # type: ignore[arg-type]
        with pytest.raises(StoppedError):
            change.run(story)
        assert runs(change.told[-1].notebooks[0]) == (1, 2)


# -- jobs that nobody waits for ---------------------------------------------------------------------------------------


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


Tell = Callable[..., Story]


@pytest.fixture
def tell(change: Change, cloud: Cloud) -> Tell:
    def made(begun: tuple[str, ...] = (), **order: bool) -> Story:
        story = change.story(**order)
        story.order = replace(story.order, begun=frozenset(begun))
        story.shop = replace(story.shop, connect=lambda _: cloud.backend(), equip=lambda _: cloud.backend())
        return story

    return made


def submit(tell: Tell, *, both: bool = True) -> Outcome:
    return run(tell(detach=True, both=both), lambda _: None, clock)


def collect(tell: Tell, *begun: str) -> tuple[Outcome, Story]:
    story = tell(begun=begun, train=False)
    return run(story, lambda _: None, clock), story


class TestDetached:
    def test_all_seeds_of_both_sides_are_started_head_first_and_in_turn(self, tell: Tell, cloud: Cloud) -> None:
        outcome = submit(tell)
        (plan,) = tell().look()
        assert list(cloud.jobs) == [job.digest for job, _ in plan.jobs]
        assert outcome.left == tuple(digest[:12] for digest in cloud.jobs)
        assert (len(outcome.left), len(outcome.begun), outcome.finished) == (6, 6, False)
        assert outcome.notebooks[0].steps[-1].text == "0 of 4 runs done"

    def test_without_both_only_heads_are_started(self, tell: Tell, cloud: Cloud) -> None:
        submit(tell, both=False)
        assert len(cloud.jobs) == 3

    def test_the_verdict_waits_for_every_seed(self, tell: Tell, cloud: Cloud) -> None:
        left = submit(tell).left
        jobs = list(cloud.jobs)
        for place, digest in enumerate(jobs[:-1]):
            cloud.end(digest, mse=0.5 + place / 100)
        waiting, _ = collect(tell, *left)
        assert (waiting.finished, waiting.left) == (False, (jobs[-1][:12],))
        assert [step.state for step in waiting.notebooks[0].steps] == ["done", "done", "done", "done", "running"]
        cloud.end(jobs[-1], mse=0.6)
        outcome, story = collect(tell, *waiting.begun)
        (notebook,) = outcome.notebooks
        assert (outcome.finished, runs(notebook)) == (True, (3, 3))
        assert notebook.base_reused is False
        story.settle()
        assert cloud.jobs == {}

    def test_where_head_failed_the_others_are_collected_all_the_same(self, tell: Tell, cloud: Cloud) -> None:
        left = submit(tell).left
        for digest in cloud.jobs:
            cloud.end(digest, JobState.FAILED)
        outcome, story = collect(tell, *left)
        assert (outcome.finished, outcome.exit_code) == (True, 4)
        story.settle()
        # Base is left alone where head has failed, as ever.
        (plan,) = tell().look()
        assert plan.base is not None
        assert list(cloud.jobs) == [plan.base.digest]

    def test_a_seed_whose_job_is_gone_does_not_count(self, tell: Tell, cloud: Cloud) -> None:
        left = submit(tell).left
        *others, last = cloud.jobs
        del cloud.jobs[last]
        for digest in others:
            cloud.end(digest)
        outcome, _ = collect(tell, *left)
        assert (outcome.finished, runs(outcome.notebooks[0])) == (True, (2, 3))
        failure = outcome.notebooks[0].more_base[-1].failure
        assert failure is not None
        assert failure.exception == "run.gone"

    def test_a_seed_that_cannot_be_looked_at_has_not_ended(self, tell: Tell, cloud: Cloud) -> None:
        left = submit(tell).left
        *others, last = cloud.jobs
        for digest in others:
            cloud.end(digest)
        cloud.broken.add(last)
        told: list[Outcome] = []
        with pytest.raises(MachineError, match="does not answer"):
            run(tell(begun=left, train=False), told.append, clock)
        assert (told[-1].finished, told[-1].left) == (False, (last[:12],))

    def test_all_seeds_are_stopped(self, tell: Tell, cloud: Cloud) -> None:
        left = submit(tell).left
        story = tell(train=False, begun=left)
        story.look()
        assert sorted(story.stop()) == sorted(left)
        outcome = run(story, lambda _: None, clock)
        assert (outcome.finished, cloud.jobs) == (True, {})
        assert {result.state for result in outcome.notebooks[0].more_head} == {JobState.STOPPED}

    def test_no_seed_that_is_needed_is_taken_for_a_leftover(self, tell: Tell, cloud: Cloud) -> None:
        submit(tell)
        story = tell()
        story.look()
        assert story.needed == set(cloud.jobs)


def test_a_run_that_was_not_taken_says_why() -> None:
    failure = Failure(exception="cost.limit", message="it could cost too much")
    lost = outcomes.result(state=JobState.LOST, failure=failure)
    told = outcomes.outcome(outcomes.told(more_head=(outcomes.result(), lost)))
    assert f"1 of 3 runs here (`{lost.run}`) failed and does not count" in body(told)[1]


# -- the words --------------------------------------------------------------------------------------------------------


def test_a_gate_waits_for_every_seed(tell: Tell, cloud: Cloud, change: Change) -> None:
    configure(change, "{defaults: {repeats: 3}, models: {growth: {notebook: growth.ipynb, gates: {mse: '< 0.3'}}}}")
    left = submit(tell).left
    *others, last = cloud.jobs
    for digest in others:
        cloud.end(digest, mse=0.4)
    waiting, _ = collect(tell, *left)
    assert (waiting.notebooks[0].gates, waiting.exit_code) == ((), 0)
    assert "`mse` 0.400, 3 of 4 runs done with other seeds" in body(waiting)[1]
    cloud.end(last, mse=0.4)
    outcome, _ = collect(tell, *left)
    assert ([gate.passed for gate in outcome.notebooks[0].gates], outcome.exit_code) == ([False], 5)


def test_what_chance_explains_stands_in_the_heading(tell: Tell, cloud: Cloud) -> None:
    left = submit(tell).left
    for place, digest in enumerate(list(cloud.jobs)):
        cloud.end(digest, mse=0.5 + place / 100)
    outcome, _ = collect(tell, *left)
    assert "`mse` 0.520, within noise of `main`" in body(outcome)[1].split("\n")[1]


def test_every_run_that_was_left_alone_is_named(tmp_path: Path) -> None:
    bench = Bench.create(tmp_path, growth(SEEDED))
    bench.git.commit({"alekseylearn.yml": b"defaults: {repeats: 2}"})
    bench.desk.write(NOTEBOOK, growth(LONGER))
    done = bench.desk.run("fit", "--detach")
    assert done.code == 0
    runs_named = re.findall(r"^([0-9a-f]{12}) growth runs", done.out, re.MULTILINE)
    assert len(set(runs_named)) == 2
    for run_id in runs_named:
        bench.desk.run("logs", "-f", run_id)
    told = bench.desk.run("fit", "--quiet")
    assert "2 runs each side, mean ± spread" in " ".join(told.out.split())
    assert told.code == 0
