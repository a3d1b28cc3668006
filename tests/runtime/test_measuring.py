"""A whole run: the metrics that it leaves, without a change of the notebook's code."""

from __future__ import annotations

from typing import Any

import pytest

from alekseylearn.runtime.journal import warn_of_nan
from alekseylearn.runtime.settling import Settling
from alekseylearn.runtime.sources.base import number

from .conftest import Cell, Job, Make, measure, train

HISTORY = """
class History:
    def __init__(self, **history): self.history, self.epoch = history, list(range(len(history["loss"])))
"""


def told(job: Job) -> list[tuple[str, Any, int | None, int | None, str]]:
    return [(m["name"], m["value"], m["step"], m["cell"], m["source"]) for m in job.metrics]


def test_last_expressions_count_from_the_first_cell_that_trains(run: Make) -> None:
    job = run(
        "rows = 150\nrows", train("class M: ...\nmodel = M()\nloss = 0.5\nloss"), "acc = 0.9\nacc", "acc;", "None"
    )
    assert told(job) == [("loss", 0.5, None, 11, "last_expression"), ("acc", 0.9, None, 12, "last_expression")]


def test_metrics_cells_give_what_they_assign(run: Make) -> None:
    marked = Cell(text="r2 = 0.1", source="#| metrics\nr2 = 0.1")
    job = run(measure("f1 = 0.5\nlabel = 'x'\nscores = {'auc': 0.7}"), marked, train("pass"), "ignored = 3")
    assert told(job) == [
        ("f1", 0.5, None, 10, "assigned"),
        ("auc", 0.7, None, 10, "assigned"),
        ("r2", 0.1, None, 11, "assigned"),
    ]


def test_a_history_is_a_series_and_sent_once(run: Make) -> None:
    job = run(HISTORY, train("history = History(loss=[2.0, float('nan')], val_loss=[3.0, 1.0])"), "1", "same = history")
    assert told(job) == [
        ("loss", 2.0, 0, 11, "history"), ("loss", "nan", 1, 11, "history"),
        ("val_loss", 3.0, 0, 11, "history"), ("val_loss", 1.0, 1, 11, "history"),
    ]  # fmt: skip


def test_a_history_that_grows_is_sent_as_it_grows(run: Make) -> None:
    job = run(
        "history = {'loss': [], 'acc': []}",
        train("for i in range(2):\n    history['loss'].append(1 / (i + 1)); history['acc'].append(i)"),
        "history['loss'].append(0.1); history['acc'].append(2);",
    )
    assert [metric[:4] for metric in told(job)] == [
        ("loss", 1.0, 0, 11), ("loss", 0.5, 1, 11), ("acc", 0.0, 0, 11), ("acc", 1.0, 1, 11),
        ("loss", 0.1, 2, 12), ("acc", 2.0, 2, 12),
    ]  # fmt: skip


def test_a_history_that_is_only_shown_counts_too(run: Make) -> None:
    job = run(HISTORY, train("History(loss=[2.0])"))
    assert told(job) == [("loss", 2.0, 0, 11, "history")]


def test_metrics_json_counts_if_the_run_wrote_it(run: Make) -> None:
    text = "import json, os\njson.dump({'test': {'acc': 0.5}}, open('metrics.json', 'w'))"
    job = run(text, files={"notebooks/metrics.json": '{"old": 1}'})
    assert told(job) == [("test.acc", 0.5, None, None, "metrics_json")]
    assert job.values == {"test.acc": 0.5}


def test_metrics_json_of_the_bundle_is_no_result(run: Make) -> None:
    assert run("1", files={"notebooks/metrics.json": '{"old": 1}'}).metrics == []


def test_metrics_json_in_the_output_folder_counts(run: Make) -> None:
    job = run("import os\nopen(os.environ['SM_OUTPUT_DATA_DIR'] + '/metrics.json', 'w').write('{\"a\": 1}');")
    assert job.values == {"a": 1.0}


def test_metrics_json_that_is_broken_is_a_warning(run: Make) -> None:
    job = run("open('metrics.json', 'w').write('{');")
    assert job.code == 0
    (warning,) = job.result["warnings"]
    assert warning.startswith("metrics_json: metrics.json: JSONDecodeError: Expecting property name")


def test_log_metric_works_without_the_package_and_from_threads_and_forks(run: Make) -> None:
    job = run(
        """
        import os, threading
        import alekseylearn
        from alekseylearn import log_metric
        alekseylearn.log_params({"lr": 0.1, "layers": [1, 2], "path": os})
        threads = [threading.Thread(target=log_metric, args=("t", i, i)) for i in range(20)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        if not os.fork():
            log_metric("forked", 2)
            os._exit(0)
        os.wait()
        log_metric("loss", float("inf"), step=1)
        """
    )
    assert job.code == 0, job.out
    assert len([metric for metric in job.metrics if metric["name"] == "t"]) == 20
    assert job.values["forked"] == 2.0
    assert job.values["loss"] == "inf"
    assert job.result["params"]["lr"] == 0.1
    assert job.result["params"]["layers"] == [1, 2]
    assert job.result["params"]["path"].startswith("<module 'os'")


