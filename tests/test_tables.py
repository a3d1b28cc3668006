"""The `docker:` table: what each key takes, what it becomes, and what is said of anything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.tables import AUTO, KEYS, DockerTable, GpuRequest, read_docker, table_mistakes
from alekseylearn.tables.values import parse_size

MIB, GIB = 2**20, 2**30
WRONG = {
    "image": [
        None,
        5,
        "",
        " python",
        "python:3.12\n",
        "-rm",
        "a b",
        "x" * 600,
        ["python"],
        "x; id",
        "$(id)",
        "http://x/y",
        "a//b",
        "a:b:c",
        "`id`",
        "x|y",
        "a@b",
    ],
    "gpus": [None, True, -1, 1.5, "two", [], [True], [None], ["a b"], ["-x"], {"count": 1}, 10**12],
    "memory": [None, True, 0, -1, "", "8 gigabytes", "m", "5m", 6 * MIB - 1, "8g\n", 1.5, "9" * 400, 10**400],
    "shm_size": [None, False, 0, "0", "0.1", "-1m", "1e3", "9" * 400 + "t"],
    "cpus": [None, True, 0, -1, 0.001, "2", float("nan"), float("inf"), 10**400],
    "network": [None, 0, "", "a b", "-x", "x" * 64, "none:abc", "none\n"],
    "pull": [None, True, "", "sometimes", ["always"]],
}


def test_an_empty_table_says_what_the_defaults_are() -> None:
    made = read_docker({})
    assert made == DockerTable()
    assert (made.image, made.gpus, made.memory, made.cpus) == (None, AUTO, None, None)
    assert (made.shm_size, made.network, made.pull) == (2 * GIB, "none", "missing")


def test_a_whole_table_is_read() -> None:
    table = {
        "image": "registry.example:5000/team/churn@sha256:" + "a" * 64,
        "gpus": 2,
        "memory": "8g",
        "shm_size": "512m",
        "cpus": 3,
        "network": "bridge",
        "pull": "always",
    }
    assert tuple(table) == KEYS["docker"]
    assert not list(table_mistakes("docker", table))
    assert read_docker(table) == DockerTable(
        image=str(table["image"]),
        gpus=GpuRequest(count=2),
        memory=8 * GIB,
        shm_size=512 * MIB,
        cpus=3.0,
        network="bridge",
        pull="always",
    )


@pytest.mark.parametrize(
    ("value", "request_", "least"),
    [
        ("auto", AUTO, 1),
        ("all", GpuRequest(), 1),
        (1, GpuRequest(count=1), 1),
        (8, GpuRequest(count=8), 8),
        ([0, 3], GpuRequest(ids=("0", "3")), 2),
        (["GPU-8f6e", "MIG-GPU-8f6e/1/0"], GpuRequest(ids=("GPU-8f6e", "MIG-GPU-8f6e/1/0")), 2),
    ],
)
def test_gpus_are_asked_for_by_number_by_name_or_all(value: object, request_: GpuRequest, least: int) -> None:
    made = read_docker({"gpus": value}).gpus
    assert made == request_
    assert made is not None
    assert made.least == least


@pytest.mark.parametrize("value", ["none", 0])
def test_a_job_may_want_no_gpu_at_all(value: object) -> None:
    assert read_docker({"gpus": value}).gpus is None


def test_only_gpus_that_nobody_named_may_be_missing() -> None:
    assert AUTO.optional
    for value in ("all", 1, [0]):
        made = read_docker({"gpus": value}).gpus
        assert made is not None
        assert not made.optional


@pytest.mark.parametrize("key", KEYS["docker"])
def test_each_wrong_value_is_told_by_its_key(key: str) -> None:
    for value in WRONG[key]:
        told = list(table_mistakes("docker", {key: value}))
        assert [name for _, name, _ in told] == [key], value
        assert told[0][2].startswith(("not ", "less than "))
        with pytest.raises(ValueError, match=told[0][2]):
            read_docker({key: value})


def test_all_wrong_values_are_told_and_unknown_keys_are_somebody_elses() -> None:
    told = list(table_mistakes("docker", {"pull": "no", "image": "python", "odd": 1, "cpus": "many"}))
    assert told == [("type", "pull", "not missing, always or never"), ("type", "cpus", "not a number of cores")]


@pytest.mark.parametrize("network", ["host", "container:abc", "ns:/proc/1/ns/net"])
def test_the_machines_own_network_is_forbidden_and_that_of_others(network: str) -> None:
    ((kind, key, _),) = table_mistakes("docker", {"network": network})
    assert (kind, key) == ("forbidden", "network")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (7, 7), ("1", 1), ("1b", 1), ("1k", 1024), ("1kb", 1024), ("1KiB", 1024), ("512m", 512 * MIB),
        ("8g", 8 * GIB), ("8 GB", 8 * GIB), ("1.5 GiB", GIB + GIB // 2), ("1T", 2**40), ("2t", 2**41),
    ],
)  # fmt: skip
def test_sizes_are_read_as_docker_reads_them(text: object, size: int) -> None:
    assert parse_size(text) == size


@given(st.integers(1, 2**20), st.sampled_from(" kmgt"), st.sampled_from(["", "b", "iB", "B"]), st.booleans())
def test_a_size_is_a_number_times_a_power_of_1024(number: int, unit: str, tail: str, upper: bool) -> None:
    if unit == " " and tail == "iB":
        tail = ""
    text = f"{number}{unit}{tail}"
    assert parse_size(text.upper() if upper else text) == number * 1024 ** " kmgt".index(unit)


@given(
    st.dictionaries(
        st.sampled_from(KEYS["docker"]), st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    )
)
def test_a_table_is_read_exactly_when_nothing_is_wrong_with_it(table: dict[str, object]) -> None:
    if list(table_mistakes("docker", table)):
        with pytest.raises(ValueError, match=r"not |less "):
            read_docker(table)
    else:
        assert isinstance(read_docker(table), DockerTable)
