"""The JSON documents that scripts rely on: their shapes, checked by schemas of our own, and what they say."""

from __future__ import annotations

import json
import math
from typing import Any

import jsonschema
import pytest

from alekseylearn.analysis import Comparison, Side, make_plans
from alekseylearn.config import Config
from alekseylearn.documents import delta_json, diff_json, metrics_json, outcome_json, slice_json
from alekseylearn.git import ChangedFile
from alekseylearn.jobs import Failure, JobState
from alekseylearn.metrics import Metric, MetricDelta
from alekseylearn.plan import NotebookPlan, Settings, make_job
from alekseylearn.report import Difference
from tests import outcomes, small
from tests.strategies import notebook
from tests.trees import tree

DIGEST = {"type": "string", "pattern": "^([0-9a-f]{64})?$"}
TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
NUMBER = {"anyOf": [{"type": "number"}, {"enum": ["nan", "inf", "-inf"]}]}


def closed(**properties: Any) -> dict[str, Any]:
    """Describe an object that has these keys and no others."""
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def listed(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


FILES = listed(closed(name=TEXT, path=TEXT, url=TEXT, size=COUNT, sha256=DIGEST))
METRICS = {"type": "object", "additionalProperties": NUMBER}
REASON = closed(cell=COUNT, id=TEXT, reason={"type": "string", "minLength": 1})
SEED = closed(digest=DIGEST, state={"enum": [state.value for state in JobState]}, metrics=METRICS)
COMMIT = closed(name=TEXT, sha={"type": "string", "pattern": "^([0-9a-f]{40})?$"})
RUN = closed(
    id={"type": "string", "pattern": "^([0-9a-f]{12})?$"},
    name=TEXT,
    notebook=TEXT,
    digest=DIGEST,
    backend=TEXT,
    decision={"enum": ["train", "reuse", "skip"]},
    reason=TEXT,
    state={"enum": [*(state.value for state in JobState), "none"]},
    phase=TEXT,
    url=TEXT,
    live=nullable({"type": "object"}),
    metrics=METRICS,
    base=nullable(
        closed(
            digest=DIGEST,
            backend=TEXT,
            state={"enum": [state.value for state in JobState]},
            metrics=METRICS,
            artifacts=FILES,
        )
    ),
    deltas=listed(
        closed(
            name=TEXT,
            base=nullable(NUMBER),
            head=nullable(NUMBER),
            verdict={"enum": ["better", "worse", "same", "new", "gone", "unjudged"]},
            guessed={"type": "boolean"},
            noise=nullable(NUMBER),
        )
    ),
    repeats=closed(head=listed(SEED), base=listed(SEED)),
    differences=listed(closed(what=TEXT, base=TEXT, head=TEXT, part_of_the_change={"type": "boolean"})),
    gates=listed(closed(gate=TEXT, passed={"type": "boolean"})),
    artifacts=FILES,
    seconds={"type": "number", "minimum": 0},
    cost=nullable({"type": "number"}),
    failure=nullable(closed(cell=nullable(COUNT), exception=TEXT, message=TEXT, traceback=TEXT)),
    refused=TEXT,
)
OUTCOME = closed(base=COMMIT, head=COMMIT, runs=listed(RUN))
ROUTE = listed(closed(cell=COUNT, name=TEXT))
SLICE = closed(
    notebook=TEXT,
    digest=DIGEST,
    targets=listed(REASON),
    cells=listed(closed(cell=COUNT, id=TEXT, reason={"type": "string", "minLength": 1}, route=ROUTE)),
    dropped=listed(REASON),
    missing=listed(TEXT),
    warnings=listed(TEXT),
)
CHANGE = closed(
    kind={"enum": ["added", "removed", "modified", "moved", "outputs", "metadata"]},
    before=nullable(COUNT),
    after=nullable(COUNT),
    cell_type={"enum": ["code", "markdown", "raw"]},
    trains={"type": "boolean"},
    reason={"type": "string", "minLength": 1},
    route=ROUTE,
)
DIFF = closed(
    base=TEXT,
    head=TEXT,
    notebooks=listed(
        closed(
            path=TEXT,
            old_path=nullable(TEXT),
            status={"enum": ["added", "deleted", "modified", "renamed", "unchanged"]},
            trains={"type": "boolean"},
            reason=TEXT,
            refused=TEXT,
            coarse={"type": "boolean"},
            cells=listed(CHANGE),
        )
    ),
)


def checked(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Read *document* back from strict JSON and check its shape."""
    read: dict[str, Any] = json.loads(json.dumps(document, allow_nan=False))
    jsonschema.Draft202012Validator(schema).validate(read)
    return read


# -- fit --json, status --json ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(outcomes.STATES))
def test_every_outcome_has_the_shape_that_scripts_rely_on(name: str) -> None:
    outcome = outcomes.STATES[name]
    told = checked(outcome_json(outcome), OUTCOME)
    assert [run["notebook"] for run in told["runs"]] == [one.path for one in outcome.notebooks]


def test_a_run_is_told_with_what_it_was_compared_with() -> None:
    (run,) = checked(outcome_json(outcomes.STATES["better"]), OUTCOME)["runs"]
    assert run["id"] == run["digest"][:12]
    assert (run["decision"], run["state"], run["backend"]) == ("train", "succeeded", "process")
    assert run["metrics"]["val_accuracy"] == 0.927
    assert run["base"]["metrics"]["val_accuracy"] == 0.913
    assert {
        "name": "val_accuracy", "base": 0.913, "head": 0.927, "verdict": "better", "guessed": False, "noise": None,
    } in run["deltas"]  # fmt: skip
    assert run["gates"][0]["passed"] is True
    assert {item["name"] for item in run["artifacts"]} == {"churn.executed.ipynb", "model.pt"}
    assert run["failure"] is None


def test_files_that_were_copied_have_the_paths_of_their_copies() -> None:
    outcome = outcomes.STATES["better"]
    (notebook,) = outcome.notebooks
    assert notebook.base is not None
    (run,) = outcome_json(outcome, {notebook.digest: "churn"})["runs"]
    assert [item["path"] for item in run["artifacts"]] == [f"churn/{item['name']}" for item in run["artifacts"]]
    (run,) = outcome_json(outcome, {notebook.base.digest: "churn.base"})["runs"]
    assert [item["path"] for item in run["base"]["artifacts"]] == [
        f"churn.base/{item['name']}" for item in run["base"]["artifacts"]
    ]


def test_a_failure_is_told_with_its_cell() -> None:
    failure = Failure(exception="ValueError", message="no", cell=8, line=2, traceback="Traceback", hint="mend it")
    failed = outcomes.told(head=outcomes.result(state=JobState.FAILED, failure=failure, cost=0.2), base=None)
    (run,) = checked(outcome_json(outcomes.outcome(failed)), OUTCOME)["runs"]
    assert run["failure"] == {"cell": 8, "exception": "ValueError", "message": "no", "traceback": "Traceback"}
    assert (run["state"], run["cost"], run["base"]) == ("failed", 0.2, None)


def test_a_notebook_that_is_skipped_shows_the_state_of_its_base() -> None:
    told = outcomes.told(decision="skip", head=None)
    (run,) = checked(outcome_json(outcomes.outcome(told)), OUTCOME)["runs"]
    assert (run["state"], run["metrics"], run["seconds"], run["artifacts"]) == ("succeeded", {}, 0.0, [])
    none = outcomes.told(decision="train", head=None, base=None)
    (run,) = checked(outcome_json(outcomes.outcome(none)), OUTCOME)["runs"]
    assert (run["state"], run["backend"]) == ("none", "")


def test_undefined_numbers_are_words() -> None:
    metrics = (Metric(name="a", value=math.nan), Metric(name="b", value=-math.inf), Metric(name="c", value=1))
    assert metrics_json(outcomes.result(metrics=metrics)) == {"a": "nan", "b": "-inf", "c": 1}
    assert metrics_json(None) == {}
    delta = MetricDelta(name="a", base=math.inf, head=math.nan, goal=None, verdict="unjudged")
    told = {"guessed": False, "noise": None}
    assert delta_json(delta) == {"name": "a", "base": "inf", "head": "nan", "verdict": "unjudged", **told}
    gone = MetricDelta(name="a", base=None, head=None, goal=None, verdict="gone", noise=0.25)
    assert delta_json(gone) == {"name": "a", "base": None, "head": None, "verdict": "gone", **told, "noise": 0.25}


def test_runs_with_other_seeds_are_told_each_with_its_own_metrics() -> None:
    lost = outcomes.result(state=JobState.LOST, metrics=())
    told = outcomes.told(more_head=(outcomes.result(), lost), more_base=(outcomes.base_result(),))
    (run,) = checked(outcome_json(outcomes.outcome(told)), OUTCOME)["runs"]
    assert [one["state"] for one in run["repeats"]["head"]] == ["succeeded", "lost"]
    assert run["repeats"]["base"][0]["metrics"]["val_accuracy"] == 0.913


def test_what_was_not_alike_is_told() -> None:
    told = outcomes.told(differences=(Difference(what="torch", base="2.12.0", head="2.13.0"),))
    (run,) = checked(outcome_json(outcomes.outcome(told)), OUTCOME)["runs"]
    assert run["differences"] == [{"what": "torch", "base": "2.12.0", "head": "2.13.0", "part_of_the_change": False}]


# -- slice --json -----------------------------------------------------------------------------------------------------


def test_a_slice_tells_every_cell_once() -> None:
    source = ("# %% text\nHello", "import missing_one", "x = [1]\ny = x", "print(x)", "m.fit(x, y)\nopen('gone.csv')")
    job = make_job(notebook(*source), Config(), tree(), Settings())
    assert job is not None
    told = checked(slice_json(job), SLICE)
    assert sorted(item["cell"] for item in told["cells"] + told["dropped"]) == [0, 1, 2, 3, 4]
    assert told["targets"] == [{"cell": 4, "id": "cell-4", "reason": "trains: calls `m.fit`"}]
    assert told["digest"] == job.digest
    assert told["missing"] == ["m"]
    assert told["warnings"] == ["cell 4 uses `m`, which no cell defines"]


def test_a_slice_tells_the_way_of_each_cell_to_the_training() -> None:
    job = make_job(
        notebook("x = [1]", "import os\nos.chdir('.')", "y = x", "m.fit(y, y)"), Config(), tree(), Settings()
    )
    assert job is not None
    told = checked(slice_json(job), SLICE)
    ways = {item["cell"]: [(step["cell"], step["name"]) for step in item["route"]] for item in told["cells"]}
    assert ways == {
        0: [(0, "x"), (2, "y"), (3, "m.fit")],
        1: [],
        2: [(2, "y"), (3, "m.fit")],
        3: [(3, "m.fit")],
    }


# -- diff --json ------------------------------------------------------------------------------------------------------


def plan_of(base: bytes | None, head: bytes | None, path: str = "a.ipynb") -> NotebookPlan:
    sides = [
        Side(name=name, sha="", tree=tree({path: data} if data is not None else {}), config=Config())
        for name, data in (("main", base), ("topic", head))
    ]
    file = ChangedFile(path=path, old_path=None, status="deleted" if head is None else "modified")
    comparison = Comparison(base=sides[0], head=sides[1], files=(file,))
    (plan,) = make_plans(comparison, Settings(python="3.12"), lambda _: False)
    return plan


def test_a_diff_tells_each_changed_cell_and_whether_it_trains() -> None:
    head = small.growth(
        {
            small.EPOCHS: "epochs = 40\nrate = 0.05",
            small.PROSE: "# Growth",
            5: small.LINE + "  # a line",
            small.DRAWING: "",
        },
        printed={3: "new"},
    )
    told = checked(diff_json("main", "topic", [plan_of(small.growth(), head)]), DIFF)
    (one,) = told["notebooks"]
    assert (one["status"], one["trains"], one["refused"]) == ("modified", True, "")
    assert [(cell["after"], cell["kind"], cell["trains"], cell["reason"]) for cell in one["cells"]] == [
        (0, "modified", False, "text"),
        (3, "outputs", False, "outputs only"),
        (4, "modified", True, "defines `epochs` and `rate`, used by cell 6"),
        (5, "modified", False, "only comments or format changed"),
        (8, "modified", False, "empty"),
    ]
    assert [cell["route"] for cell in one["cells"] if cell["trains"]] == [
        [{"cell": 4, "name": "epochs"}, {"cell": 6, "name": "line.fit"}]
    ]


@pytest.mark.parametrize(
    ("base", "head", "status", "trains"),
    [
        (None, small.growth(), "added", True),
        (small.growth(), None, "deleted", False),
        (small.growth(), b"broken", "modified", False),
    ],
)
def test_every_status_has_the_shape(base: bytes | None, head: bytes | None, status: str, trains: bool) -> None:
    (one,) = checked(diff_json("main", "topic", [plan_of(base, head)]), DIFF)["notebooks"]
    assert (one["status"], one["trains"]) == (status, trains)
    assert bool(one["refused"]) == (head == b"broken")


def test_a_cell_that_was_removed_from_the_training_counts() -> None:
    base = small.notebook([("code", "x = [1]"), ("code", "x = x * 2"), ("code", "x * 3"), ("code", "m.fit(x, x)")])
    head = small.notebook([("code", "x = [1]"), ("code", "m.fit(x, x)")])
    (one,) = checked(diff_json("main", "topic", [plan_of(base, head)]), DIFF)["notebooks"]
    assert [(cell["before"], cell["after"], cell["trains"], cell["reason"]) for cell in one["cells"]] == [
        (1, None, True, "removed from the training"),
        (2, None, False, "removed"),
    ]