def test_a_wrong_call_of_log_metric_fails_its_cell(run: Make) -> None:
    failure = run("import alekseylearn\nalekseylearn.log_metric('loss', [1])").result["failure"]
    assert (failure["exception"], failure["line"]) == ("TypeError", 2)
    assert failure["message"] == "log_metric: the value of 'loss' is one number, not list"


def test_one_name_from_two_sources_is_told_once(run: Make) -> None:
    job = run(
        HISTORY,
        train("import alekseylearn\nhistory = History(loss=[2.0, 1.0], acc=[0.1, 0.2])\nloss = 0.9\nloss"),
        "acc = 0.5\nacc",
        "alekseylearn.log_metric('acc', 0.6)",
    )
    assert [(name, value, step, source) for name, value, step, _, source in told(job)] == [
        ("loss", 2.0, 0, "history"), ("loss", 1.0, 1, "history"),
        ("loss", 0.9, None, "last_expression"),
        ("acc", 0.1, 0, "history"), ("acc", 0.2, 1, "history"),
        ("acc", 0.6, None, "log_metric"),
    ]  # fmt: skip
    assert [metric.get("also") for metric in job.metrics] == [None] * 5 + [["last_expression"]]


def test_a_loss_that_became_nan_is_a_warning(run: Make) -> None:
    job = run(HISTORY, train("history = History(loss=[2.0, float('nan'), float('inf')])"))
    assert job.result["state"] == "succeeded"
    (warning,) = [text for text in job.result["warnings"] if "loss" in text]
    assert warning.startswith("loss is inf since step 1: the training diverged")


def line(name: str, value: Any, source: str, step: int | None = None) -> dict[str, Any]:
    return {"name": name, "value": value, "step": step, "source": source}


def test_only_a_loss_that_ends_as_nan_is_warned_of() -> None:
    fine = [line("loss", "nan", "history", 0), line("loss", 1.0, "history", 1), line("snr", "inf", "history")]
    assert warn_of_nan(fine) == []
    assert warn_of_nan([line("rmse", "nan", "last_expression")])[0].startswith("rmse is nan: the training diverged")


def settled(*lines: dict[str, Any], final: bool = True) -> list[dict[str, Any]]:
    settling = Settling()
    for one in lines:
        settling.hear(one)
    return list(settling.settled(map(dict, lines), final=final))


def test_the_source_that_comes_first_wins_for_each_kind_and_names_the_others() -> None:
    series, first, lost, last = (
        line("a", 1, "history", 0),
        line("a", 2, "metrics_json"),
        line("a", 3, "assigned"),
        line("a", 4, "metrics_json"),
    )
    also = {"also": ["assigned"]}
    assert settled(series, first, lost, last) == [series, {**first, **also}, {**last, **also}]


def test_a_value_follows_the_series_of_its_name() -> None:
    value, one, two, other = (
        line("loss", 0.1, "last_expression"),
        line("loss", 2, "history", 0),
        line("loss", 1, "history", 1),
        line("acc", 1, "last_expression"),
    )
    assert settled(value, other, one, two) == [other, one, two, value]


def test_a_series_that_is_sent_anew_replaces_itself() -> None:
    old = [line("loss", value, "lightning_csv", step) for step, value in enumerate([3, 2, 1])]
    new = [line("loss", value, "lightning_csv", step) for step, value in enumerate([6, 5])]
    assert settled(*old, *new) == new
    logged = [line("loss", value, "log_metric", 0) for value in (1, 2)]
    assert settled(*logged) == logged


def test_previews_count_until_the_child_has_looked_itself() -> None:
    early, sure = line("train/loss", 2, "tensorboard", 0), line("loss", 2, "trainer_state", 0)
    preview = {**early, "preview": True}
    assert settled(preview, sure) == [sure]
    assert settled(preview, sure, final=False) == [early, sure]


def test_what_was_printed_once_is_no_series() -> None:
    once, first, second = line("auc", 0.5, "printed", 0), line("acc", 0.1, "printed", 0), line("acc", 0.2, "printed", 1)
    assert settled(once, first, second) == [{**once, "step": None}, first, second]


@pytest.mark.parametrize(
    ("value", "written"), [(1.5, 1.5), (float("nan"), "nan"), (float("inf"), "inf"), (float("-inf"), "-inf")]
)
def test_numbers_are_written_as_json_can(value: float, written: object) -> None:
    assert number(value) == written
