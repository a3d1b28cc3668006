"""What a step hears before anything else: the event, and with it who may do what. No file of a checkout is read yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alekseylearn.actions import Level, Runner
from alekseylearn.errors import InputError
from alekseylearn.forges.base import Posted
from alekseylearn.git import Git
from alekseylearn.settings import Occasion
from alekseylearn.trust import Event, check_commit, read_event

_TOKENS = ("INPUT_GITHUB_TOKEN", "GITHUB_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_RUNTIME_TOKEN")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The event, and where it was heard of."""

    occasion: Occasion
    event: Event

    def repository(self, environ: Mapping[str, str]) -> Git:
        """Open what is checked out; raises `InputError` `git.history` where nothing is, and as `Git.open` does."""
        return Git.open(self.occasion.workspace, environ=environ)


def hear(environ: Mapping[str, str], runner: Runner, *, quiet: bool = False) -> Heard:
    """Mask the workflow's tokens, read the event and say what it does not allow (unless *quiet*).

    Raises `InputError`: `trust.event trust.actor git.mismatch`.
    """
    mask_tokens(environ, runner)
    occasion = Occasion.from_environ(environ)
    event = read_event(occasion.event_name, occasion.read_payload(), occasion.repository)
    if not (event.closed or event.deleted):
        check_commit(event, occasion.checked_out, occasion.sha)
    for warning in () if quiet else event.warnings:
        say(runner, "notice", warning)
    return Heard(occasion=occasion, event=event)


def mask_tokens(environ: Mapping[str, str], runner: Runner) -> None:
    """Have the runner show no token of the workflow."""
    for token in dict.fromkeys(environ.get(name, "") for name in _TOKENS):
        if token:
            runner.mask(token)


def say(runner: Runner, level: Level, text: str) -> None:
    """Show *text*, `slug: words`, beside the run."""
    slug, _, words = text.partition(": ")
    runner.annotate(level, f"warning[{slug}]: {words}", title=f"alekseylearn: {slug}")


def show(posted: Posted, runner: Runner, shown: set[str]) -> None:
    """Say what became of the comment beside the run; what was said before is in *shown*."""
    if posted.note and posted.note not in shown:
        runner.annotate("notice", posted.note, title="alekseylearn")
    for warning in posted.warnings:
        if warning not in shown:
            say(runner, "notice", warning)
    shown |= {posted.note, *posted.warnings}


def expect_head(git: Git, event: Event) -> None:
    """Make sure that what is checked out holds the commit that *event* is about: HEAD, or something before it.

    Raises `InputError`: `git.history` where the history was cut off, `git.mismatch` where it is another one.
    """
    head = event.head_sha
    here = git.resolve("HEAD")
    if head in ("", here):
        return
    try:
        git.resolve(head)
        found = git.merge_base(head, here) == head
    except InputError:
        found = False
        if git.is_shallow():
            what = f"the commit {head[:7]} of the event is not in this checkout, whose history is cut off"
            hint = "in actions/checkout: `fetch-depth: 0` and `ref: ${{ github.event.pull_request.head.sha }}`"
            raise InputError("git.history", what, where=str(git.root), hint=hint) from None
    if not found:
        what = f"the event is about commit {head[:7]}, and what is checked out ({here[:7]}) does not hold it"
        hint = "check out `github.event.pull_request.head.sha`; after a forced push its own run has the newer commit"
        raise InputError("git.mismatch", what, where=str(git.root), hint=hint)
