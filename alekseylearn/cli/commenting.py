"""The trusted half of a pair of workflows: it tells on a fork's pull request what the fork's own run has found.

It launches nothing, checks out nothing, and reads nothing of the fork's but one small document, which may be forged.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from alekseylearn import __version__
from alekseylearn.actions import Runner
from alekseylearn.cli.hearing import mask_tokens, say, show
from alekseylearn.errors import InputError, MachineError
from alekseylearn.settings import CiSettings, Occasion
from alekseylearn.trust import FinishedRun, PullRequest, event_of, pull_of, read_finished

if TYPE_CHECKING:
    from alekseylearn.analysed import Analysis
    from alekseylearn.forges.rest import Rest
    from alekseylearn.forges.uploads import Upload, Uploads

LARGEST = 64 * 1024 * 1024
"""Bytes of an artifact that are loaded down: one of a fork's holds a report, and no model."""
_TRIED = 8
"""Artifacts of one run that are looked at, the newest first."""
_NOT_A_FORK = "trust.event: the run was not a fork's pull request: it has told of itself, or nobody is there to be told"
_NO_ANALYSIS = "trust.artifact: the run has left no analysis; its workflow uploads one with `mode: run`"


def comment_step(environ: Mapping[str, str], runner: Runner) -> int:
    """Write the comment on the fork's pull request whose analysis has ended; anything else is told, and left alone.

    Raises `InputError` (`trust.event trust.artifact archive.*`) and `MachineError` (`ci.environment github.*
    fetch.unreachable`).
    """
    from alekseylearn.forges.rest import open_rest

    mask_tokens(environ, runner)
    occasion = Occasion.from_environ(environ)
    run = read_finished(occasion.event_name, occasion.read_payload(), occasion.repository)
    if run.event != "pull_request" or not run.fork or not run.head_repository:
        return _leave(runner, _NOT_A_FORK)
    settings = CiSettings.from_environ(environ)
    token = settings.inputs.github_token
    if not token:
        raise MachineError("github.token", "there is no token", hint="leave the input github-token as it is")
    rest = open_rest(settings.api_url, token)
    analysis = _bring(rest, settings, run)
    if analysis is None:
        return _leave(runner, _NO_ANALYSIS)
    pull = _pull(rest, settings.repository, run, analysis.pull)
    if pull.closed or pull.head_sha != run.head_sha:
        return _leave(runner, f"trust.event: pull request {pull.number} was closed, or pushed to, since that run")
    _tell(analysis, pull, run, rest, settings, runner)
    return 0


def _leave(runner: Runner, why: str) -> int:
    say(runner, "notice", why)
    runner.set_outputs({"result": "skipped"})
    return 0


def _bring(rest: Rest, settings: CiSettings, run: FinishedRun) -> Analysis | None:
    """Load the analysis of *run* down; None where it has left none."""
    from alekseylearn.forges.uploads import Uploads

    uploads = Uploads(rest=rest, repository=settings.repository)
    settings.temp.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="alekseylearn-comment-", dir=settings.temp) as folder:
        for upload in uploads.of_run(run.id)[:_TRIED]:
            if not upload.expired and (found := _read(uploads, upload, Path(folder))) is not None:
                return found
    return None


def _read(uploads: Uploads, upload: Upload, folder: Path) -> Analysis | None:
    """Read the analysis in one artifact; None where it holds none."""
    from alekseylearn.analysed import FILE, LIMITS, not_ours, read_analysis
    from alekseylearn.downloads import Downloader, Wanted
    from alekseylearn.zips import open_zip

    if upload.size > LARGEST:
        raise not_ours(f"it is {upload.size} bytes large", upload.name)
    wanted = Wanted(name=upload.name, address=lambda: uploads.address(upload), size=upload.size, sha256=upload.sha256)
    path = Downloader().fetch(wanted, folder / f"artifact-{upload.id}.zip")
    try:
        with open_zip(path) as archive:
            if FILE not in archive.sizes:
                return None
            data = archive.read(FILE, LIMITS.max_bytes + 1)
    except InputError as error:
        raise not_ours(error.what, upload.name) from None
    return read_analysis(data, f"{upload.name}/{FILE}")


def _pull(rest: Rest, repository: str, run: FinishedRun, number: int) -> PullRequest:
    """Ask GitHub about the pull request that the analysis names, and compare it with the run's own repository."""
    from alekseylearn.forges.rest import ForbiddenError, GoneError

    try:
        return pull_of(run, rest.get(f"/repos/{repository}/pulls/{number}"), repository)
    except (ForbiddenError, GoneError):
        what = f"the token sees no pull request {number} in {repository}"
        raise MachineError("github.missing", what, hint="give the job `pull-requests: write`") from None


def _tell(
    analysis: Analysis, pull: PullRequest, run: FinishedRun, rest: Rest, settings: CiSettings, runner: Runner
) -> None:
    from alekseylearn.analysed import tell
    from alekseylearn.cli.place import now
    from alekseylearn.forges.github import GitHubForge
    from alekseylearn.text import Markdown

    page = f"{settings.server_url}/{settings.repository}/actions/runs/{run.id}"
    told = tell(analysis, pull, run, address=page, when=now(), version=__version__)
    text = Markdown(runner.redactor.redact(told))
    runner.add_summary(text)
    forge = GitHubForge(rest=rest, settings=settings, event=event_of(pull, settings.repository))
    posted = forge.upsert_comment(pull.number, text, order=run.order)
    show(posted, runner, set())
    runner.set_outputs({"result": "success", "comment-url": posted.url})
