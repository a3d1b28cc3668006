"""One step of the action on its runner: what it was told, and the edges that it works with.

Whatever reads code, trains, reports or talks to GitHub is imported by those steps that come to it.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from alekseylearn import __version__, landmarks
from alekseylearn.actions import Runner
from alekseylearn.cli.granted import granted
from alekseylearn.cli.hearing import Heard, expect_head, hear, show
from alekseylearn.comparison import Comparison, compare_versions
from alekseylearn.config import FILE_NAME, Config
from alekseylearn.errors import InputError, MachineError
from alekseylearn.forges import connect
from alekseylearn.git import Git
from alekseylearn.settings import CiSettings
from alekseylearn.trust import Event

if TYPE_CHECKING:
    from alekseylearn.cli.stores import Shared
    from alekseylearn.comment_state import CommentState
    from alekseylearn.forges.base import Forge, Posted
    from alekseylearn.pipeline import Story
    from alekseylearn.report import Outcome
    from alekseylearn.training import Workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What every step on this runner stands on: what it was told, the repository, the forge."""

    settings: CiSettings
    event: Event
    runner: Runner
    git: Git
    forge: Callable[[], Forge]
    """Gives the forge, always the same; its client is loaded only where somebody is asked or told."""
    environ: Mapping[str, str]
    started: float

    @property
    def outbox(self) -> Path:
        """The folder whose files become the workflow's artifact."""
        return self.settings.temp / "alekseylearn" / "artifacts"

    def step(self, event: Event | None = None, *, order: tuple[int, int] | None = None) -> Step:
        """Set the two versions of *event* side by side; *order* stands for this run's own.

        Raises `InputError`: a repository or a commit that cannot be used.
        """
        about = event or self.event
        if event is None and not about.closed:
            expect_head(self.git, about)
        return Step(
            ground=self,
            event=about,
            order=order or self.settings.order,
            whole=_compare(self.git, self.settings, about),
        )


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a step does about one event; *whole* is the comparison before notebooks were chosen."""

    ground: Ground
    event: Event
    order: tuple[int, int]
    whole: Comparison

    @property
    def settings(self) -> CiSettings:
        """What the step was told."""
        return self.ground.settings

    @property
    def runner(self) -> Runner:
        """Whom the step tells."""
        return self.ground.runner

    @cached_property
    def comparison(self) -> Comparison:
        """The two sides, with the notebooks that were asked for."""
        chosen = self.settings.inputs.notebooks
        if not chosen:
            return self.whole
        config = Config(notebooks=list(chosen))
        return replace(self.whole, files=tuple(file for file in self.whole.files if config.selects(file.path)))

    @property
    def current(self) -> Path | None:
        """The workflow's own Python: it trains notebooks that ask for no environment.

        Raises `MachineError` `env.python` when the one that was asked for is not there.
        """
        return _python(self.settings, self.ground.environ)

    @cached_property
    def _shown(self) -> set[str]:
        """What was said of the comment already: a running one is edited once a minute."""
        return set()

    @cached_property
    def environ(self) -> Mapping[str, str]:
        """What backends are given of the step's environment."""
        return granted(self.ground.environ, self.settings, self.event)

    @cached_property
    def about(self) -> Mapping[str, str]:
        """Labels for what is trained."""
        known = {"repository": self.settings.repository, "commit": self.comparison.head.sha}
        return known if self.pull is None else {**known, "pull": str(self.pull)}

    @cached_property
    def shop(self) -> Workshop:
        """The edges that training works with."""
        from alekseylearn.cli.place import workshop
        from alekseylearn.cli.transfers import TransferLines

        made = workshop(
            self.home,
            self.comparison.head.config,
            lambda _: None,
            self.environ,
            current=self.current,
            about=self.about,
            shared=self._shared,
            transfers=TransferLines(lambda line: self.runner.echo([line])),
        )
        # The runner knows the step's own secrets, too: what backends are given has none of the workflow's.
        return replace(made, redactor=self.runner.redactor)

    @property
    def home(self) -> Path:
        """Where runs and results live: a folder that outlasts the job where the runner has one."""
        from alekseylearn.cli.stores import is_address

        settings = self.settings
        if settings.inputs.store and not is_address(settings.inputs.store):
            return Path(settings.inputs.store)
        root = settings.tool_cache or settings.temp
        return root / "alekseylearn" / "state" / settings.repository.replace("/", "--")

    @property
    def _shared(self) -> Shared | None:
        """Where results of others are; what an event may not train, it may not look at there either."""
        from alekseylearn.cli.stores import is_address, parse_address, shared_in

        inputs = self.settings.inputs
        if not self.event.trusted:
            return None
        if is_address(inputs.store):
            return parse_address(inputs.store)
        return shared_in(self.comparison.head.config, inputs.backend)

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
        inputs = self.settings.inputs
        return self.pull is not None and inputs.comment and bool(inputs.github_token)

    @property
    def artifacts_link(self) -> str:
        """Where this run's artifacts are listed; the uploaded one's own address is known only later."""
        return f"{self.settings.run_url}#artifacts"

    def story(self, *, train: bool, detach: bool = False, begun: tuple[str, ...] = (), whole: bool = False) -> Story:
        """Set the pipeline up; nothing of a closed pull request, or of a fork's, is trained whatever is asked for.

        *detach* starts both sides and waits for nothing; *begun* are runs that were started before; *whole* looks at
        all notebooks, whichever were chosen.
        """
        from alekseylearn.cli.place import settings_for
        from alekseylearn.pipeline import Order, Story, frame

        inputs = self.settings.inputs
        comparison = self.whole if whole else self.comparison
        settings = replace(
            settings_for(
                comparison.head.config,
                backend=inputs.backend,
                parameters={},
                smoke=False,
                timeout=None,
                current=self.current,
            ),
            max_timeout=inputs.timeout,
        )
        told = replace(
            frame(comparison, version=__version__),
            pull=self.pull,
            fork=not self.event.trusted,
            barred=self.event.reason,
            order=self.order,
            attempt=self.settings.run_attempt,
            run_url=self.settings.run_url,
            artifact_url=self.artifacts_link if inputs.upload_artifacts else "",
            backend=inputs.backend or comparison.head.config.defaults.backend,
        )
        order = Order(
            settings=settings,
            frame=told,
            train=train and self.event.trusted and not self.event.closed,
            detach=detach,
            both=detach,
            force=inputs.force,
            fork=not self.event.trusted,
            begun=frozenset(begun),
        )
        return Story(comparison=comparison, shop=self.shop, order=order)

    def clock(self) -> tuple[str, float]:
        """Return the time for the report, and the seconds since this step started."""
        from alekseylearn.cli.place import now

        return now(), time.monotonic() - self.ground.started

    def remembered(self) -> CommentState | None:
        """Return what our comment remembers; None where there is none, or it cannot be read now."""
        from alekseylearn.comment_state import decode

        if self.pull is None or not self.tells:
            return None
        try:
            body = self.ground.forge().comment_body(self.pull)
        except MachineError as error:
            self.runner.annotate("warning", str(error), title="The comment could not be read")
            return None
        return None if body is None else decode(body)

    def post(self, outcome: Outcome, *, notify: bool = True) -> Posted | None:
        """Put *outcome* into the comment; None where the forge cannot be reached, but the summary has it too.

        What somebody has waited for long becomes a new comment, if *notify*.
        """
        from alekseylearn.files import write_atomic
        from alekseylearn.forges.base import Posted
        from alekseylearn.forges.sticky import deserves_notice
        from alekseylearn.pipeline import body
        from alekseylearn.text import Markdown

        if outcome.pull is None or not self.tells:
            return Posted(url="")
        try:
            forge = self.ground.forge()
            standing = forge.comment_body(outcome.pull)
            anew = notify and deserves_notice(standing, finished=outcome.finished, seconds=outcome.seconds)
            _, text = body(outcome, standing)
            text = Markdown(self.runner.redactor.redact(text))
            write_atomic(self.posted, text.encode("utf-8", "replace"))
            landmarks.passed("comment.remembered")
            posted = forge.upsert_comment(outcome.pull, text, order=outcome.order, anew=anew)
            landmarks.passed("comment.posted")
        except MachineError as error:
            self.runner.annotate("warning", str(error), title="The comment could not be written")
            return None
        show(posted, self.runner, self._shown)
        return posted


