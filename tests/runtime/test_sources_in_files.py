"""Files with metrics as they are found, told apart and bounded; what libraries themselves write is tested elsewhere."""

from __future__ import annotations

import json
import math
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from alekseylearn.runtime import harvesting, scanning
from alekseylearn.runtime.harvesting import Harvest, bounded
from alekseylearn.runtime.scanning import Scan
from alekseylearn.runtime.sources import metrics_yaml
from alekseylearn.runtime.sources.base import Found, flat, numbered
from alekseylearn.runtime.sources.folders import told_apart

from .conftest import Make, measure, train


class Place:
    """A folder that a run writes to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.harvest = Harvest([root])

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def look(self) -> dict[str, list[Found]]:
        return {source: found for source, found, _ in self.harvest.look({}) if found}

    def troubles(self) -> list[str]:
        return [trouble for _, _, troubles in self.harvest.look({}) for trouble in troubles]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


class TestWhichFilesCount:
    def test_one_that_was_there_before_counts_only_when_it_changed(self, tmp_path: Path) -> None:
        (tmp_path / "metrics.json").write_text('{"acc": 1}')
        (tmp_path / "old").mkdir()
        (tmp_path / "old" / "metrics.csv").write_text("epoch,step,loss\n0,1,0.5\n")
        place = Place(tmp_path)
        assert place.look() == {}
        place.write("metrics.json", '{"acc": 0.25}')
        assert place.look() == {"metrics_json": [("acc", 0.25, None)]}

    def test_hidden_folders_environments_and_links_are_passed_over(self, place: Place) -> None:
        place.write(".cache/metrics.json", '{"a": 1}')
        place.write("env/pyvenv.cfg", "")
        place.write("env/metrics.json", '{"b": 1}')
        place.write("node_modules/metrics.json", '{"c": 1}')
        place.write("out/metrics.json", '{"d": 1}')
        (place.root / "link").symlink_to(place.root / "out")
        assert place.look() == {"metrics_json": [("d", 1.0, None)]}

    def test_a_folder_that_lies_in_another_is_looked_at_once(self, tmp_path: Path) -> None:
        inner = tmp_path / "notebooks"
        scan = Scan([inner, tmp_path, tmp_path / "gone"], ["metrics.json"])
        inner.mkdir()
        for folder in (inner, tmp_path):
            (folder / "metrics.json").write_text("{}")
        assert {(file.root, file.folder) for file in scan.changed()} == {(inner, ()), (tmp_path, ())}

    def test_a_pipe_is_not_waited_for(self, tmp_path: Path) -> None:
        scan = Scan([tmp_path], ["metrics.json"])
        os.mkfifo(tmp_path / "metrics.json")
        assert scan.changed() == {}

    def test_the_nearest_of_too_many_entries_are_looked_at(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(scanning, "MOST_ENTRIES", 3)
        place.write("metrics.json", '{"a": 1}')
        place.write("far/one/two/metrics.json", '{"b": 1}')
        place.write("far/one/metrics.yaml", "c: 1")
        assert place.look() == {"metrics_json": [("a", 1.0, None)]}
        assert place.troubles()[0].startswith("metrics were looked for in 3 files")

    def test_a_broken_file_loses_no_other(self, place: Place) -> None:
        place.write("one/metrics.json", "{")
        place.write("two/metrics.json", '{"acc": 1}')
        place.write("large/metrics.json", " " * 1_000_001)
        place.write("run/metrics.csv", "epoch,step,loss\n0,1,much\n")
        place.write("wrong/trainer_state.json", "[]")
        place.write("no.db", "no database")
        assert place.look() == {"metrics_json": [("acc", 1.0, None)]}
        told = place.troubles()
        assert [trouble.partition(": ")[0] for trouble in told] == [
            *("metrics_json", "metrics_json", "trainer_state", "lightning_csv", "mlflow")
        ]
        assert {"metrics_json: large/metrics.json: ValueError: larger than 1,000,000 bytes"} < set(told)


class TestNames:
    def test_what_two_folders_give_the_last_keeps(self, place: Place) -> None:
        rows = "epoch,step,loss\n0,0,1.0\n1,1,0.5\n"
        for version in (0, 1):
            place.write(f"logs/version_{version}/metrics.csv", rows)
            os.utime(place.root / f"logs/version_{version}/metrics.csv", ns=(version, version))
        place.write("logs/version_0/metrics.json", '{"other": 1}')
        names = [name for name, _, _ in place.look()["lightning_csv"]]
        assert names == ["version_0/loss", "version_0/loss", "loss", "loss"]

    @pytest.mark.parametrize(
        ("folders", "names"),
        [
            (["a"], ["x"]), (["a", "b"], ["a/x", "x"]), (["r/a/s", "r/b/s"], ["a/s/x", "x"]),
            (["out", "out/eval"], ["x", "eval/x"]), (["out/eval", "out"], ["eval/x", "x"]),
            (["runs/Nov23_15-12-52_vm", "runs/Nov23_15-13-00_vm"], ["run 1/x", "x"]),
            (["nimble-crow-211", "sad-owl-7", "final"], ["run 1/x", "run 2/x", "x"]),
        ],
    )  # fmt: skip
    def test_folders_named_by_date_or_chance_are_numbered(self, folders: Sequence[str], names: Sequence[str]) -> None:
        groups = {tuple(folder.split("/")): [("x", 1.0, None)] for folder in folders}
        assert [name for name, _, _ in told_apart(groups)] == names

    def test_more_names_and_points_than_anybody_looks_at(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(harvesting, "MOST_NAMES", 2)
        monkeypatch.setattr(harvesting, "MOST_POINTS", 4)
        troubles: list[str] = []
        long: list[Found] = [("long", float(step), step) for step in range(10)]
        kept = list(bounded([*long, ("b", 1.0, None), ("c", 1.0, None)], troubles))
        assert kept == [("long", 0.0, 0), ("long", 3.0, 3), ("long", 6.0, 6), ("long", 9.0, 9), ("b", 1.0, None)]
        assert troubles == ["3 metrics; the first 2 count"]

    def test_points_that_were_logged_without_a_step_are_numbered(self) -> None:
        assert numbered([(0.5, 0)]) == [(0.5, None)]
        assert numbered([(0.5, 0), (0.25, 0)]) == [(0.5, 0), (0.25, 1)]
        assert numbered([(0.5, 3)]) == [(0.5, 3)]


class TestYaml:
    def test_without_pyyaml_mappings_of_numbers_are_understood(self) -> None:
        text = """\
        # of the last run
        train:
            acc: 0.9    # best
            'deep er': {a: 1}
            "f1": 1e-3
        list:
            - lost: 1
              too: 2
        note: "0.5"
        worst: .nan
        most: -.inf
        count: 12
        """
        lines = "\n".join(line[8:] for line in text.splitlines())
        found = {name: value for name, value, _ in flat(metrics_yaml.mapping(lines))}
        assert math.isnan(found.pop("worst"))
        assert found == {"train.acc": 0.9, "train.f1": 0.001, "most": -math.inf, "count": 12.0}

    @given(
        st.recursive(
            st.floats(allow_nan=False) | st.integers(-(10**9), 10**9),
            lambda inner: st.dictionaries(st.from_regex(r"[a-z][a-z_ ]{0,5}[a-z]", fullmatch=True), inner, max_size=4),
        ).filter(lambda value: isinstance(value, dict))
    )
    @example({"a": {"b": {}, "c": 1}, "y": 1.5})
    def test_both_readers_agree_on_what_pyyaml_writes(self, content: Any) -> None:
        text = yaml.safe_dump(content)
        assert list(flat(metrics_yaml.mapping(text))) == list(flat(yaml.safe_load(text)))

    @given(st.text())
    def test_any_text_is_read_somehow(self, text: str) -> None:
        assert isinstance(metrics_yaml.mapping(text), dict)


def test_a_series_of_dvclive_stands_for_its_last_value(place: Place) -> None:
    place.write("dvclive/plots/metrics/train/loss.tsv", "step\tloss\n0\t1.0\n1\tnan\n")
    place.write("dvclive/plots/metrics/odd.tsv", "x\ty\n0\t1.0\n")
    place.write("table.tsv", "step\ttable\n0\t1.0\n")
    place.write("dvclive/metrics.json", '{"train": {"loss": NaN, "best": 1}, "step": 1}')
    found = place.look()
    assert set(found) == {"dvclive"}
    assert [(name, repr(value), step) for name, value, step in found["dvclive"]] == [
        ("train/loss", "1.0", 0), ("train/loss", "nan", 1), ("train/best", "1.0", None),
    ]  # fmt: skip


def test_columns_of_lightning_go_by_the_epoch_where_each_epoch_has_one(place: Place) -> None:
    rows = (
        "epoch,step,loss_step,val_loss,test_loss\n0,0,3.0,,\n0,1,2.0,,\n0,1,,0.5,\n1,3,1.0,,\n1,3,,nan,\n2,4,,,0.25\n"
    )
    place.write("lightning_logs/version_0/metrics.csv", rows)
    place.write("other/metrics.csv", "name,value\nacc,1\n")
    found = [(name, repr(value), step) for name, value, step in place.look()["lightning_csv"]]
    assert found == [
        ("loss_step", "3.0", 0), ("loss_step", "2.0", 1), ("loss_step", "1.0", 3),
        ("val_loss", "0.5", 0), ("val_loss", "nan", 1), ("test_loss", "0.25", None),
    ]  # fmt: skip


def test_the_last_checkpoint_has_the_whole_log(place: Place) -> None:
    log = [
        {"loss": 2.0, "step": 1, "epoch": 0.5},
        {"eval_loss": 1.0, "eval_runtime": 3.0, "step": 2},
        {"loss": 1.0, "step": 3},
    ]
    for length in (3, 1, 2):
        place.write(f"out/checkpoint-{length}/trainer_state.json", json.dumps({"log_history": log[:length]}))
    place.write("out/all_results.json", '{"eval_loss": 0.75, "epoch": 1.0, "eval_samples_per_second": 7.0}')
    assert place.look()["trainer_state"] == [
        ("loss", 2.0, 1), ("loss", 1.0, 3), ("eval_loss", 1.0, 2), ("eval_loss", 0.75, None)
    ]  # fmt: skip


def test_runs_of_mlflow_that_were_there_before_count_not(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "mlflow.db")
    database.executescript(
        "CREATE TABLE runs (run_uuid, name, start_time, lifecycle_stage); CREATE TABLE tags (key, value, run_uuid);"
        "CREATE TABLE metrics (key, value, timestamp, run_uuid, step, is_nan);"
        "INSERT INTO runs VALUES ('a', 'before', 1000, 'active');"
        "INSERT INTO metrics VALUES ('acc', 0.5, 1000, 'a', 0, 0);"
    )
    place = Place(tmp_path)
    later = int(place.harvest.began * 1000) + 5
    database.execute("INSERT INTO runs VALUES ('b', 'now', ?, 'active')", (later,))
    database.execute("INSERT INTO runs VALUES ('c', 'thrown away', ?, 'deleted')", (later,))
    database.executemany("INSERT INTO metrics VALUES ('acc', 1.0, 1, ?, 0, 0)", [("b",), ("c",), ("a",)])
    database.commit()
    other = sqlite3.connect(tmp_path / "study.db")
    other.execute("CREATE TABLE trials (number)")
    other.commit()
    assert place.look() == {"mlflow": [("acc", 1.0, None)]}
    assert place.troubles() == []
    database.close()
    other.close()


def test_event_files_without_the_package_that_reads_them_are_told_of(run: Make) -> None:
    job = run(
        train("class M:\n    def fit(self): ...\nM().fit()"),
        "import os; os.makedirs('runs/a'); open('runs/a/events.out.tfevents.1.vm', 'w').close()",
    )
    assert job.code == 0
    assert "tensorboard: 1 event file cannot be read; add tensorboard to requirements.txt" in job.result["warnings"]


WAITS = """
import os, time
loss = 0.0
def told(text):
    end = time.monotonic() + 60
    while text not in open(os.environ["SM_OUTPUT_DATA_DIR"] + "/metrics.jsonl").read():
        assert time.monotonic() < end, "it was never told"
        time.sleep(0.05)
