"""The steps of the action: from the runner's event to one comment, a job summary, annotations and outputs."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from alekseylearn import __version__
from alekseylearn.actions import Runner
from alekseylearn.analysis import Comparison, compare_versions
from alekseylearn.cli.aftermath import leave
from alekseylearn.cli.place import now, settings_for, workshop
from alekseylearn.comment_state import marker
from alekseylearn.config import FILE_NAME, Config
from alekseylearn.errors import AlekseylearnError, InputError, MachineError
from alekseylearn.files import write_atomic
from alekseylearn.forges import connect
from alekseylearn.git import Git
from alekseylearn.pipeline import Order, Story, body, frame, run
from alekseylearn.settings import CiSettings
from alekseylearn.text import Markdown, fence
from alekseylearn.training import Progress, StoppedError, Workshop
from alekseylearn.trust import Event, read_event

if TYPE_CHECKING:
    from alekseylearn.forges.base import Forge
    from alekseylearn.report import Outcome


MINUTE = 60.0
"""Seconds between two edits of a running comment, at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the action on this runner: what it was told, and the edges it works with."""

    settings: CiSettings
    event: Event
    runner: Runner
    forge: Forge
    comparison: Comparison
    shop: Workshop
    started: float
    current: Path | None
    """The workflow's own Python: it trains notebooks that ask for no environment."""

    @property
    def outbox(self) -> Path:
        """The folder whose files become the workflow's artifact."""
        return self.settings.temp / "alekseylearn" / "artifacts"

    @property
    def posted(self) -> Path:
        """The comment as it was posted last, for the step that learns the artifact's address."""
        return self.settings.temp / "alekseylearn" / "comment.md"

    @property
    def pull(self) -> int | None:
        """The pull request's number, if the event has one."""
        return self.event.pull_request.number if self.event.pull_request else None

    @property
    def artifacts_link(self) -> str:
        """Where this run's artifacts are listed; the uploaded one's own address is known only later."""
        return f"{self.settings.run_url}#artifacts"

    def story(self, *, train: bool) -> Story:
        """Set the pipeline up."""
        inputs = self.settings.inputs
        settings = replace(
            settings_for(
                self.comparison.head.config,
                backend=inputs.backend,
                parameters={},
                smoke=False,
                timeout=None,
                current=self.current,
            ),
            max_timeout=inputs.timeout,
        )
        told = replace(
            frame(self.comparison, version=__version__),
            pull=self.pull,
            fork=not self.event.trusted,
            order=self.settings.order,
            attempt=self.settings.run_attempt,
            run_url=self.settings.run_url,
            artifact_url=self.artifacts_link if inputs.upload_artifacts else "",
            backend=inputs.backend or self.comparison.head.config.defaults.backend,
        )
        order = Order(
            settings=settings,
            frame=told,
            train=train and self.event.trusted,
            force=inputs.force,
            fork=not self.event.trusted,
        )
        return Story(comparison=self.comparison, shop=self.shop, order=order)

    def clock(self) -> tuple[str, float]:
        """Return the time for the report, and the seconds since this step started."""
        return now(), time.monotonic() - self.started

    def post(self, outcome: Outcome) -> str:
        """Put *outcome* into the comment; a forge that cannot be reached loses nothing: the summary has it too."""
        if outcome.pull is None or not self.settings.inputs.comment:
            return ""
        try:
            _, text = body(outcome, self.forge.comment_body(outcome.pull))
            write_atomic(self.posted, text.encode("utf-8", "replace"))
            posted = self.forge.upsert_comment(outcome.pull, text, order=outcome.order)
        except MachineError as error:
            self.runner.annotate("warning", str(error), title="The comment could not be written")
            return ""
        if posted.note:
            self.runner.annotate("notice", posted.note, title="alekseylearn")
        return posted.url


