"""One outcome becomes one body: marker first, state last, and never too long for a comment."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alekseylearn.comment_state import CommentState, decode, is_ours
from alekseylearn.jobs import Artifact, CellRun
from alekseylearn.metrics import Gate, Metric, MetricDelta
from alekseylearn.report import LIMIT, Commit, GateResult, NotebookOutcome, Outcome, Section, render
from alekseylearn.sections import SECTIONS
from alekseylearn.slicing import CellReason
from alekseylearn.text import Markdown
from tests.outcomes import STATES, failed, outcome, skipped, told

HEAVY = Section(name="the heavy one", write=lambda _: Markdown("h" * 500), weight=2)
LIGHT = Section(name="the light one", write=lambda _: Markdown("l" * 500), weight=1)
SILENT = Section(name="the silent one", write=lambda _: None, weight=3)
TOP = Section(name="top", write=lambda _: Markdown("### Top"))
FOOT = Section(name="foot", write=lambda _: Markdown("foot"))


def test_sections_stand_in_their_order_between_marker_and_state() -> None:
    body = render(outcome(), (TOP, HEAVY, SILENT, LIGHT, FOOT))
    assert is_ours(body, 42)
    assert body.split("\n")[1:-1] == ["### Top", "", "h" * 500, "", "l" * 500, "", "foot"]


def test_the_state_is_read_back_from_the_last_line() -> None:
    made = outcome(told())
    assert decode(render(made, SECTIONS)) == CommentState(
        order=(812, 1), head="4e1f0c2" + "0" * 33, history=made.history
    )


def test_without_a_pull_request_the_marker_says_so() -> None:
    assert is_ours(render(outcome(pull=None), SECTIONS), None)


def test_the_lightest_section_is_left_out_first_and_whole() -> None:
    body = render(outcome(history=()), (TOP, HEAVY, SILENT, LIGHT, FOOT), limit=900)
    assert "h" * 500 in body
    assert "lll" not in body
    assert "Left out, to keep this comment short: the light one. All is in `report.html`." in body
    assert body.index("Left out") < body.index("foot")
    assert len(body) <= 900


def test_all_that_may_leave_leaves_before_the_limit_is_passed() -> None:
    body = render(outcome(history=()), (TOP, HEAVY, LIGHT, FOOT), limit=300)
    assert "Left out, to keep this comment short: the light one, the heavy one." in body
    assert "### Top" in body
    assert "foot" in body
    assert len(body) <= 300


@pytest.mark.parametrize("name", STATES)
def test_what_may_not_be_left_out_fits_by_itself(name: str) -> None:
    kept = tuple(section for section in SECTIONS if not section.weight)
    assert len(render(STATES[name], kept)) < 5_000
    assert render(STATES[name], SECTIONS, limit=0).startswith(render(STATES[name], kept).rpartition("<sub>")[0])


WORST = st.sampled_from(
    ["`" * 500, "`a" * 500, "@b " * 500, "é木" * 500, "x" * 500, "|" * 500, "\n" * 500, "<b>&" * 300]
)


@settings(max_examples=25, deadline=None)
@given(WORST, st.integers(min_value=1, max_value=90), st.sampled_from(sorted(STATES)))
def test_no_outcome_is_longer_than_the_limit(text: str, count: int, state: str) -> None:
    made = STATES[state]
    notebooks = tuple(_swollen(one, text, count) for one in made.notebooks * (count if count % 3 == 0 else 1))
    names = Commit(name=text, sha=text)
    body = render(
        replace(
            made, notebooks=notebooks, base=names, head=names, warnings=(text,) * count, machine=text, backend=text
        ),
        SECTIONS,
    )
    assert len(body) <= LIMIT
    assert is_ours(body, made.pull)
    assert decode(body) is not None


def _swollen(one: NotebookOutcome, text: str, count: int) -> NotebookOutcome:
    metrics = tuple(Metric(name=f"{place}{text}", value=1 / (place + 3)) for place in range(count))
    deltas = tuple(
        MetricDelta(name=m.name, base=m.value, head=m.value * 2, goal="max", verdict="better") for m in metrics
    )
    artifacts = tuple(Artifact(name=text, path=text, size=place, sha256="a" * 64) for place in range(count))
    cells = tuple(CellRun(cell=place, state="done", seconds=place) for place in range(count * 10))
    head = one.head and replace(
        one.head, metrics=metrics, artifacts=artifacts, cells=cells, log_tail=f"{text}\n" * count
    )
    if head is not None and head.failure is not None:
        failure = replace(head.failure, message=text, exception=text, traceback=f"{text}\n" * count, hint=text)
        head = replace(head, failure=failure)
    reasons = tuple(CellReason(cell=place, id="x", reason=text) for place in range(count * 10))
    return replace(
        one,
        path=text,
        reason=text,
        refused=one.refused and text,
        head=head,
        deltas=deltas,
        gates=tuple(GateResult(gate=Gate(metric=text, operator=">", bound=1), value=2, passed=True) for _ in metrics),
        slice=one.slice and replace(one.slice, kept=reasons, dropped=reasons),
        sources=tuple((place, text) for place in range(count * 10)),
        failed_source=f"{text}\n" * count,
    )


def test_forty_notebooks_make_one_table_and_as_many_details_as_fit() -> None:
    made = outcome(*(replace(failed(), path=f"notebooks/n{place}.ipynb") for place in range(45)))
    body = render(made, SECTIONS)
    assert "### ❌ Training failed in 45 of 45 notebooks: `notebooks/n0.ipynb` and 44 more" in body
    assert "And 5 more notebooks." in body
    assert "notebooks are in `report.html`." in body
    assert len(body) <= LIMIT


def test_an_outcome_of_nothing_is_a_comment_too() -> None:
    made: Outcome = outcome(history=())
    assert "### ⏭️ Nothing to train: no notebook changed" in render(made, SECTIONS)
    assert render(outcome(skipped(), history=()), SECTIONS).count("<details>") == 2
