"""From what DescribeTrainingJob answers to a state, a phase, a bill and a reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alekseylearn.jobs import JobState
from alekseylearn.sagemaker_states import bill_of, ending_of, lacks_capacity, phase_of, state_of

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def described(status: str, secondary: str = "", reason: str = "", **more: Any) -> dict[str, Any]:
    told = {"TrainingJobStatus": status, "SecondaryStatus": secondary or status, **more}
    return told | ({"FailureReason": reason} if reason else {})


def steps(*names: str) -> list[dict[str, Any]]:
    """Transitions, a minute each."""
    return [{"Status": name, "StartTime": START + timedelta(minutes=at)} for at, name in enumerate(names)]


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (described("InProgress", "Starting"), JobState.QUEUED),
        (described("InProgress", "Pending"), JobState.QUEUED),
        (described("InProgress", "Downloading"), JobState.QUEUED),
        (described("InProgress", "Interrupted"), JobState.QUEUED),
        (described("InProgress", "Restarting"), JobState.QUEUED),
        (described("InProgress", "A new word of AWS"), JobState.QUEUED),
        (described("InProgress", "Training"), JobState.RUNNING),
        (described("InProgress", "Uploading"), JobState.RUNNING),
        (described("Stopping", "Stopping"), JobState.RUNNING),
        (described("Completed"), JobState.SUCCEEDED),
        (described("Stopped"), JobState.STOPPED),
        (described("Stopped", "MaxRuntimeExceeded"), JobState.TIMED_OUT),
        (described("Stopped", "MaxWaitTimeExceeded"), JobState.TIMED_OUT),
        (described("Failed", reason="AlgorithmError: cell 3: ValueError: no, exit code: 4"), JobState.FAILED),
        (described("Failed", reason="AlgorithmError: "), JobState.FAILED),
        (described("Failed", reason="AlgorithmError: TimeLimit: over, exit code: 7"), JobState.TIMED_OUT),
        (described("Failed", reason="AlgorithmError: exit code: 7, exit code: 4"), JobState.FAILED),
        (described("Failed", reason="AlgorithmError: , exit code: 137"), JobState.LOST),
        (described("Failed", reason="InternalServerError: We encountered an internal error."), JobState.LOST),
        (described("Failed", reason="CapacityError: Unable to provision"), JobState.LOST),
        (described("Failed"), JobState.LOST),
        (described("Deleting"), JobState.LOST),
    ],
)
def test_every_status_is_one_of_our_states(told: dict[str, Any], state: JobState) -> None:
    assert state_of(told) is state


def test_a_phase_says_what_is_waited_for_and_since_when() -> None:
    told = described("InProgress", "Pending", SecondaryStatusTransitions=steps("Starting", "Pending"))
    now = (START + timedelta(minutes=3, seconds=10)).timestamp()
    assert phase_of(told, now) == "waiting for a machine, 2 min 10 s"


def test_several_names_of_one_phase_count_as_one() -> None:
    told = described(
        "InProgress", "LaunchingMLInstances", SecondaryStatusTransitions=steps("Starting", "LaunchingMLInstances")
    )
    assert phase_of(told, (START + timedelta(minutes=2)).timestamp()) == "getting a machine, 2 min 0 s"


def test_nothing_is_said_while_the_notebook_speaks_itself_or_when_all_is_over() -> None:
    assert phase_of(described("InProgress", "Training", SecondaryStatusTransitions=steps("Training")), 0) == ""
    assert phase_of(described("Stopped", "Stopping"), 0) == ""
    assert phase_of(described("InProgress", "Something new"), 0) == ""


def test_a_phase_without_a_time_has_just_begun_and_no_clock_runs_backwards() -> None:
    assert phase_of(described("InProgress", "Starting"), 5) == "getting a machine, 0.0 s"
    told = described("InProgress", "Starting", SecondaryStatusTransitions=steps("Starting"))
    assert phase_of(told, START.timestamp() - 60) == "getting a machine, 0.0 s"


def test_the_bill_names_the_machines_that_were_taken() -> None:
    told = described(
        "Completed",
        ResourceConfig={"InstanceType": "ml.g5.xlarge", "InstanceCount": 2},
        BillableTimeInSeconds=100,
        TrainingTimeInSeconds=400,
        EnableManagedSpotTraining=True,
    )
    bill = bill_of(told)
    assert (bill.instance, bill.count, bill.seconds, bill.billed, bill.spot) == ("ml.g5.xlarge", 2, 400, 100, True)
    assert bill.saving == 0.75
    preferred = {"InstancePreferences": [{"InstanceType": "ml.g5.xlarge"}, {"InstanceType": "ml.g6.xlarge"}]}
    assert bill_of(described("InProgress", ResourceConfig=preferred)).instance == "ml.g5.xlarge"
    taken = {**preferred, "SelectedInstanceType": "ml.g6.xlarge", "SelectedInstanceCount": 1}
    assert bill_of(described("Completed", ResourceConfig=taken)).instance == "ml.g6.xlarge"
    nothing = bill_of(described("Failed"))
    assert (nothing.instance, nothing.count, nothing.saving) == ("", 1, 0.0)


def test_a_spot_job_that_waited_in_vain_lacks_capacity_and_one_that_began_does_not() -> None:
    assert lacks_capacity(described("Stopped", "MaxWaitTimeExceeded"))
    assert not lacks_capacity(described("Stopped", "MaxWaitTimeExceeded", TrainingStartTime=START))


def test_only_a_failure_for_want_of_machines_lacks_capacity() -> None:
    words = "Unable to provision requested ML compute capacity. Please retry using a different ML instance type."
    assert lacks_capacity(described("Failed", reason=f"CapacityError: {words}"))
    assert lacks_capacity(described("Failed", reason=words))
    assert not lacks_capacity(described("Failed", reason="AlgorithmError: x"))
    assert not lacks_capacity(described("InProgress", "Starting"))


@pytest.mark.parametrize(
    ("told", "exception", "words"),
    [
        (described("Stopped", "MaxWaitTimeExceeded"), "TimeLimit", "no spot machine"),
        (described("Stopped", "MaxRuntimeExceeded"), "TimeLimit", "the time was over"),
        (
            described("Failed", reason="CapacityError: x", ResourceConfig={"InstanceType": "ml.p5.48xlarge"}),
            "NoCapacity",
            "AWS has no ml.p5.48xlarge left",
        ),
        (described("Failed", reason="AlgorithmError: , exit code: 137"), "OutOfMemory", "too little memory"),
        (
            described("Failed", reason="ClientError: Cannot find repository: nope in registry ID: 1"),
            "BadImage",
            "Cannot find repository",
        ),
        (
            described("Failed", reason="ClientError: Data download failed: access denied"),
            "Refused",
            "Data download failed",
        ),
        (described("Failed", reason="InternalServerError: We encountered an error"), "ServiceError", "We encountered"),
        (described("Failed", reason="Something else"), "Lost", "Something else"),
        (described("Failed"), "Lost", "it ended as Failed"),
    ],
)
def test_why_a_job_ended_is_told_with_what_helps(told: dict[str, Any], exception: str, words: str) -> None:
    failure = ending_of(told)
    assert failure.exception == exception
    assert words in failure.message
    assert failure.hint
