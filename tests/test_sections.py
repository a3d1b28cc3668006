"""What each section says: the expected comments stand as files, the rarer sentences here."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.diff import CellChange, diff_notebooks
from alekseylearn.jobs import Artifact, Failure, JobState
from alekseylearn.metrics import Gate, Metric, MetricDelta
from alekseylearn.notebook import Cell
from alekseylearn.report import Commit, GateResult, NotebookOutcome, Outcome, Section, render
from alekseylearn.sections import SECTIONS, naming
from alekseylearn.sections.changes import how, side, tally
from alekseylearn.sections.metrics import change
from alekseylearn.sections.rerun import environment
from alekseylearn.sections.runs import runs
from tests.outcomes import (
    EDITS,
    HISTORY,
    KEPT,
    LOST,
    OUT_OF_MEMORY,
    STATES,
    base_result,
    curve,
    cut,
    failed,
    notebook,
    outcome,
    result,
    skipped,
    told,
)

COMMENTS = Path(__file__).parent / "comments"
BY_NAME = {section.name: section for section in SECTIONS}


def says(name: str, made: Outcome) -> str:
    """Return what the section *name* writes, '' for nothing."""
    return BY_NAME[name].write(made) or ""


@pytest.mark.parametrize("name", STATES)
def test_the_comment_is_the_one_that_was_agreed_upon(name: str) -> None:
    expected = (COMMENTS / f"{name}.md").read_text("utf-8")
    # The last line is packed by zlib, whose bytes differ between its versions.
    assert render(STATES[name], SECTIONS).split("\n")[:-1] == expected.split("\n")[:-2]


def test_every_agreed_comment_has_its_outcome() -> None:
    assert sorted(path.stem for path in COMMENTS.glob("*.md")) == sorted(STATES)


@pytest.mark.parametrize("name", STATES)
def test_what_is_in_sight_is_one_screen_high(name: str) -> None:
    seen = render(STATES[name], SECTIONS).partition("<details>")[0]
    assert re.sub(r"```mermaid.*?```", "", seen, flags=re.DOTALL).count("\n") <= 45


@pytest.mark.parametrize("name", STATES)
def test_tables_fit_a_phone_but_for_the_history(name: str) -> None:
    body = render(STATES[name], tuple(section for section in SECTIONS if section.name != "earlier runs"))
    assert max((line.count(" | ") + 1 for line in body.split("\n") if line.startswith("| ")), default=0) <= 4


def test_every_section_has_a_name_of_its_own_and_the_footer_is_last() -> None:
    assert len(BY_NAME) == len(SECTIONS)
    assert SECTIONS[-1].name == "footer"
    assert {section.name for section in SECTIONS if not section.weight} == {
        "headline", "what was not alike", "metrics", "footer",
    }  # fmt: skip
    assert all(isinstance(section, Section) for section in SECTIONS)


# --- the line under the heading


def test_the_price_is_told_where_there_is_one() -> None:
    assert " · about $0.13 · " in says("headline", outcome(told(), cost=0.13))
    assert " · $0.00 · " in says("headline", outcome(told(), cost=0.0))
    assert " · under $0.01 · " in says("headline", outcome(told(), cost=0.0004))


def test_the_machine_and_the_backend_are_named() -> None:
    made = outcome(told(), backend="sagemaker", machine="ml.g5.xlarge", seconds=0.0)
    assert "SageMaker `ml.g5.xlarge` · [full report]" in says("headline", made)
    assert " · `lambda` · " in says("headline", outcome(told(), backend="lambda"))


def test_the_machine_that_a_result_names_is_told_and_what_of_it_is_billed() -> None:
    facts = {**result().environment, "instance": "ml.g5.xlarge spot", "billed": "5 min 36 s"}
    head = replace(result(), environment=facts)
    made = outcome(told(head=head), backend="sagemaker", seconds=1120.0)
    assert " · SageMaker `ml.g5.xlarge spot` · 18 min 40 s, billed 5 min 36 s · " in says("headline", made)
    other = replace(head, environment={**facts, "instance": "ml.m5.large"})
    two = outcome(told(head=head), told(head=other, path="b.ipynb"), backend="sagemaker", seconds=1120.0)
    assert " · SageMaker · 18 min 40 s · " in says("headline", two)


def test_the_archive_of_the_one_model_is_named_and_not_linked() -> None:
    address = "s3://acme-churn/alekseylearn/runs/alekseylearn-c0ffee000000-1/output/model.tar.gz"
    head = replace(result(), environment={**result().environment, "model archive": address})
    text = says("files", outcome(told(head=head)))
    assert f"The model as the job left it: `{address}`." in text
    assert address not in says("how to run it again", outcome(told(head=head)))
    two = outcome(told(head=head), told(head=head, path="b.ipynb"))
    assert address not in says("files", two)
    odd = replace(head, environment={"model archive": "https://elsewhere.example/model"})
    assert "elsewhere" not in says("files", outcome(told(head=odd)))


def test_one_other_notebook_is_counted_in_the_heading() -> None:
    assert says("headline", STATES["local"]).startswith("### ✅ Trained `notebooks/churn.ipynb`")
    assert "(1 other notebook: nothing to train)" in says("headline", STATES["local"])


def test_without_a_base_nothing_is_compared() -> None:
    made = outcome(told(base=None), base=Commit(name="", sha=""))
    assert "no run of the base to compare with" in says("headline", made)
    assert "\n4e1f0c2 · " in says("headline", made)
    assert "| the base | This PR |" in says("metrics", made)


def test_several_reused_results_need_no_machine() -> None:
    reused = told(decision="reuse", reused=True)
    made = outcome(reused, replace(reused, path="b.ipynb"))
    assert " · no machine used" in says("headline", made)


# --- metrics


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        (MetricDelta(name="a", base=0.9, head=0.95, goal="max", verdict="better"), "better by 0.050 (+5.6 %)"),
        (MetricDelta(name="a", base=0.0, head=0.5, goal="min", verdict="worse"), "worse by 0.500"),
        (MetricDelta(name="a", base=0.9, head=float("nan"), goal="max", verdict="worse"), "worse"),
        (MetricDelta(name="a", base=0.001, head=5.0, goal="max", verdict="better"), "better by 4.999"),
        (MetricDelta(name="a", base=0.9, head=0.9, goal="max", verdict="same"), "same"),
        (MetricDelta(name="a", base=None, head=0.9, goal="max", verdict="new"), "new"),
        (MetricDelta(name="a", base=0.9, head=None, goal="max", verdict="gone"), "gone"),
        (MetricDelta(name="n", base=10, head=8, goal=None, verdict="unjudged"), "-2 (-20.0 %), no goal set"),
        (MetricDelta(name="n", base=float("nan"), head=8, goal=None, verdict="unjudged"), "not comparable"),
    ],
)
def test_a_change_is_told_in_words(delta: MetricDelta, words: str) -> None:
    assert change(delta) == words


def test_many_metrics_and_gates_are_folded_and_counted() -> None:
    deltas = tuple(MetricDelta(name=f"m{place}", base=1, head=1, goal="max", verdict="same") for place in range(12))
    gates = tuple(
        GateResult(gate=Gate(metric=f"m{place}", operator=">", bound=0), value=1, passed=True) for place in range(11)
    )
    text = says("metrics", outcome(told(deltas=deltas, gates=gates, primary="m5")))
    assert "<summary>4 more metrics</summary>" in text
    assert text.split("\n")[2].startswith("| **`m5`** |")
    assert "passed, and 3 more." in text


def test_a_missing_metric_fails_its_gate_in_words() -> None:
    gate = GateResult(gate=Gate(metric="recall", operator=">", bound=0.5), value=None, passed=False)
    made = outcome(told(gates=(gate,)))
    assert "but a gate failed: `recall` is missing, 0.500 is asked for" in says("headline", made)
    assert "**failed** (missing)" in says("metrics", made)


def test_without_a_tolerance_chance_is_named() -> None:
    assert "One run each side, so a small change may be chance." in says("metrics", outcome(told(tolerance=0.0)))


def test_a_base_that_failed_is_no_base() -> None:
    made = outcome(told(base=base_result(state=JobState.FAILED), base_note="its own training failed"))
    assert "There is no run of `main` to compare with: its own training failed." in says("metrics", made)
    assert "There is no run of `main` to compare with." in says("metrics", outcome(told(base=None)))


def test_the_table_of_all_notebooks_has_a_row_for_each_state() -> None:
    missing = GateResult(gate=Gate(metric="val_accuracy", operator=">", bound=0.99), value=0.927, passed=False)
    made = outcome(told(path="a.ipynb", gates=(missing,)), told(path="b.ipynb", head=None, deltas=()), failed())
    text = says("metrics", made)
    assert "**better** by 0.014 (+1.5 %), **a gate failed** |" in text.replace("0.0140", "0.014")
    assert "| `b.ipynb` |  |  | **not trained yet** |" in text
    assert "| `notebooks/churn.ipynb` |  |  | **failed** |" in text


# --- files


def test_every_file_with_an_address_is_linked() -> None:
    url = "https://github.com/acme/churn/actions/runs/812/artifacts/1"
    files = (
        Artifact(name="model.pt", path="model/model.pt", size=5, sha256="a" * 64, url=url),
        *(Artifact(name=f"f{n}", path=f"output/data/f{n}", size=n, sha256="b" * 64) for n in range(7)),
    )
    text = says("files", outcome(told(head=result(artifacts=files))))
    assert f"| `churn/model.pt` | 5 B | [download]({url}) |" in text
    assert "And 2 more files. All of them are in [one download]" in text


def test_a_run_without_files_has_no_table_of_files() -> None:
    assert says("files", outcome(told(head=result(artifacts=())))) == ""
    assert says("files", STATES["nothing"]) == ""


def test_of_several_notebooks_only_the_models_are_listed() -> None:
    local = replace(STATES["several"], pull=None, artifact_url="")
    assert says("files", local).count("model.pt") == 2
    assert "executed" not in says("files", local)
    assert "fetch" not in says("files", local)


def test_files_that_lie_in_s3_are_fetched_from_there() -> None:
    command = "alekseylearn fetch 7f3a9c2d41b0   # model, metrics and executed notebook"
    there, elsewhere = (told(head=replace(result(), backend=name)) for name in ("sagemaker", "docker"))
    assert command in says("files", outcome(there, artifact_url=""))
    assert "fetch" not in says("files", outcome(elsewhere, artifact_url=""))
    assert command in says("files", outcome(elsewhere, pull=None))
    assert says("files", outcome(there, there, elsewhere, artifact_url="")).count(command) == 2


def test_what_the_workflow_uploaded_is_fetched_by_the_pull_requests_number() -> None:
    text = says("files", outcome(told()))
    assert "alekseylearn fetch pr/42          # model, metrics and executed notebook\n" in text
    assert "alekseylearn fetch pr/42 --base   # the same, and those of the base\n" in text
    assert "--base" not in says("files", outcome(told(base=None)))


# --- what changed


def test_a_change_outside_the_notebook_is_named() -> None:
    same = diff_notebooks(notebook(), notebook())
    text = says("what changed", outcome(told(diff=same, reason="the requirements changed")))
    assert "No code cell changed. Why it is another training: the requirements changed." in text
    assert "Cells 1, 2, 4 and 6-9 run. 4 cells left out" in text


def test_a_new_notebook_is_not_shown_as_a_difference() -> None:
    text = says("what changed", outcome(told(diff=diff_notebooks(None, notebook()))))
    assert "<summary>What changed: a new notebook, 7 cells in the training run</summary>" in text
    assert "```diff" not in text


def test_what_a_cell_of_the_run_only_shows_is_told_apart() -> None:
    one = told()
    changes = tuple(
        replace(change, shows=change.after is not None and change.after.index == 4) for change in one.diff.changes
    )
    text = says("what changed", outcome(replace(one, diff=replace(one.diff, changes=changes))))
    assert "| 4 `batch_size = 256` | edited, +1 −1 | no: only what it shows changed |" in text
    assert "- batch_size = 128" not in text


def test_removed_moved_and_reformatted_cells_are_told_apart() -> None:
    before = notebook()
    cells = list(before.cells)
    moved = [*cells[:2], cells[10], *cells[2:4], *cells[5:10]]
    moved[1] = replace(moved[1], source=moved[1].source + "  # all of it")
    after = replace(before, cells=tuple(replace(cell, index=place) for place, cell in enumerate(moved)))
    text = says("what changed", outcome(told(diff=diff_notebooks(before, after))))
    assert "| 1 `import torch` | edited, +1 −1 | no: only comments or format changed |" in text
    assert "| 4 `batch_size = 128` of the base | removed, −2 | no longer there |" in text
    assert "| 2 `plot_confusion(net, val_dl)` | moved from 10 to 2 |" in text


def test_a_cell_that_no_slice_knows_is_said_to_be_unknown() -> None:
    no_slice = outcome(told(slice=None))
    assert "| unknown |" in says("what changed", no_slice)
    assert "<summary>What changed: 3 of 9 code cells</summary>" in says("what changed", no_slice)
    elsewhere = replace(cut(), kept=KEPT[:1], dropped=())
    text = says("what changed", outcome(told(slice=elsewhere)))
    assert "| edited, +1 −1 | no |" in text
    assert text.endswith("Cell 1 runs.\n\n</details>")


def test_long_changes_are_cut_and_say_so() -> None:
    before, after = notebook(), notebook()
    many = tuple(replace(cell, source="\n".join(f"{'x' * 200} = {n}" for n in range(100))) for cell in after.cells)
    text = says("what changed", outcome(told(diff=diff_notebooks(before, replace(after, cells=many)))))
    assert "… more of it in report.html" in text
    assert max(len(line) for line in text.split("\n") if line.startswith("+")) == 160
    cells = tuple(Cell(index=n, id=f"n{n}", kind="code", source=f"value_{n} = {n}") for n in range(40))
    wide = diff_notebooks(replace(before, cells=()), replace(before, cells=cells))
    assert "And 10 more cells." in says("what changed", outcome(told(diff=replace(wide, status="modified"))))


def test_text_and_outputs_are_counted_beside_the_code() -> None:
    one = skipped()
    assert tally(one) == (1, 1, 2)
    text = says("what changed", outcome(replace(one, decision="train")))
    assert "Changed too, and not counted: 1 text cell and 2 outputs." in text


def test_metadata_alone_is_named() -> None:
    change = CellChange(
        kind="metadata",
        before=notebook().cells[1],
        after=notebook().cells[1],
        added_lines=0,
        removed_lines=0,
        cosmetic=False,
    )
    assert how(change) == "metadata only"
    with pytest.raises(ValueError, match="a change of no cell"):
        side(replace(change, before=None, after=None))


# --- failures


def fixes_of(one: NotebookOutcome) -> list[str]:
    return re.findall(r"^\d\. (.*)$", says("the failure", outcome(one)), re.MULTILINE)


def test_the_change_of_the_failing_cell_itself_comes_first() -> None:
    failure = replace(OUT_OF_MEMORY, cell=6, hint="")
    fixes = fixes_of(failed(failure))
    assert fixes[0] == "Look at this change first: cell 6 was edited, +3 −1, the cell that failed."


def test_changes_that_the_failing_cell_does_not_use_are_all_named() -> None:
    one = failed(replace(OUT_OF_MEMORY, hint=""))
    fixes = fixes_of(replace(one, slice=replace(cut(), edges=())))
    assert fixes[0] == (
        "Look at the changes first: `batch_size = 128` became `batch_size = 256` in cell 4; cell 6 was edited, +3 −1."
    )


def test_a_new_notebook_is_to_be_run_from_the_top() -> None:
    fixes = fixes_of(replace(failed(), diff=diff_notebooks(None, notebook())))
    assert fixes[1] == "The notebook is new here: run it from top to bottom in a fresh kernel first."


def test_without_a_changed_cell_the_reason_is_told() -> None:
    one = replace(failed(), diff=diff_notebooks(notebook(), notebook()), slice=None, reason="the requirements changed")
    assert fixes_of(one)[1] == "No cell of the training run changed; look at what else did: the requirements changed."


def test_a_line_that_became_empty_is_not_quoted() -> None:
    after = notebook(edits={4: ("batch_size = 128", "")})
    one = replace(failed(), diff=diff_notebooks(notebook(), after))
    assert fixes_of(one)[1] == "Look at this change first: cell 4 was edited, +1 −1, which cell 8 uses."


@pytest.mark.parametrize(
    ("state", "remedy"),
    [
        (JobState.LOST, "Run the workflow again: what has a result is not trained twice."),
        (JobState.STOPPED, "Somebody or something stopped it. Run it again to go on."),
        (JobState.TIMED_OUT, "Raise `timeout` in `alekseylearn.yml`, or train for fewer steps."),
    ],
)
def test_every_bad_end_has_a_remedy(state: JobState, remedy: str) -> None:
    assert remedy in fixes_of(failed(LOST, state))


def test_a_failure_that_left_no_word_is_told_all_the_same() -> None:
    text = says("the failure", outcome(failed(None, JobState.LOST)))
    assert text.startswith("> [!CAUTION]\n> The machine or the process went away.")
    assert "Could not train `notebooks/churn.ipynb`: the machine went away" in says(
        "headline", outcome(failed(None, JobState.LOST))
    )
    stopped = says("the failure", outcome(failed(None, JobState.STOPPED)))
    assert stopped.startswith("> [!WARNING]\n> It was asked to stop before it was done.")


def test_an_exception_without_a_message_or_a_line_is_told() -> None:
    bare = Failure(exception="", message="", cell=8)
    one = replace(failed(bare), failed_source="x = 1")
    assert "> `an error` in cell 8\n" in says("the failure", outcome(one))
    assert "# cell 8, ran 48 s before the error\nx = 1\n```" in says("the failure", outcome(one))
    assert "in cell 8 of `notebooks/churn.ipynb`\n" in says("headline", outcome(one))
    assert "`KeyboardInterrupt`\n" in says("headline", outcome(failed(replace(bare, exception="KeyboardInterrupt"))))
    assert "> No space.\n" in says("the failure", outcome(failed(replace(bare, message="no space", cell=None))))


def test_the_middle_of_a_long_cell_is_shown() -> None:
    source = "\n".join(f"line_{n} = {'9' * 200}" for n in range(1, 40))
    text = says("the failure", outcome(replace(failed(replace(OUT_OF_MEMORY, line=20)), failed_source=source)))
    assert "# cell 8, ran 48 s before the error, from line 16\nline_16" in text
    assert re.search(r"\nline_20 = 9+…  # <-- line 20: the error is here\n", text)
    assert re.search(r"\nline_24 = 9+…\n# …\n```", text)


def test_a_chained_error_ends_with_the_last_one() -> None:
    text = (
        "Traceback (most recent call last):\n  cell 2, line 1, in <module>\n    one()\nKeyError: 'a'\n\n"
        "While handling it, another:\n\nTraceback (most recent call last):\n"
        + "".join(f"  cell 8, line {n}, in <module>\n    call_{n}()\n" for n in range(8))
        + '  File "/env/lib.py", line 3, in f\n    g()\nValueError: no\nmore of it'
    )
    body = says("the failure", outcome(failed(replace(OUT_OF_MEMORY, traceback=text))))
    assert "KeyError" not in body
    assert "call_3()\n…\n```" in body
    short = text.replace("".join(f"  cell 8, line {n}, in <module>\n    call_{n}()\n" for n in range(1, 8)), "")
    body = says("the failure", outcome(failed(replace(OUT_OF_MEMORY, traceback=short))))
    assert "    call_0()\n  ... 1 frame in libraries, see below ...\nValueError: no\nmore of it\n```" in body


def test_metrics_so_far_need_a_base_at_the_same_step() -> None:
    assert "Metric so far" not in says("the failure", outcome(replace(failed(), base=None)))
    assert "Metric so far" not in says("the failure", outcome(replace(failed(), base=base_result(metrics=()))))
    plain = failed()
    assert plain.head is not None
    head = replace(plain.head, metrics=(Metric(name="val_accuracy", value=0.9),))
    assert "Metric so far" not in says("the failure", outcome(replace(plain, head=head)))


def test_long_traces_lose_their_middle() -> None:
    long = failed(replace(OUT_OF_MEMORY, traceback="\n".join("y" * 300 for _ in range(100))))
    text = says("the traceback and the log", outcome(long))
    assert "  ... 40 more lines ..." in text
    assert max(map(len, text.split("\n"))) == 200


def test_a_run_that_left_nothing_has_no_trace() -> None:
    bare = failed(None)
    assert bare.head is not None
    bare = replace(bare, head=replace(bare.head, cells=(), log_tail="", state=JobState.LOST))
    assert says("the traceback and the log", outcome(bare)) == ""


def test_an_interrupted_cell_is_told_from_a_failed_one() -> None:
    stopped = failed(LOST, JobState.STOPPED)
    assert stopped.head is not None
    cells = tuple(replace(cell, state="interrupted") if cell.cell == 8 else cell for cell in stopped.head.cells[:-1])
    one = replace(stopped, head=replace(stopped.head, cells=cells, peak_memory=0), sources=())
    text = says("the traceback and the log", outcome(one))
    assert "<summary>Cells of this run: 5 done, 1 interrupted</summary>" in text
    assert "| **8** | **interrupted** | **48 s** |" in text
    assert "memory" not in text


# --- running, planned, nothing


def test_a_run_on_this_machine_is_stopped_by_the_keyboard() -> None:
    made = replace(STATES["running"], pull=None)
    assert "- Press Ctrl-C." in says("the progress", made)


def test_of_several_running_notebooks_each_has_its_own_steps() -> None:
    one = STATES["running"].notebooks[0]
    made = replace(STATES["running"], notebooks=(one, replace(one, path="b.ipynb", steps=())))
    assert "| Step |" not in says("the progress", made)
    assert says("each notebook", made).count("| Step |") == 1
    assert "### ⏳ Training 2 notebooks: 0 done" in says("headline", made)
    assert "**running**" in says("metrics", made)


def test_a_job_has_a_page_where_its_backend_has_such() -> None:
    linked = "[SageMaker job](https://eu-central-1.console.aws.amazon.com"
    assert linked in says("the progress", STATES["submitted"])
    assert linked not in says("headline", STATES["submitted"])
    assert linked in says("headline", STATES["closed"])
    one = STATES["closed"].notebooks[0]
    both = replace(STATES["closed"], notebooks=(one, replace(one, path="b.ipynb")))
    assert linked not in says("headline", both)
    assert says("each notebook", both).count(linked) == 2
    assert " job]" not in says("headline", STATES["better"])


@pytest.mark.parametrize(
    ("backend", "url"),
    [
        ("sagemaker", "https://evil.example/eu-central-1.console.aws.amazon.com/"),
        ("sagemaker", "https://eu.console.aws.amazon.com.evil.example/"),
        ("sagemaker", "http://eu.console.aws.amazon.com/"),
        ("sagemaker", ""),
        ("process", "https://eu.console.aws.amazon.com/"),
    ],
)
def test_a_page_that_is_not_the_backends_is_not_linked(backend: str, url: str) -> None:
    assert naming.job_page(backend, url) == ""


def test_a_job_that_nobody_waits_for_takes_an_unknown_time() -> None:
    assert "so far" not in says("headline", STATES["submitted"])
    assert "No workflow waits for it" in says("the progress", STATES["submitted"])
    assert "once a minute" not in says("footer", STATES["submitted"])
    assert "alekseylearn stop 7f3a9c2d41b0" in says("the progress", STATES["submitted"])


def test_many_plans_are_counted() -> None:
    one = told(head=None, base=None, deltas=(), gates=(), slice=None)
    text = says("what would train", outcome(*(replace(one, path=f"n{n}.ipynb") for n in range(35))))
    assert "And 5 more notebooks." in text
    assert "| `n0.ipynb` |  |" in text


def test_a_result_that_does_not_stand_is_not_told() -> None:
    one = replace(skipped(), base=base_result(state=JobState.FAILED))
    assert "its result stands" not in says("the decisions", outcome(one))
    assert "its result stands: no metric." in says(
        "the decisions", outcome(replace(skipped(), base=base_result(metrics=(), run="x")))
    )


def test_a_pull_request_that_trains_nothing_tells_why_for_every_cell() -> None:
    after = notebook(edits={7: ("net = Net().cuda()", "net = Net().cuda()  # now")})
    gone = replace(after, cells=after.cells[:10])
    one = replace(skipped(), diff=diff_notebooks(notebook(), gone))
    text = says("what was compared", outcome(one))
    assert "| 7 `net = Net().cuda() # now` | code | edited, +1 −1 | no: only comments or format changed |" in text
    assert "| 10 `plot_confusion(net, val_dl)` | code | removed, −1 | no: nothing that is trained uses it |" in text
    cells = tuple(Cell(index=n, id=f"n{n}", kind="code", source=f"value_{n} = {n}") for n in range(60))
    many = replace(skipped(), diff=diff_notebooks(replace(after, cells=()), replace(after, cells=cells)))
    text = says("what was compared", outcome(many, replace(many, path="b.ipynb")))
    assert "And 20 more cells." in text
    assert "`b.ipynb`" not in text
    assert says("what was compared", outcome(replace(many, diff=diff_notebooks(after, after)))) == ""


def test_without_known_cells_only_the_changed_ones_are_counted() -> None:
    one = replace(skipped(), sources=(), diff=diff_notebooks(notebook(), notebook(edits=EDITS)))
    assert "| `notebooks/churn.ipynb` | 3 code cells | not trained: no code that trains changed |" in says(
        "the decisions", outcome(one)
    )
    calm = replace(one, diff=diff_notebooks(notebook(), notebook()))
    assert "If a cell should count" in says("the decisions", outcome(*([calm] * 31)))
    assert "And 1 more notebook." in says("the decisions", outcome(*([calm] * 31)))


# --- history, curve, notes, the rest


def test_one_run_is_no_history() -> None:
    assert runs(outcome(told(), history=HISTORY[:1])) is None


def test_runs_of_several_notebooks_and_metrics_name_both() -> None:
    mixed = (HISTORY[0], replace(HISTORY[1], metric="f1", notebook="b.ipynb", sha="", cost=None, when="yesterday"))
    text = says("earlier runs", outcome(told(), history=mixed))
    assert "| Commit | When (UTC) | Notebook | Metric | Against `main` | Time | Result |" in text
    assert "| none | yesterday | `b.ipynb` (not in this run) | `f1` none | none | 3 min 12 s | failed, cell 8 |" in text


def test_the_chart_is_thinned_and_holds_numbers_only() -> None:
    values = tuple(n / 1000 for n in range(500))
    head = result(metrics=(curve("val|accuracy@x", values),))
    text = says("the curve", outcome(told(head=head, base=None, primary=None)))
    line = re.search(r"line (\[.*\])", text)
    steps = re.search(r'x-axis "epoch" (\[.*\])', text)
    assert line is not None
    assert steps is not None
    assert len(json.loads(line[1])) == len(json.loads(steps[1])) == 24
    assert (json.loads(steps[1])[0], json.loads(steps[1])[-1]) == (1, 500)
    assert 'title "val accuracy x by epoch"' in text
    assert re.search(r"bar \[(-?[\d.]+)(, \1)*\]", text), "bars of no height"


def test_a_flat_curve_has_a_range() -> None:
    head = result(metrics=(curve("@@@", (0.0, 0.0)),))
    text = says("the curve", outcome(told(head=head, base=None, primary=None), base=Commit(name="@", sha="")))
    assert 'y-axis "metric" 0.00 --> 2.00' in text


def test_steps_are_called_epochs_only_where_a_training_history_counts_them() -> None:
    logged = result(metrics=(replace(curve("val_accuracy", (0.1, 0.2)), source="log_metric"),))
    text = says("the curve", outcome(told(head=logged)))
    assert 'x-axis "step" [1, 2]' in text
    assert 'title "val_accuracy by step (line: this PR, bars: main)"' in text


def test_a_chart_ends_where_head_ends_and_says_where_the_base_did() -> None:
    text = says("the curve", outcome(told(head=result(metrics=(curve("val_accuracy", (0.8, 0.85)),)))))
    assert "bar [0.8010, 0.8320]" in text
    assert "The bars are main and end at 0.913." in text


def test_where_the_base_ended_sooner_its_bars_have_no_height() -> None:
    base = base_result(metrics=(curve("val_accuracy", (0.80, 0.85)),))
    text = says("the curve", outcome(told(head=result(metrics=(curve("val_accuracy", (0.8, 0.85, 0.9)),)), base=base)))
    low = re.search(r'y-axis "val_accuracy" ([\d.]+)', text)
    assert low is not None
    assert f"bar [0.800, 0.850, {low[1]}]" in text


def test_a_base_that_ends_undefined_is_told_by_its_last_number() -> None:
    base = base_result(metrics=(curve("val_accuracy", (0.80, 0.85, float("nan"))),))
    assert "The bars are main and end at 0.850." in says("the curve", outcome(told(base=base)))


@given(st.lists(st.floats(-1e9, 1e9, allow_subnormal=False).map(lambda value: round(value, 6)), min_size=2, max_size=9))
def test_the_upright_axis_holds_all_values_and_never_more_labels_than_there_is_room_for(values: list[float]) -> None:
    text = says("the curve", outcome(told(head=result(metrics=(curve("loss", tuple(values)),)), base=None)))
    found = re.search(r'y-axis "loss" (\S+) --> (\S+)', text)
    assert found is not None
    low, high = float(found[1]), float(found[2])
    slack = (high - low) / 100
    assert low - slack <= min(values)
    assert max(values) <= high + slack
    assert low >= 0 or min(values) < 0
    assert len(labels(low, high)) <= 12


def labels(low: float, high: float) -> list[int]:
    """Count as d3-array's `ticks(low, high, 10)` does, which mermaid asks."""
    power = math.floor(math.log10((high - low) / 10))
    error = (high - low) / 10 / 10.0**power
    factor = 10 if error >= math.sqrt(50) else 5 if error >= math.sqrt(10) else 2 if error >= math.sqrt(2) else 1
    step = factor * 10.0**power
    return list(range(math.ceil(low / step), math.floor(high / step) + 1))


