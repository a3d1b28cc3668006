"""The models of a pull request, out of what its workflow has uploaded."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from alekseylearn.disk import remove
from alekseylearn.downloads import Downloader, Wanted
from alekseylearn.errors import InputError
from alekseylearn.forges.uploads import Upload, Uploads, expired
from alekseylearn.jobs import Artifact, TrainingResult
from alekseylearn.manifests import LIMITS, MANIFEST, Listed, read_manifest
from alekseylearn.transfers import Transfer
from alekseylearn.zips import open_zip

_MOST = 64
"""Artifacts of one commit that are looked at, the newest first."""
_SWEEPS = 12
"""Artifacts of workflows that collect for all pull requests that are looked at, the newest first."""
_STALE = 24 * 3600.0
"""Seconds after which what was loaded down is removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """One model of a pull request: what its artifact tells of it, and the zip that the artifact is.

    *names* are the files in the folder *prefix* of the archive, which the paths of the artifacts are relative to.
    """

    listed: Listed
    archive: Path
    names: frozenset[str]
    prefix: str = ""

    def holds(self, result: TrainingResult) -> bool:
        """Tell whether the files of *result* are in the archive; hidden ones are never uploaded."""
        shown = [item for item in result.artifacts if not is_hidden(item)]
        return bool(shown) and all(item.path in self.names for item in shown)

    def chunks(self, item: Artifact, start: int) -> Generator[bytes, None, None]:
        """Read a file from the byte *start* on; raises as `zips.Archive.chunks` does."""
        with open_zip(self.archive) as archive:
            yield from archive.chunks(self.prefix + item.path, start)


@dataclass(frozen=True, slots=True, kw_only=True)
class PulledModels:
    """The models by name, of the commit *commit*; *newest* is the pull request's newest commit."""

    newest: str
    commit: str
    models: dict[str, Pulled]


def is_hidden(item: Artifact) -> bool:
    """Tell whether GitHub's upload leaves the file behind: one whose name, or whose folder's, begins with a dot."""
    return any(part.startswith(".") for part in item.path.split("/"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Puller:
    """Loads artifacts down into *cache*; *clock* tells Unix time in seconds."""

    uploads: Uploads
    downloader: Downloader
    cache: Path
    clock: Callable[[], float]

    def models(self, number: int, model: str | None, tell: Callable[[Transfer], None]) -> PulledModels:
        """Return the models of the pull request *number*, or only *model*, if it is there.

        Raises `InputError` (`fetch.none fetch.expired fetch.fork archive.*`) and `MachineError` (`github.*
        fetch.unreachable store.failed`).
        """
        self._sweep()
        there = self.uploads.of_pull(number)
        fresh = [upload for upload in there.found if not upload.expired][:_MOST]
        if not there.found:
            what = f"no workflow run of pull request {number} has uploaded anything of alekseylearn's"
            hint = "wait for the workflow, or look whether it uploads (`upload-artifacts`)"
            raise InputError("fetch.none", what, where=self.uploads.repository, hint=hint)
        if not fresh:
            raise expired(there.found[0], self.uploads.repository)
        models = self._trained(fresh, model, tell)
        waiting = {
            name for name, pulled in models.items() if model in (None, name) and not pulled.listed.head.state.ended
        }
        if waiting:
            sweeps = self.uploads.collected(there.main, fresh[-1].id)
            self._complete(models, waiting, sweeps, f"pull-{number}/", tell)
        return PulledModels(newest=there.newest, commit=fresh[0].commit, models=models)

    def _trained(
        self, uploads: Iterable[Upload], model: str | None, tell: Callable[[Transfer], None]
    ) -> dict[str, Pulled]:
        models: dict[str, Pulled] = {}
        for upload in uploads:
            for pulled in self._read(upload, "", tell):
                name = pulled.listed.name
                # Of what was run again the newest counts, unless it has not ended.
                if name not in models or not models[name].listed.head.state.ended:
                    models[name] = pulled
            if model in models and models[model].listed.head.state.ended:
                break
        return models

    def _complete(
        self,
        models: dict[str, Pulled],
        waiting: set[str],
        sweeps: Iterable[Upload],
        prefix: str,
        tell: Callable[[Transfer], None],
    ) -> None:
        """Put in the place of models that went on what a workflow has collected of them since."""
        for upload in islice(sweeps, _SWEEPS):
            for pulled in self._read(upload, prefix, tell):
                name, head = pulled.listed.name, pulled.listed.head
                if name in waiting and head.state.ended and head.digest == models[name].listed.head.digest:
                    models[name] = pulled
                    waiting.remove(name)
            if not waiting:
                return

    def _read(self, upload: Upload, prefix: str, tell: Callable[[Transfer], None]) -> list[Pulled]:
        """Load one artifact down and read what it tells in the folder *prefix*; others' tell nothing there."""
        wanted = Wanted(
            name=upload.name,
            address=lambda: self.uploads.address(upload),
            size=upload.size,
            sha256=upload.sha256,
        )
        path = self.downloader.fetch(wanted, self.cache / f"artifact-{upload.id}.zip", tell)
        with open_zip(path) as archive:
            names = {name.removeprefix(prefix) for name in archive.sizes if name.startswith(prefix)}
            if MANIFEST not in names:
                return []
            data = archive.read(prefix + MANIFEST, LIMITS.max_bytes + 1)
        manifest = read_manifest(data, f"{upload.name}/{prefix}{MANIFEST}")
        return [
            Pulled(listed=listed, archive=path, names=frozenset(names), prefix=prefix) for listed in manifest.models
        ]

    def _sweep(self) -> None:
        for left in self.cache.glob("artifact-*"):
            if self.clock() - left.stat().st_mtime > _STALE:
                remove(left)
