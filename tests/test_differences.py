"""What base and head did not have in common: machines, software, data; and whether the change itself asks for it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from alekseylearn.config import Config, Model
from alekseylearn.differences import find_differences
from alekseylearn.jobs import TrainingResult
from alekseylearn.plan import Settings, TrainingJob, make_job
from alekseylearn.report import Difference
from tests import outcomes
from tests.strategies import notebook
from tests.trees import tree

READS = ("x = open('train.csv').read()", "m.fit(x, x)")


def job(files: dict[str, str | bytes] | None = None, **changes: Any) -> TrainingJob:
    config = Config(models={"m": Model(notebook="notebook.ipynb", **changes)})
    made = make_job(notebook(*READS), config, tree(files or {"train.csv": "1"}), Settings(python="3.12"))
    assert made is not None
    return made


def ran(backend: str = "process", **environment: str) -> TrainingResult:
    facts = {name.replace("_", " "): fact for name, fact in environment.items()}
    return outcomes.result(backend=backend, environment=MappingProxyType(facts))


def told(base: TrainingResult, head: TrainingResult, *jobs: TrainingJob) -> list[tuple[str, str, str, bool]]:
    before, now = jobs or (None, None)
    return [(one.what, one.base, one.head, one.part) for one in find_differences(before, now, base, head)]


def test_sides_that_ran_alike_do_not_differ() -> None:
    same = ran(python="3.12.8", torch="2.13.0", gpu="H100", machine="here (8 cores)", platform="Linux-6.8-x86_64")
    assert told(same, same, job(), job()) == []
    assert told(ran(), ran()) == []


@pytest.mark.parametrize(
    ("base", "head", "expected"),
    [
        (ran(torch="2.12.0"), ran(torch="2.13.0"), [("torch", "2.12.0", "2.13.0")]),
        (ran(python="3.12.7"), ran(python="3.12.8"), [("python", "3.12.7", "3.12.8")]),
        (ran(image="python:3.12"), ran(image="python:3.13"), [("image", "python:3.12", "python:3.13")]),
        (ran(gpu="A10G"), ran(gpu="H100"), [("gpu", "A10G", "H100")]),
        (ran(gpu="A10G"), ran(), [("gpu", "A10G", "none")]),
        (ran(), ran(gpu="H100"), [("gpu", "none", "H100")]),
        (ran(machine="2 cores"), ran(machine="4 cores"), [("machine", "2 cores", "4 cores")]),
        (
            ran(instance="ml.g5.xlarge spot", machine="a"),
            ran(instance="ml.g6.xlarge", machine="b"),
            [("instance", "ml.g5.xlarge", "ml.g6.xlarge")],
        ),
        (ran(instance="ml.g5.xlarge spot"), ran(instance="ml.g5.xlarge"), []),
        (ran("process", machine="a"), ran("docker", machine="b"), [("backend", "process", "docker")]),
        (ran(platform="Linux-6.8-x86_64"), ran(platform="Linux-6.11-x86_64"), []),
        (
            ran(platform="Linux-6.8-x86_64"),
            ran(platform="Linux-6.8-aarch64"),
            [("architecture", "x86_64", "aarch64")],
        ),
        # What only one side has told is no difference that anybody knows of.
        (ran(), ran(python="3.12", image="a", torch="2.13.0", platform="Linux-6.8-x86_64"), []),
        (ran(torch="2.12.0"), ran(jax="0.7"), []),
        (ran(time_per_epoch="4 s", billed="1 min", job="a"), ran(time_per_epoch="5 s", billed="2 min", job="b"), []),
    ],
)
def test_what_differs_is_named(
    base: TrainingResult, head: TrainingResult, expected: list[tuple[str, str, str]]
) -> None:
    assert told(base, head) == [(*one, False) for one in expected]


def test_what_the_change_itself_asks_for_is_part_of_it() -> None:
    pinned = job({"train.csv": "1", "requirements.txt": "torch==2.13.0"})
    assert told(ran(torch="2.12.0"), ran(torch="2.13.0"), job(), pinned) == [("torch", "2.12.0", "2.13.0", True)]
    images = [job(backend="docker", docker={"image": name}) for name in ("a", "b")]
    assert told(ran(image="a"), ran(image="b"), *images) == [("image", "a", "b", True)]
    pythons = [job(python=name) for name in ("3.12", "3.13")]
    assert told(ran(python="3.12.8"), ran(python="3.13.1"), *pythons) == [("python", "3.12.8", "3.13.1", True)]
    assert told(ran(python="3.12.7"), ran(python="3.12.8"), job(), job()) == [("python", "3.12.7", "3.12.8", False)]


def test_data_that_changed_is_part_of_the_change() -> None:
    before, now = job({"train.csv": "1"}), job({"train.csv": "2"})
    (found,) = find_differences(before, now, ran(), ran())
    assert (found.what, found.part, len(found.base), len(found.head)) == ("data train.csv", True, 7, 7)
    assert found.base != found.head
    there, here = job(data={"train": "s3://b/1", "old": "s3://b/old"}), job(data={"train": "s3://b/2"})
    assert find_differences(there, here, ran(), ran()) == (
        Difference(what="data old", base="s3://b/old", head="none", part=True),
        Difference(what="data train", base="s3://b/1", head="s3://b/2", part=True),
    )