def test_notes_are_folded_counted_and_told_once() -> None:
    one = told(head=result(warnings=("nb.source: odd", "nb.identity: odd")))
    text = says("notes", outcome(one, warnings=("nb.source: odd", *(f"note number {n}" for n in range(15)))))
    assert "<summary>17 notes</summary>" in text
    assert text.count("nb.source") == 1
    assert "- and 5 more" in text


def test_a_run_without_an_id_is_not_named() -> None:
    assert says("footer", outcome(told(), run="")) == (
        "<sub>Updated 2026-11-22 12:24 UTC. Made by alekseylearn 1.0.0.</sub>"
    )
    assert "exit code 9 (unknown)" in says("footer", outcome(told(), exit_code=9))


def test_a_result_without_a_base_is_run_again_by_its_own_facts() -> None:
    text = says("how to run it again", outcome(told(base=None, digest="")))
    assert "base run" not in text
    assert "training `7f3a9c2d41b0`" in text


@pytest.mark.parametrize(
    ("cells", "words"),
    [([], ""), ([3], "3"), ([1, 2], "1 and 2"), ([5, 1, 2, 3, 9], "1-3, 5 and 9")],
)
def test_cells_are_listed_as_a_person_would(cells: list[int], words: str) -> None:
    assert naming.numbers(cells) == words


def test_many_cells_are_counted() -> None:
    assert naming.numbers(list(range(0, 60, 2))).endswith("20 and 19 more groups")


def test_a_path_with_blanks_is_quoted_in_commands() -> None:
    assert naming.shell("fit", "my notebook; rm -rf x.ipynb") == "alekseylearn fit 'my notebook; rm -rf x.ipynb'"


def test_a_cell_that_says_nothing_is_its_number() -> None:
    assert naming.cell_label(Cell(index=3, id="c", kind="code", source="")) == "3"


def test_what_has_not_run_ran_nowhere() -> None:
    assert environment(told(head=None)) == []