os.makedirs("logs/version_0")
def row(step, loss):
    open("logs/version_0/metrics.csv", "a").write(f"{step},{step},{loss}\\n")
row("step", "loss")
"""


class TestWhileACellRuns:
    def test_what_is_written_is_told_and_in_the_end_counts_once(self, run: Make) -> None:
        job = run(WAITS, train("row(0, 3.0); row(1, 2.0)\ntold('2.0')\nrow(2, 1.0)"), measure("acc = 0.5"))
        assert job.code == 0, job.out
        told = [(line["name"], line["value"], line["step"], line["cell"]) for line in job.metrics]
        assert told == [("acc", 0.5, None, 12), ("loss", 3.0, 0, None), ("loss", 2.0, 1, None), ("loss", 1.0, 2, None)]
        live = [event for event in job.events if event["event"] == "metric"]
        assert [(event["value"], event["cell"]) for event in live[:2]] == [(3.0, 11), (2.0, 11)]

    def test_a_child_that_dies_leaves_what_was_written(self, run: Make) -> None:
        job = run(WAITS, train("row(0, 3.0); row(1, 2.0)\ntold('2.0')\nrow(2, 1.0)\nos.kill(os.getpid(), 9)"))
        assert job.result["state"] == "failed"
        assert [(line["value"], line["cell"]) for line in job.metrics] == [(3.0, 11), (2.0, 11), (1.0, 11)]


class TestPrinted:
    def test_lines_of_both_streams_are_read(self, run: Make) -> None:
        job = run(
            "import sys, os",
            train(
                """
                for i in range(2):
                    print(f"x\\rloss: {1 / (i + 1)} acc: none", flush=True)
                print("loss: much", "\\nauc=1e-1", file=sys.stderr)
                os.system("echo loss: nan")
                """
            ),
            printed={"loss": r"loss: (\S+)", "auc": "auc=(.*)", "wrong": "(", "two": "x", "late": "y{1000}(1)"},
        )
        assert job.code == 0, job.out
        told = [(line["name"], line["value"], line["step"], line["cell"], line["source"]) for line in job.metrics]
        assert sorted(told, key=str) == [
            ("auc", 0.1, None, 11, "printed"), ("loss", "nan", 2, 11, "printed"),
            ("loss", 0.5, 1, 11, "printed"), ("loss", 1.0, 0, 11, "printed"),
        ]  # fmt: skip
        assert job.result["warnings"][0].startswith("printed: the rule for wrong is no regular expression: missing )")

    def test_a_rule_that_would_never_end_is_given_up(self, run: Make) -> None:
        job = run(
            "print('a' * 5000)\nprint('loss=1')",
            "print('loss=2')",
            printed={"slow": "(a+)+b", "loss": "loss=(.)"},
        )
        assert job.code == 0
        assert [line["value"] for line in job.metrics] == [1.0, 2.0]
        assert job.result["warnings"] == ["printed: the rule for slow took longer than 1 s and is not asked again"]
