"""What workflows have uploaded on GitHub: the artifacts of a pull request, and where each one is loaded down."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from alekseylearn.errors import InputError, MachineError
from alekseylearn.forges.rest import ForbiddenError, GoneError, Rest

PREFIX = "alekseylearn-"
"""How the names of our artifacts begin."""
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/(?!\.+\Z)[A-Za-z0-9._-]+")
_RUNS = 100
"""Runs of a branch that are looked at, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One artifact: a zip of *size* bytes. *sha256* is '' where GitHub does not tell; *commit* is what was trained."""

    id: int
    name: str
    size: int
    sha256: str
    expired: bool
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PullUploads:
    """What there is of a pull request: its newest commit, and artifacts of the newest commit that has any.

    *main* is the repository's default branch, whose workflows bring home what was left to itself.
    """

    newest: str
    main: str
    found: tuple[Upload, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploads:
    """The artifacts of one *repository* (`owner/name`)."""

    rest: Rest
    repository: str

    def of_pull(self, number: int) -> PullUploads:
        """Return our artifacts of a pull request, the newest first.

        Only runs of the repository's own branches count: a fork's never. Raises `InputError` `fetch.fork`,
        `MachineError` `github.missing` or others of its family.
        """
        repository = f"/repos/{self.repository}"
        try:
            own, head, ref, main = _head(self.rest.get(f"{repository}/pulls/{number}"))
            if not own:
                what = f"pull request {number} comes from a fork: nothing was trained for it"
                raise InputError("fetch.fork", what, where=self.repository, hint="fetch the run of a person's own")
            found = self._of_runs({"head_sha": head}, own) or self._of_runs({"branch": ref}, own)
        except GoneError:
            what = f"the token sees no pull request {number} in {self.repository}"
            raise MachineError("github.missing", what, hint="look at the number, or at what the token may") from None
        except ForbiddenError as error:
            raise self._forbidden(error) from None
        return PullUploads(newest=head, main=main, found=found)

    def collected(self, main: str, after: int) -> Iterator[Upload]:
        """Yield our artifacts of workflows on the branch *main*, the newest first, as long as their ids are larger."""
        try:
            for item in self.rest.listed(f"/repos/{self.repository}/actions/artifacts", "artifacts"):
                if _number(item, "id") <= after:
                    return
                run = item.get("workflow_run")
                if not isinstance(run, Mapping) or run.get("head_repository_id") != run.get("repository_id"):
                    continue
                if _is_ours(item) and run.get("head_branch") == main and item.get("expired") is False:
                    yield _upload(item, str(run.get("head_sha")))
        except GoneError:
            return
        except ForbiddenError as error:
            raise self._forbidden(error) from None

    def of_run(self, run: int) -> tuple[Upload, ...]:
        """Return our artifacts of one run of a workflow, the newest first; raises `MachineError` `github.missing`."""
        path = f"/repos/{self.repository}/actions/runs/{run}/artifacts"
        try:
            found = [_upload(item, "") for item in self.rest.listed(path, "artifacts") if _is_ours(item)]
        except GoneError:
            what = f"the token sees no run {run} of a workflow in {self.repository}"
            raise MachineError("github.missing", what, hint="give the job `actions: read`") from None
        except ForbiddenError as error:
            raise self._forbidden(error) from None
        return tuple(sorted(found, key=lambda upload: upload.id, reverse=True))

    def address(self, upload: Upload) -> str:
        """Return where the zip of *upload* lies for the next minute; raises `MachineError`, `InputError`."""
        try:
            found = self.rest.location(f"/repos/{self.repository}/actions/artifacts/{upload.id}/zip")
        except GoneError:
            raise expired(upload, self.repository) from None
        except ForbiddenError as error:
            raise self._forbidden(error) from None
        if not found:
            raise MachineError("github.answer", f"GitHub does not tell where {upload.name} lies", where=self.repository)
        return found

    def _forbidden(self, error: ForbiddenError) -> MachineError:
        hint = "use a token that reads actions and pull requests"
        return MachineError("github.missing", f"the token may not look: {error}", where=self.repository, hint=hint)

    def _of_runs(self, query: Mapping[str, str], own: int) -> tuple[Upload, ...]:
        """List our artifacts of the newest commit that has any, among the runs that *query* asks for.

        *own* is the id of the repository.
        """
        found: list[Upload] = []
        for run in islice(self._runs(query), _RUNS):
            commit = str(run.get("head_sha"))
            if found and commit != found[0].commit:
                break
            origin = run.get("head_repository")
            # The repository of a fork may be gone by now.
            if not isinstance(origin, Mapping) or origin.get("id") != own:
                continue
            path = f"/repos/{self.repository}/actions/runs/{_number(run, 'id')}/artifacts"
            found += [_upload(item, commit) for item in self.rest.listed(path, "artifacts") if _is_ours(item)]
        return tuple(sorted(found, key=lambda upload: upload.id, reverse=True))

    def _runs(self, query: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        return self.rest.listed(f"/repos/{self.repository}/actions/runs", "workflow_runs", query)


def is_repository(name: str) -> bool:
    """Tell whether a repository can be called *name*."""
    return _REPOSITORY.fullmatch(name) is not None


def expired(upload: Upload, where: str) -> InputError:
    """Return the error for an artifact that GitHub has removed."""
    what = f"the artifact {upload.name} of commit {upload.commit[:7]} has expired"
    return InputError("fetch.expired", what, where=where, hint="run the workflow again: what was trained is reused")


def _head(pull: Any) -> tuple[int, str, str, str]:
    """Return of a pull request: its repository's id (0 for a fork's), its commit, its branch and the default branch."""
    try:
        head, base = pull["head"], pull["base"]
        # A fork that was deleted has left no repository.
        own = head["repo"] is not None and head["repo"]["id"] == base["repo"]["id"]
        number = int(base["repo"]["id"]) if own else 0
        return number, str(head["sha"]), str(head["ref"]), str(base["repo"]["default_branch"])
    except (KeyError, TypeError, ValueError):
        raise _strange("a pull request") from None


def _is_ours(item: Mapping[str, Any]) -> bool:
    name = item.get("name")
    return isinstance(name, str) and name.startswith(PREFIX)


def _upload(item: Mapping[str, Any], commit: str) -> Upload:
    kind, _, digest = str(item.get("digest") or "").partition(":")
    return Upload(
        id=_number(item, "id"),
        name=str(item["name"]),
        size=_number(item, "size_in_bytes"),
        sha256=digest if kind == "sha256" else "",
        expired=item.get("expired") is True,
        commit=commit,
    )


def _number(item: object, key: str) -> int:
    found = item.get(key) if isinstance(item, Mapping) else None
    if not isinstance(found, int):
        raise _strange("an artifact or a run")
    return found


def _strange(what: str) -> MachineError:
    return MachineError("github.answer", f"GitHub describes {what} with something else than it says", where="GitHub")
