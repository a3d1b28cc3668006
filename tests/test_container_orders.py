"""From a bundle and a table to a container, and what is given up when an engine refuses it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from alekseylearn.bundle import GRACE, Bundle
from alekseylearn.container_orders import MARGIN, Attempt, Order, cargo_of, spec_of, time_limit
from alekseylearn.containers import ContainerSpec, Gpus
from alekseylearn.gpu_requests import Way
from alekseylearn.tables import AUTO, DockerTable, GpuRequest

BUNDLE = Bundle(
    {
        "manifest.json": json.dumps({"timeout": 100, "parameters": {"epochs": 3}}).encode(),
        "train.py": b"print(1)",
        "_al/supervisor.py": b"",
    }
)
ORDER = Order(
    bundle=BUNDLE,
    digest="c0ffee" + "0" * 58,
    image="sha256:" + "a" * 64,
    python="python3",
    user="1000:1000",
    table=DockerTable(),
    gpus=None,
    cores=8,
    channels={"train": "/srv/train"},
    environ={"LANG": "C.UTF-8", "SM_NUM_GPUS": "9"},
    labels={"name": "churn"},
    now=1000.25,
)
NO_TOOLKIT = 'could not select device driver "" with capabilities: [[gpu]]'
NO_CDI = "CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=all"
NO_LIMITS = "error setting rlimit type 8: operation not permitted"


def with_gpus(request: GpuRequest = AUTO, way: Way = "cdi") -> Order:
    return replace(ORDER, gpus=Gpus(request=request, way=way))


def test_the_containers_limit_comes_after_the_jobs_own() -> None:
    assert time_limit(BUNDLE) == 100 + GRACE + MARGIN
    command = spec_of(ORDER).command
    assert command[command.index("python3") - 1] == str(100 + GRACE + MARGIN)
    # Inside, the job has its grace to end by itself after SIGTERM.
    assert f"--kill-after={GRACE + 10}" in command
    assert command[-1] == "/opt/ml/code/_al/supervisor.py"


def test_what_a_later_process_must_know_is_written_down() -> None:
    assert spec_of(ORDER).labels == {
        "io.alekseylearn.digest": ORDER.digest,
        "io.alekseylearn.bundle": BUNDLE.digest,
        "io.alekseylearn.python": "python3",
        "io.alekseylearn.submitted": "1000.250",
        "io.alekseylearn.deadline": f"{1000.25 + time_limit(BUNDLE) + GRACE:.0f}",
        "io.alekseylearn.name": "churn",
    }


def test_the_table_says_how_large_the_container_is() -> None:
    table = DockerTable(memory=2**33, shm_size=2**29, cpus=2.5, network="bridge")
    spec = spec_of(replace(ORDER, table=table))
    assert (spec.memory, spec.shm_size, spec.cpus, spec.network) == (2**33, 2**29, 2.5, "bridge")
    assert spec.environ["SM_NUM_CPUS"] == "2"


@pytest.mark.parametrize(("cpus", "told"), [(None, "8"), (0.5, "1"), (3.0, "3")])
def test_a_job_is_told_of_at_least_one_core(cpus: float | None, told: str) -> None:
    assert spec_of(replace(ORDER, table=DockerTable(cpus=cpus))).environ["SM_NUM_CPUS"] == told


@pytest.mark.parametrize(("network", "told"), [("none", "check"), ("bridge", "install")])
def test_without_a_network_requirements_are_checked_only(network: str, told: str) -> None:
    assert spec_of(replace(ORDER, table=DockerTable(network=network))).environ["ALEKSEYLEARN_REQUIREMENTS"] == told


def test_the_contract_wins_over_variables_of_the_caller() -> None:
    environ = spec_of(ORDER).environ
    assert (environ["LANG"], environ["SM_NUM_GPUS"]) == ("C.UTF-8", "0")
    assert "ALEKSEYLEARN_GPUS" not in environ


def test_data_sets_lie_where_the_contract_says() -> None:
    spec = spec_of(ORDER)
    assert spec.binds == {"/opt/ml/input/data/train": "/srv/train"}
    assert spec.environ["SM_CHANNEL_TRAIN"] == "/opt/ml/input/data/train"


@pytest.mark.parametrize(
    ("request_", "told", "count"),
    [
        (AUTO, "auto", "1"),
        (GpuRequest(), "1", "1"),
        (GpuRequest(count=2), "2", "2"),
        (GpuRequest(ids=("0", "3")), "2", "2"),
    ],
)
def test_a_job_is_told_how_many_gpus_it_must_see(request_: GpuRequest, told: str, count: str) -> None:
    environ = spec_of(with_gpus(request_)).environ
    assert (environ["ALEKSEYLEARN_GPUS"], environ["SM_NUM_GPUS"]) == (told, count)


def test_an_engine_is_asked_for_limits_that_only_it_can_raise_where_gpus_need_them() -> None:
    assert spec_of(ORDER).limits == ()
    assert dict(spec_of(with_gpus()).limits)["memlock"] == -1


def test_the_bundle_lies_below_code_beside_the_contracts_files_and_empty_folders() -> None:
    files, folders = cargo_of(BUNDLE, {"train": "/srv/train"})
    assert files["code/train.py"] == b"print(1)"
    assert {f"code/{name}" for name in BUNDLE.files} < set(files)
    assert "train" in json.loads(files["input/config/inputdataconfig.json"])
    assert {"model", "output", "output/data", "input/data", "home", "tmp"} == set(folders)


# -- what is given up -------------------------------------------------------------------------------------------------


def attempt(request: GpuRequest = AUTO, *left: Way) -> Attempt:
    return Attempt(spec_of(with_gpus(request)), list(left))


def way(spec: ContainerSpec) -> str:
    return spec.gpus.way if spec.gpus else "cpu"


def test_one_way_to_a_gpu_after_the_other_is_tried_and_the_cpu_last() -> None:
    made = attempt(AUTO, "gpus", "runtime")
    tried = [way(made.spec)]
    while made.changed_after(NO_TOOLKIT):
        tried.append(way(made.spec))
    assert tried == ["cdi", "gpus", "runtime", "cpu"]
    assert made.spec.environ["SM_NUM_GPUS"] == "0"
    assert "ALEKSEYLEARN_GPUS" not in made.spec.environ
    assert made.spec.environ["LANG"] == "C.UTF-8"
    (note,) = made.notes
    assert note.startswith("trained on the CPU: ")
    assert "toolkit" in note


def test_gpus_that_were_asked_for_are_never_given_up() -> None:
    made = attempt(GpuRequest(count=1), "gpus")
    assert made.changed_after(NO_CDI)
    assert way(made.spec) == "gpus"
    assert not made.changed_after(NO_TOOLKIT)
    assert way(made.spec) == "gpus"
    assert made.notes == []


def test_resource_limits_are_given_up_once_and_nothing_else_with_them() -> None:
    made = attempt(GpuRequest(count=1), "gpus")
    assert made.spec.limits
    assert made.changed_after(NO_LIMITS)
    assert (made.spec.limits, way(made.spec)) == ((), "cdi")
    assert len(made.notes) == 1
    assert not made.changed_after(NO_LIMITS)


@pytest.mark.parametrize("words", ["no space left on device", "an oracle said no", ""])
def test_what_no_other_try_mends_is_not_tried_again(words: str) -> None:
    made = attempt(AUTO, "gpus")
    before = made.spec
    assert not made.changed_after(words)
    assert made.spec == before


def test_a_word_about_gpus_changes_nothing_where_none_are_asked_for() -> None:
    assert not Attempt(spec_of(ORDER)).changed_after(NO_TOOLKIT)


def test_what_was_found_out_is_written_down_with_the_container() -> None:
    made = attempt(AUTO, "gpus")
    assert made.asked == "cdi with limits"
    made.changed_after(NO_LIMITS)
    made.changed_after(NO_CDI)
    assert made.asked == "gpus"
    made.changed_after(NO_TOOLKIT)
    assert made.asked == "cpu"
    labels = made.labelled.labels
    assert json.loads(labels["io.alekseylearn.notes"]) == made.notes
    assert labels["io.alekseylearn.asked"] == "cpu"
    assert labels["io.alekseylearn.digest"] == ORDER.digest
    assert made.labelled == replace(made.spec, labels=labels)
