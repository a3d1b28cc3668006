"""Find what a person names: a run, a model, or a pull request's; and where its files can be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from alekseylearn.config import Config
from alekseylearn.errors import AlekseylearnError, InputError, MachineError, UsageError
from alekseylearn.jobs import Artifact, TrainingResult
from alekseylearn.manifests import LIMITS, MANIFEST, Manifest, read_manifest
from alekseylearn.pulled import Pulled, Puller, is_hidden
from alekseylearn.stores.base import read_blocks
from alekseylearn.text import plural
from alekseylearn.transfers import Transfer, unwatched
from alekseylearn.watching import Lookout, settle
from alekseylearn.workshop import Workshop

_PULL = re.compile(r"(?:pr/|#)(\d{1,9})(?:/([^:]+))?(:base)?")
_ADDRESS = re.compile(r"https://[a-z0-9.-]+/([\w-]+/[\w.-]+)/pull/(\d{1,9})(?:[/?#].*)?", re.ASCII)
_HERE, _SHARED, _UPLOADED = "this machine", "the shared results in S3", "its artifact on GitHub"
_RUN = re.compile(r"[0-9a-f]{4,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where models are looked for.

    *lookout* knows runs, and the results here and in S3; *config* the names of models; *puller* reaches the artifacts
    on GitHub, of a repository `owner/name` or of the one around the working folder (None), once somebody asks for them.
    """

    lookout: Lookout
    config: Config
    puller: Callable[[str | None], Puller]

    @property
    def shop(self) -> Workshop:
        """The results here and in S3."""
        return self.lookout.shop


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A result, and where its files are read from: *source* in words, *chunks* from a byte on."""

    result: TrainingResult
    source: str
    chunks: Callable[[Artifact, int], Generator[bytes, None, None]]
    notes: tuple[str, ...] = ()
    archive: Path | None = None
    """What was loaded down for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What somebody has named. *base* finds what it was measured against; it raises `InputError` `fetch.base`."""

    head: Located
    base: Callable[[], Located]


def find(what: str, sources: Sources, tell: Callable[[Transfer], None] = unwatched) -> tuple[Pair, ...]:
    """Find the run, the model, or all models of the pull request that *what* names.

    *what* is the id of a run or its beginning, a model's name, `pr/N`, `#N`, `pr/N/MODEL` or the address of a pull
    request. Raises `UsageError` (`usage.run`, `run.unknown`), `InputError` (`run.ambiguous`, `fetch.*`, `archive.*`),
    `MachineError` (`github.*`, `fetch.unreachable`, `run.unfinished`).
    """
    if address := _ADDRESS.fullmatch(what):
        return _in_pull(int(address[2]), None, sources.puller(address[1]), sources, tell)
    if pull := _PULL.fullmatch(what):
        return _in_pull(int(pull[1]), pull[2], sources.puller(None), sources, tell)
    return (_here(what, sources),)


def find_one(what: str, sources: Sources, tell: Callable[[Transfer], None] = unwatched) -> Pair:
    """Find the one model that *what* names; raises as `find` does, and `InputError` `run.ambiguous` for several."""
    found = find(what, sources, tell)
    if len(found) > 1:
        names = ", ".join(pair.head.result.name for pair in found[:8])
        hint = f"name one: {what}/{found[0].head.result.name}"
        raise InputError("run.ambiguous", f"{what} has {len(found)} models", where=names, hint=hint)
    return found[0]


def find_result(what: str, sources: Sources, tell: Callable[[Transfer], None] = unwatched) -> TrainingResult:
    """Find a result alone: `:base` behind a word names what that was measured against; raises as `find_one` does."""
    word = what.removesuffix(":base")
    pair = find_one(word, sources, tell)
    return (pair.head if word == what else pair.base()).result


def _here(what: str, sources: Sources) -> Pair:
    if what in sources.config.models or not _RUN.fullmatch(what):
        result = _newest(what, sources)
    else:
        try:
            result = _of_run(what, sources.lookout)
        except UsageError:
            named = [one for one in sources.shop.store.list() if one.name == what]
            if not named:
                raise
            result = _newest(what, sources)
    return Pair(head=_stored(result, sources.shop), base=lambda: _base_of(result, sources.shop))


def _newest(name: str, sources: Sources) -> TrainingResult:
    """Return the newest succeeded result of the model *name*; one that was made only to compare with comes last."""
    named = [result for result in sources.shop.store.list() if result.name == name and result.succeeded]
    listed = [one for manifest in _reports(sources.shop) for one in manifest.models]
    beside = {digest for one in listed for digest in (*one.seeds, *([one.base.digest] if one.base else []))}
    beside -= {one.head.digest for one in listed}
    for result in sorted(named, key=lambda result: result.digest in beside):
        return result
    known = ", ".join(sources.config.models) or "none in alekseylearn.yml"
    raise UsageError(
        "usage.run",
        f"{name[:80]!r} is no run, and there is no result of a model of that name",
        hint=f"`alekseylearn runs` lists runs; models: {known}",
    )


def _of_run(run: str, lookout: Lookout) -> TrainingResult:
    """Return the result of a run; one that has ended is brought home."""
    found = lookout.find(run)
    if isinstance(found, TrainingResult):
        return found
    if found.state.ended:
        return settle(found, lookout)
    raise _unfinished(found.digest[:12])


def _unfinished(run: str) -> MachineError:
    hint = f"`alekseylearn status {run}` tells where it stands"
    return MachineError("run.unfinished", f"run {run} has not ended", hint=hint)


def _stored(result: TrainingResult, shop: Workshop) -> Located:
    if not result.succeeded:
        folder = shop.failed.folder(result.run)
        return Located(result=result, source=_HERE, chunks=lambda item, at: read_blocks(folder, result, item, at))
    near = shop.store.near(result.digest) is not None
    return Located(
        result=result,
        source=_HERE if near else _SHARED,
        chunks=lambda item, at: shop.store.chunks(result, item, at),
    )


def _known(digest: str, shop: Workshop) -> Located | None:
    result = shop.store.get(digest) or shop.failed.get(digest)
    return None if result is None else _stored(result, shop)


def _reports(shop: Workshop) -> Iterator[Manifest]:
    """Read the reports that are here; one that cannot be read tells nothing."""
    for path in sorted({shop.home / "last" / MANIFEST, *shop.home.glob(f"reports/*/{MANIFEST}")}):
        with suppress(OSError, AlekseylearnError):
            yield read_manifest(path.read_bytes()[: LIMITS.max_bytes + 1], str(path))


def _base_of(result: TrainingResult, shop: Workshop) -> Located:
    """Find what *result* was measured against, by the reports that are here."""
    for manifest in _reports(shop):
        for listed in manifest.models:
            if listed.head.digest == result.digest and listed.base is not None:
                found = _known(listed.base.digest, shop)
                if found is not None:
                    return found
    what = f"no report here tells what run {result.run} was measured against"
    raise InputError("fetch.base", what, hint="name its pull request: pr/N, or fetch the base by its own run")


def _in_pull(
    number: int, model: str | None, puller: Puller, sources: Sources, tell: Callable[[Transfer], None]
) -> tuple[Pair, ...]:
    found = puller.models(number, model, tell)
    chosen = [found.models[name] for name in sorted(found.models) if model in (None, name)]
    if not chosen:
        names = ", ".join(sorted(found.models)) or "none"
        what = (
            f"pull request {number} has trained no model {model!r}" if model else f"pull request {number} trains none"
        )
        raise InputError("fetch.none", what, where=puller.uploads.repository, hint=f"its models: {names}")
    notes = []
    if found.commit != found.newest:
        notes.append(f"it is of commit {found.commit[:7]}: the newest, {found.newest[:7]}, has no artifact yet")
    return tuple(_pair(pulled, sources.shop, tuple(notes)) for pulled in chosen)


def _pair(pulled: Pulled, shop: Workshop, notes: tuple[str, ...]) -> Pair:
    head, base = pulled.listed.head, pulled.listed.base

    def find_base() -> Located:
        found = None if base is None else _in_archive(pulled, base, ()) or _known(base.digest, shop)
        if found is not None:
            return found
        why = "was measured against nothing" if base is None else "has an artifact without the files of its base"
        hint = "" if base is None else f"`alekseylearn fetch {base.run}` where that was trained"
        raise InputError("fetch.base", f"run {head.run} {why}", hint=hint)

    located = _in_archive(pulled, head, notes) or _known(head.digest, shop)
    if located is None:
        if not head.state.ended:
            raise _unfinished(head.run)
        # What a failed run has left may be nothing at all.
        located = Located(result=head, source=_UPLOADED, chunks=pulled.chunks, archive=pulled.archive)
    return Pair(head=replace(located, notes=notes) if notes else located, base=find_base)


def _in_archive(pulled: Pulled, result: TrainingResult, notes: tuple[str, ...]) -> Located | None:
    if not pulled.holds(result):
        return None
    hidden = [item for item in result.artifacts if is_hidden(item) and item.path not in pulled.names]
    if hidden:
        notes = (*notes, f"{plural(len(hidden), 'hidden file')} of it were not uploaded")
        shown = tuple(item for item in result.artifacts if item not in hidden)
        result = replace(result, artifacts=shown)
    return Located(result=result, source=_UPLOADED, chunks=pulled.chunks, notes=notes, archive=pulled.archive)
