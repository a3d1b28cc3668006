"""What a running comment says of the job under way: where it is, what it measures, and what ends it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alekseylearn.jobs import JobState, TrainingResult
from alekseylearn.metrics import Metric
from alekseylearn.progressing import Live
from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.sections.headline import headline
from alekseylearn.sections.progress import progress
from tests.outcomes import STATES, base_result

LIVE = Live(cell=8, place=6, cells=7, epoch=7, epochs=20, seconds_left=540.0)
MEASURED = STATES["measured"]


def running(**changes: object) -> TrainingResult:
    """Return head's side of the comment that tells what is measured."""
    head = MEASURED.notebooks[0].head
    assert head is not None
    return replace(head, **changes)  # type: ignore[arg-type]


def made(head: TrainingResult | None = None, **changes: object) -> Outcome:
    one = replace(MEASURED.notebooks[0], **changes)  # type: ignore[arg-type]
    return replace(MEASURED, notebooks=(one if head is None else replace(one, head=head),))


def says(outcome: Outcome) -> str:
    return progress(outcome) or ""


class TestTheHeading:
    def heading(self, live: Live | None, **changes: object) -> str:
        return headline(replace(made(running(live=live)), **changes)).partition("\n")[0]  # type: ignore[arg-type]

    def test_the_epoch_and_what_is_left(self) -> None:
        assert self.heading(LIVE) == "### ⏳ Training `notebooks/churn.ipynb`: epoch 7 of 20, about 9 min left"

    def test_the_cell_where_no_epoch_is_known(self) -> None:
        told = self.heading(replace(LIVE, epoch=None, epochs=None, seconds_left=None))
        assert told == "### ⏳ Training `notebooks/churn.ipynb`: cell 8 (6 of 7)"

    def test_the_step_where_nothing_is_known(self) -> None:
        nothing = replace(LIVE, cell=None, place=0, epoch=None, epochs=None, seconds_left=None)
        for live in (None, nothing):
            told = made(running(live=live), steps=STATES["submitted"].notebooks[0].steps)
            assert headline(told).startswith(
                "### ⏳ Training `notebooks/churn.ipynb`: run `7f3a9c2d41b0`, getting a mach"
            )

    def test_where_it_is_when_nobody_waits(self) -> None:
        told = replace(made(running(live=LIVE, machine="this machine (2 cores)")), left=("7f3a9c2d41b0",))
        assert headline(told).startswith(
            "### ⏳ Training `notebooks/churn.ipynb` on this machine (2 cores): epoch 7 of 20, about 9 min left\n"
        )


class TestWhatIsMeasured:
    OTHERS = tuple(Metric(name=f"m{place}", value=place) for place in range(4))
    LATEST = "Latest `val_accuracy`: **0.891** at epoch 7."

    def test_the_primary_metric_comes_first_beside_what_the_base_had_then(self) -> None:
        head = running(metrics=(*self.OTHERS, *running().metrics))
        told = f"{self.LATEST} `main` had 0.884 at epoch 7 and ended at 0.913. Also `m0` 0, `m1` 1.\n"
        assert told in says(made(head))
        assert f"{self.LATEST} Also `m0` 0, `m1` 1.\n" in says(made(head, base=None))

    def test_a_single_value_has_no_step(self) -> None:
        head = running(metrics=self.OTHERS[3:])
        base = base_result(metrics=self.OTHERS[2:3])
        assert "Latest `m3`: **3**.\n" in says(made(head, base=base))
        base = base_result(metrics=(Metric(name="m3", value=9.0),))
        assert "Latest `m3`: **3**. `main` ended at 9.\n" in says(made(head, base=base))

    def test_a_base_that_was_shorter_tells_its_end_only(self) -> None:
        base = base_result(metrics=(replace(base_result().metrics[0], series=((1, 0.8), (2, 0.9)), value=0.9),))
        assert f"{self.LATEST} `main` ended at 0.900.\n" in says(made(base=base))

    @pytest.mark.parametrize("changes", [{"metrics": ()}, {"state": JobState.SUCCEEDED}])
    def test_nothing_is_told_of_a_job_that_measures_nothing_now(self, changes: dict[str, object]) -> None:
        assert "Latest" not in says(made(running(**changes)))

    @pytest.mark.parametrize(
        ("source", "live", "words"),
        [
            ("log_metric", None, "at step 7."),
            ("history", None, "at epoch 7."),
            ("log_metric", replace(LIVE, epoch=8), "at epoch 7."),
            ("log_metric", replace(LIVE, epoch=2), "at step 7."),
            ("log_metric", replace(LIVE, epoch=None), "at step 7."),
        ],
    )
    def test_steps_are_called_epochs_where_they_are_those(self, source: str, live: Live | None, words: str) -> None:
        metrics = (replace(running().metrics[0], source=source),)
        assert words in says(made(running(metrics=metrics, live=live)))


@pytest.mark.parametrize(
    ("timeout", "most", "words"),
    [
        (3600, 2.0, "after 60 min or $2.00 (`timeout` and `max_cost` in `alekseylearn.yml`)."),
        (86_400, None, "after 24 h (`timeout` in `alekseylearn.yml`)."),
        (90, None, "after 90 s (`timeout` in `alekseylearn.yml`)."),
        (0, None, "at the time limit (`timeout` in `alekseylearn.yml`)."),
    ],
)
def test_a_job_that_nobody_stops_is_stopped_in_the_end(timeout: int, most: float | None, words: str) -> None:
    one: NotebookOutcome = made(timeout=timeout, max_cost=most).notebooks[0]
    assert f"- It stops by itself {words}" in says(replace(MEASURED, notebooks=(one,)))
    both = says(replace(MEASURED, notebooks=(one, replace(one, path="b.ipynb", timeout=60))))
    assert ("at the time limit" in both) == bool(timeout)
