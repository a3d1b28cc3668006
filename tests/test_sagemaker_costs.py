"""What a job may cost, and what it did."""

from __future__ import annotations

from typing import Any

import pytest

from alekseylearn.errors import LimitError
from alekseylearn.sagemaker_costs import ceiling, check_ceiling, word_of

PRICES = {"ml.m5.xlarge": 0.23, "ml.g5.xlarge": 1.41}
DESCRIBED: dict[str, Any] = {
    "TrainingJobName": "alekseylearn-c0ffee000000-1",
    "TrainingJobStatus": "Completed",
    "SecondaryStatus": "Completed",
    "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 2},
    "AlgorithmSpecification": {"TrainingImage": "image:1"},
    "ModelArtifacts": {"S3ModelArtifacts": "s3://bucket/runs/job/output/model.tar.gz"},
    "BillableTimeInSeconds": 1800,
    "TrainingTimeInSeconds": 3600,
    "EnableManagedSpotTraining": True,
}


def request(*, hours: float = 2, count: int = 1, instance: str = "ml.g5.xlarge") -> dict[str, Any]:
    return {
        "ResourceConfig": {"InstanceType": instance, "InstanceCount": count},
        "StoppingCondition": {"MaxRuntimeInSeconds": int(hours * 3600)},
    }


def test_the_ceiling_is_the_dearest_machine_for_all_the_time_it_may_take() -> None:
    assert ceiling(request(count=3), ("ml.m5.xlarge", "ml.g5.xlarge"), PRICES.get) == pytest.approx(1.41 * 2 * 3)
    assert ceiling(request(), ("ml.m5.xlarge", "ml.x.large"), PRICES.get) is None


def test_a_job_that_may_cost_more_than_it_should_is_refused() -> None:
    with pytest.raises(LimitError, match=r"cost\.limit") as caught:
        check_ceiling(request(count=2), ("ml.g5.xlarge",), 5.0, PRICES.get)
    assert caught.value.what == "2 × ml.g5.xlarge for up to 2 h 0 min could cost $5.64, more than `max_cost` $5.00"
    with pytest.raises(LimitError, match=r"ml\.g5\.xlarge for up to"):
        check_ceiling(request(), ("ml.g5.xlarge",), 0.0, PRICES.get)
    check_ceiling(request(count=2), ("ml.g5.xlarge",), 5.64, PRICES.get)


def test_a_limit_that_nobody_can_check_is_not_passed_over() -> None:
    with pytest.raises(LimitError, match=r"cost\.unknown") as caught:
        check_ceiling(request(), ("ml.x.large", "ml.y.large"), 5.0, PRICES.get)
    assert "ml.x.large or ml.y.large" in caught.value.what


def test_without_a_limit_nobody_asks_for_prices() -> None:
    def price(_: str) -> float | None:
        raise AssertionError

    check_ceiling(request(), ("ml.g5.xlarge",), None, price)


def test_the_bill_of_a_job_is_told() -> None:
    word = word_of(DESCRIBED, PRICES.get, ("a note",), told=True)
    assert word == {
        "environment": {
            "instance": "2 × ml.g5.xlarge spot",
            "billed": "30 min 0 s",
            "spot saving": "50%",
            "image": "image:1",
            "job": "alekseylearn-c0ffee000000-1",
            "model archive": "s3://bucket/runs/job/output/model.tar.gz",
        },
        "warnings": ["a note"],
        "cost": pytest.approx(1.41 * 2 * 0.5),
    }


def test_what_nobody_was_billed_for_costs_nothing_that_is_known() -> None:
    told = {
        **DESCRIBED,
        "BillableTimeInSeconds": 0,
        "ResourceConfig": {"InstanceType": "ml.m5.xlarge"},
        "EnableManagedSpotTraining": False,
    }
    word = word_of(told, PRICES.get, (), told=True)
    assert word["cost"] is None
    assert word["environment"]["instance"] == "ml.m5.xlarge"
    assert "billed" not in word["environment"]
    assert word_of(DESCRIBED, lambda _: None, (), told=True)["cost"] is None


def test_why_a_job_ended_is_told_where_it_left_no_word_of_its_own() -> None:
    failed = {**DESCRIBED, "TrainingJobStatus": "Failed", "FailureReason": "AlgorithmError: , exit code: 137"}
    assert word_of(failed, PRICES.get, (), told=False)["failure"]["exception"] == "OutOfMemory"
    told = word_of(failed, PRICES.get, (), told=True)
    assert told["if_killed"]["exception"] == "OutOfMemory"
    assert "failure" not in told
    assert "if_killed" not in word_of(DESCRIBED, PRICES.get, (), told=True)


def test_a_failure_that_the_first_machine_knows_nothing_of_is_told() -> None:
    reason = "AlgorithmError: cell 3: ValueError: no (rank 1), exit code: 4"
    failed = {**DESCRIBED, "TrainingJobStatus": "Failed", "FailureReason": reason}
    told = word_of(failed, PRICES.get, (), told=True)["if_stopped"]
    assert (told["exception"], told["message"]) == ("Failed", "cell 3: ValueError: no (rank 1), exit code: 4")
