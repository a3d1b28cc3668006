"""The `sagemaker:` table: what each key takes, what it becomes, and what is said of anything else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.config import parse_config
from alekseylearn.tables import KEYS, SageMakerTable, read_sagemaker, table_mistakes

ROLE = "arn:aws:iam::111122223333:role/team/alekseylearn-execution"
WHOLE: dict[str, Any] = {
    "role": ROLE,
    "bucket": "acme-churn",
    "prefix": "team/alekseylearn",
    "region": "eu-central-1",
    "instances": ["ml.g5.xlarge", "ml.g6.xlarge", "ml.g5.xlarge"],
    "instance_type": "ml.g5.xlarge",
    "count": 2,
    "instance_count": 2,
    "launch": "torchrun",
    "image": "pytorch:2.13",
    "spot": True,
    "max_wait": "6h",
    "max_runtime": 5,
    "keep_alive": 600,
    "volume_size": 100,
    "subnets": "subnet-0a",
    "security_groups": ["sg-1", "sg-2"],
    "kms_key": "alias/churn",
    "network_isolation": False,
    "tags": {"team": "growth"},
    "on_cancel": "leave",
}
THEIRS = ("instance_type", "instance_count", "max_runtime")
WRONG: dict[str, list[Any]] = {
    "role": [None, 5, "", "alekseylearn", "arn:aws:iam::1:role/x", "arn:aws:s3:::bucket", ROLE + "\n"],
    "bucket": [None, "", "ab", "Upper-Case", "a" * 64, "-a-", "s3://bucket"],
    "prefix": [None, "", "/a", "a/", "a//b", "../a", ".a", "a b"],
    "region": [None, "", "europe", "eu-central", "EU-central-1"],
    "instances": [None, [], [5], "g5.xlarge", ["ml.g5.xlarge", "x"], [f"ml.g{one}.xlarge" for one in range(6)]],
    "instance_type": [None, [], "$(id)", "ml.g5.xlarge; id", 1000],
    "count": [None, 0, 21, 1001, "2", 1.5, True],
    "instance_count": [None, -1, 10**12],
    "launch": [None, "", "mpi", True],
    "image": [None, 5, "", "-x", "a b", "x" * 600, "x; id"],
    "spot": [None, 1, "yes"],
    "max_wait": [None, 0, "soon", 1.5, "673h"],
    "max_runtime": [None, "ten years", 315_360_000],
    "keep_alive": [None, 0, -1, "10"],
    "volume_size": [None, 0, "50g", 65_537],
    "subnets": [None, [], "vpc-1", ["subnet-1", 5]],
    "security_groups": [None, [], "group", "sg-X"],
    "kms_key": [None, "", "a b", 5],
    "network_isolation": [None, 0, "no"],
    "tags": [None, [], {"a": 1}, {1: "a"}, {"alekseylearn:run": "x"}, "a=b"],
    "on_cancel": [None, "", "kill", True],
}


def test_an_empty_table_says_what_the_defaults_are() -> None:
    made = read_sagemaker({})
    assert made == SageMakerTable()
    assert (made.prefix, made.instances, made.count, made.volume_size) == ("alekseylearn", ("ml.m5.xlarge",), 1, 30)
    assert (made.role, made.bucket, made.image, made.spot, made.on_cancel) == (None, None, None, False, "stop")


def test_a_whole_table_is_read() -> None:
    assert tuple(WHOLE) == KEYS["sagemaker"]
    whole = {key: value for key, value in WHOLE.items() if key not in THEIRS}
    assert not list(table_mistakes("sagemaker", whole))
    made = read_sagemaker(whole)
    assert made.instances == ("ml.g5.xlarge", "ml.g6.xlarge")
    assert (made.max_wait, made.keep_alive) == (6 * 3600, 600)
    assert (made.subnets, made.security_groups) == (("subnet-0a",), ("sg-1", "sg-2"))
    assert dict(made.tags) == {"team": "growth"}
    assert made.on_cancel == "leave"


@pytest.mark.parametrize("key", KEYS["sagemaker"])
def test_what_a_key_does_not_take_is_said_in_words(key: str) -> None:
    for value in WRONG[key]:
        told = list(table_mistakes("sagemaker", {key: value}))
        assert [name for _, name, _ in told] == [key], value
        assert told[0][2].startswith(("not ", "more than ", "longer than "))
        with pytest.raises(ValueError, match=r"not |more than |longer than "):
            read_sagemaker({key: value})


def test_a_model_adds_to_what_the_defaults_say() -> None:
    config = parse_config(
        b"""
        defaults: {backend: sagemaker, max_cost: 5, sagemaker: {bucket: acme-churn, instances: ml.m5.large}}
        models:
          churn: {notebook: a.ipynb, sagemaker: {instances: [ml.g5.xlarge], spot: true}, max_cost: 2}
          other: {notebook: b.ipynb}
        """
    )
    churn, other = (config.sagemaker(config.models[name]) for name in ("churn", "other"))
    assert (churn.bucket, churn.instances, churn.spot) == ("acme-churn", ("ml.g5.xlarge",), True)
    assert (other.bucket, other.instances, other.spot) == ("acme-churn", ("ml.m5.large",), False)
    assert [config.max_cost(config.models[name]) for name in ("churn", "other")] == [2, 5]


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.lists(st.text())
    | st.dictionaries(st.text(), st.text())
)


@given(st.dictionaries(st.sampled_from(KEYS["sagemaker"]), VALUES))
def test_a_table_is_read_or_its_mistakes_are_told(table: dict[str, Any]) -> None:
    if list(table_mistakes("sagemaker", table)):
        with pytest.raises(ValueError, match=r"not |more than "):
            read_sagemaker(table)
    else:
        assert isinstance(read_sagemaker(table), SageMakerTable)