def guarded(step: Callable[[Mapping[str, str], Runner], int]) -> int:
    """Run *step*; an error of ours becomes an annotation, a summary and the step's result before it ends the step."""
    environ = dict(os.environ)
    runner = Runner.from_environ(environ, sys.stdout)
    try:
        return step(environ, runner)
    except AlekseylearnError as error:
        runner.annotate("error", str(error), title=f"alekseylearn: {error.slug}")
        runner.add_summary(Markdown(f"### ❌ alekseylearn could not go on\n\n{fence(str(error))}"))
        runner.set_outputs({"result": "cancelled" if isinstance(error, StoppedError) else "failure"})
        return 130 if isinstance(error, StoppedError) else error.exit_code
    except Exception as error:
        runner.annotate("error", f"{type(error).__name__}: {error}", title="alekseylearn: a defect of ours")
        runner.set_outputs({"result": "failure"})
        raise


def run_step(environ: Mapping[str, str], runner: Runner) -> int:
    """Train what changed and review it."""
    return _work(_open(environ, runner), train=True)


def collect_step(environ: Mapping[str, str], runner: Runner) -> int:
    """Bring home what ended, without starting anything."""
    return _work(_open(environ, runner), train=False)


def plan_step(environ: Mapping[str, str], runner: Runner) -> int:
    """Say which notebooks train; when none does, the pull request is told here, since no later job will."""
    step = _open(environ, runner)
    story = step.story(train=True)
    plans = story.look()
    matrix = [
        {"notebook": plan.path, "name": plan.name, "id": plan.head.run}
        for plan in plans
        if plan.decision == "train" and plan.head is not None and step.event.trusted
    ]
    when, seconds = step.clock()
    outcome = story.outcome(finished=True, when=when, seconds=seconds)
    url = "" if matrix else step.post(outcome)
    for plan in plans:
        runner.echo([f"{plan.decision:6} {plan.path}: {plan.reason}"])
        if plan.refused:
            runner.annotate("error", plan.refused, title="alekseylearn", file=plan.path)
    runner.set_outputs(
        {
            "result": "success" if matrix else "skipped",
            "any-trained": str(bool(matrix)).lower(),
            "matrix": json.dumps({"include": matrix}, separators=(",", ":")),
            "comment-url": url,
        }
    )
    # A job that comes later trains the others; it tells of what was refused, too.
    return 0 if matrix else outcome.exit_code


def finish_step(environ: Mapping[str, str], runner: Runner) -> int:
    """Complete the comment after the upload, or after the run was cut off."""
    step = _open(environ, runner)
    if step.settings.outcome == "cancelled":
        return _after_cancel(step)
    url = step.settings.artifact_url
    if url and step.pull is not None and step.settings.inputs.comment and step.posted.is_file():
        text = step.posted.read_text("utf-8")
        if text.startswith(marker(step.pull)):
            told = Markdown(text.replace(step.artifacts_link, url))
            try:
                step.forge.upsert_comment(step.pull, told, order=step.settings.order)
            except MachineError as error:
                runner.annotate("warning", str(error), title="The comment could not be completed")
    return 0


def _after_cancel(step: Step) -> int:
    story = step.story(train=False)
    story.look()
    story.stop()
    _work(step, train=False)
    step.runner.set_outputs({"result": "cancelled"})
    return 0


def _open(environ: Mapping[str, str], runner: Runner) -> Step:
    started = time.monotonic()
    settings = CiSettings.from_environ(environ)
    if settings.inputs.github_token:
        runner.mask(settings.inputs.github_token)
    event = read_event(settings.event_name, settings.read_payload(), settings.repository)
    git = Git.open(settings.workspace, environ=environ)
    comparison = _compare(git, settings, event)
    pull = event.pull_request
    commenting = pull is not None and settings.inputs.comment and settings.inputs.github_token
    forge = connect("github", settings=settings, event=event) if commenting else connect("local", write=lambda _: None)
    home = _home(settings)
    current = _python(settings, environ)
    shop = workshop(home, comparison.head.config, lambda _: None, _without_secrets(environ), current=current)
    return Step(
        settings=settings,
        event=event,
        runner=runner,
        forge=forge,
        comparison=comparison,
        shop=shop,
        started=started,
        current=current,
    )


