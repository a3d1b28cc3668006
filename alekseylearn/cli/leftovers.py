"""Jobs that earlier runs on a pull request have left running: stopped once a push, or its end, makes them useless.

Nothing here touches a job that does not say in its own labels that it is this pull request's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from alekseylearn.backends import connect
from alekseylearn.backends.base import Backend, Options
from alekseylearn.cli.carrying import carry_out
from alekseylearn.comment_state import decode
from alekseylearn.endings import ask_to_stop
from alekseylearn.errors import AlekseylearnError, MachineError
from alekseylearn.jobs import JobState, SubmittedJob
from alekseylearn.training import UnderWay

if TYPE_CHECKING:
    from alekseylearn.cli.step import Step
    from alekseylearn.config import BackendName, Config
    from alekseylearn.plan import TrainingJob
    from alekseylearn.tables import SageMakerTable
    from alekseylearn.trust import PullRequest

LABELLED: BackendName = "sagemaker"
"""The backend whose jobs bear labels."""
CLOSED = "the pull request was closed"


@dataclass(frozen=True, slots=True)
class Leftover:
    """A job of the pull request, where its backend has it."""

    backend: Backend
    job: SubmittedJob

    @property
    def digest(self) -> str:
        """The identity that is trained."""
        return self.job.handle.digest

    def running(self) -> UnderWay | None:
        """Return it, if it runs and may be stopped."""
        if self.backend.leaves or self.backend.poll(self.job.handle).ended:
            return None
        commit = self.job.about.get("commit", "")
        return UnderWay(backend=self.backend, handle=self.job.handle, name=self.job.name, commit=commit)


def supersede(step: Step) -> None:
    """Stop what an earlier push to the pull request has left running and this one does not need; never fails a run.

    A fork's event, and one about no pull request, asks nobody for anything.
    """
    if step.pull is None or not step.event.trusted or step.event.closed:
        return
    try:
        _supersede(step, leftovers(places(step), step.about))
    except AlekseylearnError as error:
        step.runner.annotate("warning", str(error), title="Jobs of an earlier push were not looked at")


def _supersede(step: Step, found: Iterable[Leftover]) -> None:
    # Jobs of this very commit may be those of another job in the matrix.
    stale = [one for one in found if one.job.about.get("commit", "") not in ("", step.about["commit"])]
    if not stale:
        return
    pulls = step.ground.forge().open_pulls()
    if not any(pull.number == step.pull and pull.head_sha == step.event.head_sha for pull in pulls):
        # An old run that is run again must not stop what a newer push has started.
        return
    story = step.story(train=False, whole=True)
    story.look()
    wanted = _wanted_elsewhere(step, pulls)
    useless = [one for one in stale if one.digest not in story.needed and one.digest[:12] not in wanted]
    for stopped in ask_to_stop([one.running for one in useless]):
        step.runner.echo([f"{stopped.name} (run {stopped.handle.id}): an earlier push needed it; it is asked to stop"])
    for one in useless:
        # One that succeeded may be what a later push comes back to.
        if one.backend.poll(one.job.handle) not in (JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED):
            one.backend.discard(one.job.handle)


def close(step: Step) -> int:
    """Stop what runs for a pull request that was closed, and finish its comment; nothing is ever trained.

    A fork's pull request has nothing that runs. Where nothing does, and the comment knows of nothing, it stays as it
    is. What a backend leaves alone goes on.
    """
    pulls = _open_pulls(step)
    if not step.event.trusted or any(pull.number == step.pull for pull in pulls):
        # Open again: an old run was run again.
        step.runner.set_outputs({"result": "skipped"})
        return 0
    state = step.remembered()
    begun = state.begun if state is not None else ()
    # Whichever workflow has told of them, theirs is the last word.
    last = step if state is None else replace(step, order=max(step.order, state.order))
    story = last.story(train=False, begun=begun)
    heads = {job.digest for plan in story.look() for job, base in plan.jobs if not base}
    code, stopped = 0, False
    try:
        wanted = _wanted_elsewhere(step, pulls)
        own = [one for one in leftovers(places(step), step.about) if one.digest[:12] not in wanted]
        stopped = bool(story.halt([one.running for one in own], CLOSED))
        stopped |= bool(story.stop(CLOSED, lambda job: _is_ours(job, heads, begun)))
    except AlekseylearnError as error:
        step.runner.annotate("error", str(error), title=f"alekseylearn: {error.slug}")
        code = error.exit_code
    if not stopped and not begun:
        step.runner.set_outputs({"result": "failure" if code else "skipped"})
        return code
    code = carry_out(last, story, closing=True).exit_code or code
    if code:
        step.runner.set_outputs({"result": "failure"})
    elif stopped:
        step.runner.set_outputs({"result": "cancelled"})
    return code


def _is_ours(job: TrainingJob, heads: set[str], begun: Sequence[str]) -> bool:
    """Tell whether *job*, which bears no labels, is the pull request's alone: what it changed, or what it left."""
    return job.backend != LABELLED and (job.digest in heads or job.run in begun)


def leftovers(backends: Iterable[Backend], about: Mapping[str, str]) -> list[Leftover]:
    """List the jobs that *backends* hold for the pull request that *about* names; the same one only once."""
    found: dict[str, Leftover] = {}
    for backend in backends:
        for job in backend.jobs():
            if all(job.about.get(name) == about[name] for name in ("repository", "pull")):
                found.setdefault(job.handle.digest, Leftover(backend, job))
    return list(found.values())


def places(step: Step) -> Iterator[Backend]:
    """Reach each place of the configuration whose jobs bear labels; raises `MachineError`."""
    for table in _tables(step.comparison.head.config, step.settings.inputs.backend):
        yield connect(LABELLED, Options(home=step.home, environ=step.environ, sagemaker=table, about=step.about))


def _tables(config: Config, backend: BackendName | None) -> list[SageMakerTable]:
    """Return how jobs on SageMaker are made, once for each place where they are written down."""
    models = (config.model_for("")[1], *config.models.values())
    used = (model for model in models if (backend or model.backend or config.defaults.backend) == LABELLED)
    tables = (config.sagemaker(model) for model in used)
    return list({(table.bucket, table.prefix, table.region): table for table in tables if table.bucket}.values())


def _open_pulls(step: Step) -> tuple[PullRequest, ...]:
    try:
        return step.ground.forge().open_pulls() if step.event.trusted else ()
    except MachineError as error:
        step.runner.annotate("warning", str(error), title="Other pull requests were not looked at")
        return ()


def _wanted_elsewhere(step: Step, pulls: Iterable[PullRequest]) -> frozenset[str]:
    """Return the runs that comments on other pull requests wait for: two may have started one training together."""
    forge = step.ground.forge()
    bodies = (forge.comment_body(pull.number) for pull in pulls if pull.number != step.pull and not pull.fork)
    states = (decode(body) for body in bodies if body is not None)
    return frozenset(run for state in states if state is not None for run in state.begun)
