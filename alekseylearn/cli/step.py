"""One step of the action on its runner: what it was told, and the edges that it works with.

Whatever reads code, trains, reports or talks to GitHub is imported by those steps that come to it.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from alekseylearn import __version__
from alekseylearn.actions import Runner
from alekseylearn.comparison import Comparison, compare_versions
from alekseylearn.config import FILE_NAME, Config
from alekseylearn.errors import InputError, MachineError
from alekseylearn.forges import connect
from alekseylearn.git import Git
from alekseylearn.settings import CiSettings
from alekseylearn.trust import Event, read_event

if TYPE_CHECKING:
    from alekseylearn.forges.base import Forge
    from alekseylearn.pipeline import Story
    from alekseylearn.report import Outcome
    from alekseylearn.training import Workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the action on this runner: what it was told, and the edges it works with."""

    settings: CiSettings
    event: Event
    runner: Runner
    forge: Callable[[], Forge]
    """Gives the forge, always the same; its client is loaded only where there is something to tell."""
    comparison: Comparison
    environ: Mapping[str, str]
    started: float

    @property
    def current(self) -> Path | None:
        """The workflow's own Python: it trains notebooks that ask for no environment.

        Raises `MachineError` `env.python` when the one that was asked for is not there.
        """
        return _python(self.settings, self.environ)

    @property
    def shop(self) -> Workshop:
        """The edges that training works with."""
        from alekseylearn.cli.place import workshop
        from alekseylearn.cli.transfers import TransferLines

        return workshop(
            _home(self.settings),
            self.comparison.head.config,
            lambda _: None,
            _without_secrets(self.environ),
            current=self.current,
            transfers=TransferLines(lambda line: self.runner.echo([line])),
        )

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
    def tells(self) -> bool:
        """Whether there is a comment to write, and leave to write it was asked for."""
        return self.pull is not None and self.settings.inputs.comment

    @property
    def artifacts_link(self) -> str:
        """Where this run's artifacts are listed; the uploaded one's own address is known only later."""
        return f"{self.settings.run_url}#artifacts"

    def story(self, *, train: bool) -> Story:
        """Set the pipeline up."""
        from alekseylearn.cli.place import settings_for
        from alekseylearn.pipeline import Order, Story, frame

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
        from alekseylearn.cli.place import now

        return now(), time.monotonic() - self.started

    def post(self, outcome: Outcome) -> str:
        """Put *outcome* into the comment; a forge that cannot be reached loses nothing: the summary has it too."""
        if outcome.pull is None or not self.tells:
            return ""
        from alekseylearn.files import write_atomic
        from alekseylearn.pipeline import body

        try:
            forge = self.forge()
            _, text = body(outcome, forge.comment_body(outcome.pull))
            write_atomic(self.posted, text.encode("utf-8", "replace"))
            posted = forge.upsert_comment(outcome.pull, text, order=outcome.order)
        except MachineError as error:
            self.runner.annotate("warning", str(error), title="The comment could not be written")
            return ""
        if posted.note:
            self.runner.annotate("notice", posted.note, title="alekseylearn")
        return posted.url


def open_step(environ: Mapping[str, str], runner: Runner) -> Step:
    """Read what the runner tells, and set the two versions side by side.

    Raises `InputError` and `MachineError`: an event, a repository or a commit that cannot be used.
    """
    started = time.monotonic()
    settings = CiSettings.from_environ(environ)
    if settings.inputs.github_token:
        runner.mask(settings.inputs.github_token)
    event = read_event(settings.event_name, settings.read_payload(), settings.repository)
    git = Git.open(settings.workspace, environ=environ)
    comparison = _compare(git, settings, event)
    pull = event.pull_request
    commenting = pull is not None and settings.inputs.comment and settings.inputs.github_token
    reach = (
        partial(connect, "github", settings=settings, event=event)
        if commenting
        else partial(connect, "local", write=lambda _: None)
    )
    return Step(
        settings=settings,
        event=event,
        runner=runner,
        forge=cache(reach),
        comparison=comparison,
        environ=environ,
        started=started,
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
