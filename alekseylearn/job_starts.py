"""Start a training job on SageMaker once, whoever else tries, and on other machines where the first are not there."""

from __future__ import annotations

from dataclasses import replace

from alekseylearn import landmarks
from alekseylearn.attempts import Attempt, Attempts
from alekseylearn.aws import failed
from alekseylearn.errors import MachineError
from alekseylearn.jobs import JobState
from alekseylearn.sagemaker_failures import QUOTA, TAKEN, refusal
from alekseylearn.sagemaker_requests import TOKEN, again, instances_of
from alekseylearn.sagemaker_states import Described, state_of
from alekseylearn.tables import SageMakerTable
from alekseylearn.training_service import RefusedJobError, TrainingService


class JobStarts:
    """Starts attempts: each is written down first, so that it is found whenever we die."""

    def __init__(self, service: TrainingService, attempts: Attempts, table: SageMakerTable) -> None:
        self._service = service
        self._attempts = attempts
        self._table = table

    def start(self, attempt: Attempt) -> Attempt:
        """Start *attempt*, or the next one where it is used up or its machines are not to be had; return which.

        Raises `MachineError` `backend.taken`, what `sagemaker_failures.refusal` returns, and what the clients raise.
        """
        while True:
            new = self._attempts.add(attempt)
            landmarks.passed("attempt.written")
            try:
                self._service.create(attempt.request)
            except RefusedJobError as error:
                if error.code == TAKEN:
                    there = self._service.describe(attempt.job)
                    if there is not None and _adoptable(there, attempt, written=not new):
                        return attempt
                if new:
                    self._attempts.drop(attempt)
                attempt = self._next(attempt, error)
            else:
                landmarks.passed("attempt.started")
                return attempt

    def elsewhere(self, attempt: Attempt) -> Attempt:
        """Start the attempt after *attempt*, for which there were no machines, on those that are left."""
        return self.start(_on_others(attempt, attempt.number + 1, attempt.left))

    def _next(self, attempt: Attempt, error: RefusedJobError) -> Attempt:
        """Return what to try after *attempt* was refused; raises what a person should know where nothing is left."""
        wanted = instances_of(attempt.request)
        if error.code == TAKEN:
            number = attempt.number + 1
            return replace(attempt, number=number, request=again(attempt.request, number, wanted))
        others = (*wanted[1:], *attempt.left)
        if error.code == QUOTA and others:
            return _on_others(attempt, attempt.number, others)
        told = refusal(error.code, error.message, self._table)
        raise told or failed(error.error, doing="starting a training job") from None


def taken(attempt: Attempt) -> MachineError:
    """Return the error for a job of another identity whose run has the same id."""
    hint = "take another `prefix` under `sagemaker:`"
    return MachineError("backend.taken", "the training job belongs to another training", where=attempt.job, hint=hint)


def _adoptable(there: Described, attempt: Attempt, *, written: bool) -> bool:
    """Tell whether the job *there*, which has the name, is the one that was wanted.

    It may be our own, if the answer to our request was lost. Another's that has ended and is not *written* down any
    more was brought home once: who comes here wants it anew.
    """
    variables, ours = there.get("Environment", {}), attempt.request["Environment"]
    if variables.get("ALEKSEYLEARN_DIGEST") != attempt.digest:
        raise taken(attempt)
    if variables.get(TOKEN) == ours[TOKEN]:
        return True
    # The same training of another repository in this account leaves its results elsewhere.
    if there["OutputDataConfig"]["S3OutputPath"] != attempt.request["OutputDataConfig"]["S3OutputPath"]:
        return False
    state = state_of(there)
    return not state.ended or (written and state is JobState.SUCCEEDED)


def _on_others(attempt: Attempt, number: int, wanted: tuple[str, ...]) -> Attempt:
    """Return *attempt* as the *number*-th, on other machines."""
    request = again(attempt.request, number, wanted)
    note = f"{instances_of(attempt.request)[0]} could not be had: trained on another type"
    return replace(
        attempt,
        number=number,
        request=request,
        left=wanted[len(instances_of(request)) :],
        notes=tuple(dict.fromkeys((*attempt.notes, note))),
    )
