"""The models of a pull request, out of what its workflow has uploaded."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
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
_STALE = 24 * 3600.0
"""Seconds after which what was loaded down is removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """One model of a pull request: what its artifact tells of it, and the zip that the artifact is."""

    listed: Listed
    archive: Path
    names: frozenset[str]
    """The files that are in the archive."""

    def holds(self, result: TrainingResult) -> bool:
        """Tell whether the files of *result* are in the archive; hidden ones are never uploaded."""
        shown = [item for item in result.artifacts if not is_hidden(item)]
        return bool(shown) and all(item.path in self.names for item in shown)

    def chunks(self, item: Artifact, start: int) -> Generator[bytes, None, None]:
        """Read a file from the byte *start* on; raises as `zips.Archive.chunks` does."""
        with open_zip(self.archive) as archive:
            yield from archive.chunks(item.path, start)


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
        repository = self.uploads.repository
        newest, found = self.uploads.of_pull(number)
        fresh = [upload for upload in found if not upload.expired][:_MOST]
        if not found:
            what = f"no workflow run of pull request {number} has uploaded anything of alekseylearn's"
            hint = "wait for the workflow, or look whether it uploads (`upload-artifacts`)"
            raise InputError("fetch.none", what, where=repository, hint=hint)
        if not fresh:
            raise expired(found[0], repository)
        models: dict[str, Pulled] = {}
        for upload in fresh:
            for pulled in self._read(upload, tell):
                name = pulled.listed.name
                # Of what was run again the newest counts, unless it has not ended.
                if name not in models or not models[name].listed.head.state.ended:
                    models[name] = pulled
            if model in models and models[model].listed.head.state.ended:
                break
        return PulledModels(newest=newest, commit=fresh[0].commit, models=models)

    def _read(self, upload: Upload, tell: Callable[[Transfer], None]) -> list[Pulled]:
        """Load one artifact down and read what it tells; one that tells nothing is none of ours."""
        wanted = Wanted(
            name=upload.name,
            address=lambda: self.uploads.address(upload),
            size=upload.size,
            sha256=upload.sha256,
        )
        path = self.downloader.fetch(wanted, self.cache / f"artifact-{upload.id}.zip", tell)
        with open_zip(path) as archive:
            names = frozenset(archive.sizes)
            if MANIFEST not in names:
                return []
            data = archive.read(MANIFEST, LIMITS.max_bytes + 1)
        manifest = read_manifest(data, f"{upload.name}/{MANIFEST}")
        return [Pulled(listed=listed, archive=path, names=names) for listed in manifest.models]

    def _sweep(self) -> None:
        for left in self.cache.glob("artifact-*"):
            if self.clock() - left.stat().st_mtime > _STALE:
                remove(left)