def _compare(git: Git, settings: CiSettings, event: Event) -> Comparison:
    """Find the two sides: the pull request's, the push's, or this commit against the default branch."""
    head = _commit(git, event.head_sha or settings.sha or "HEAD")
    pull = event.pull_request
    wanted = settings.inputs.base or event.base_sha or git.default_base() or head
    base = git.merge_base(_commit(git, wanted), head)
    comparison = compare_versions(
        git,
        base=base,
        head=head,
        base_name=settings.inputs.base or (pull.base_ref if pull else "the commit before"),
        head_name=pull.head_ref if pull else "this commit",
        config_path=settings.inputs.config or FILE_NAME,
        config_of_base=not event.trusted,
    )
    if not settings.inputs.notebooks:
        return comparison
    chosen = Config(notebooks=list(settings.inputs.notebooks))
    return replace(comparison, files=tuple(file for file in comparison.files if chosen.selects(file.path)))


def _commit(git: Git, ref: str) -> str:
    try:
        return git.resolve(ref)
    except InputError as error:
        what = f"the commit {ref[:12]} is not in this checkout"
        hint = "in actions/checkout: `fetch-depth: 0` and `ref: ${{ github.event.pull_request.head.sha }}`"
        raise InputError("git.history", what, where=error.where, hint=hint) from None


def _python(settings: CiSettings, environ: Mapping[str, str]) -> Path | None:
    """Find the Python that the workflow has set up: ours is private, and has none of the user's packages."""
    found = shutil.which(settings.inputs.python or "python3", path=environ.get("PATH", os.defpath))
    if found is None and settings.inputs.python:
        raise MachineError("env.python", f"{settings.inputs.python} is not a program", hint="mend the input `python`")
    return None if found is None else Path(found)


def _home(settings: CiSettings) -> Path:
    """Choose where runs and results live: a folder that outlasts the job where the runner has one."""
    if settings.inputs.store:
        return Path(settings.inputs.store)
    root = settings.tool_cache or settings.temp
    return root / "alekseylearn" / "state" / settings.repository.replace("/", "--")


def _without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Leave out what no job may ever see; the backend's own allow-list comes on top."""
    return {name: value for name, value in environ.items() if not name.startswith(("INPUT_", "GITHUB_", "ACTIONS_"))}


def _watcher(step: Step, story: Story) -> Callable[[Progress], None]:
    """Print what the training prints, and bring the comment up to date once a minute."""
    told = [time.monotonic()]

    def watch(progress: Progress) -> None:
        if progress.lines:
            step.runner.echo(progress.lines)
        if time.monotonic() - told[0] >= MINUTE:
            told[0] = time.monotonic()
            when, seconds = step.clock()
            step.post(story.outcome(finished=False, when=when, seconds=seconds))

    return watch


def _work(step: Step, *, train: bool) -> int:
    told: list[Outcome] = []
    urls = [""]

    def tell(outcome: Outcome) -> None:
        told.append(outcome)
        urls[0] = step.post(outcome) or urls[0]
        if not outcome.finished:
            for notebook in outcome.notebooks:
                step.runner.echo([f"{notebook.decision:6} {notebook.path}: {notebook.reason}"])

    story = step.story(train=train)
    story.shop = replace(story.shop, watch=_watcher(step, story))
    try:
        run(story, tell, step.clock)
    except StoppedError:
        raise
    except AlekseylearnError as error:
        if not told:
            raise
        # The report and its annotations tell of it already.
        return error.exit_code
    finally:
        if told:
            leave(told[-1], step.shop, step.runner, step.outbox, comment_url=urls[0])
    return told[-1].exit_code