def open_ground(
    environ: Mapping[str, str], runner: Runner, heard: Heard | None = None, git: Git | None = None
) -> Ground:
    """Read what the runner tells; *heard* and *git* are what is known of it already.

    Raises `InputError` and `MachineError`: an event or a repository that cannot be used.
    """
    started = time.monotonic()
    known = heard or hear(environ, runner)
    git = git or known.repository(environ)
    settings = CiSettings.from_environ(environ)
    event = known.event
    reach = (
        partial(connect, "github", settings=settings, event=event)
        if settings.inputs.github_token
        else partial(connect, "local", write=lambda _: None)
    )
    return Ground(
        settings=settings,
        event=event,
        runner=runner,
        git=git,
        forge=cache(reach),
        environ=environ,
        started=started,
    )


def _compare(git: Git, settings: CiSettings, event: Event) -> Comparison:
    """Find the two sides: the pull request's, the push's, or this commit against the default branch."""
    head = _commit(git, event.head_sha or settings.sha or "HEAD")
    pull = event.pull_request
    wanted = settings.inputs.base or event.base_sha or git.default_base() or head
    base = git.merge_base(_commit(git, wanted), head)
    return compare_versions(
        git,
        base=base,
        head=head,
        base_name=settings.inputs.base or (pull.base_ref if pull else "the commit before"),
        head_name=pull.head_ref if pull else "this commit",
        config_path=settings.inputs.config or FILE_NAME,
        config_of_base=not event.trusted,
    )


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
