"""Bring a model home: by its run, by the model's name, by the pull request that trained it, or out of an archive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from alekseylearn.arrivals import Item, settle_in
from alekseylearn.disk import inside, plain_files, remove, sha256_of
from alekseylearn.errors import InputError, MachineError, UsageError
from alekseylearn.finding import Located, Pair, Sources, find, find_one
from alekseylearn.jobs import TrainingResult
from alekseylearn.manifests import LIMITS, MANIFEST, read_manifest
from alekseylearn.metrics import Metric
from alekseylearn.text import plural
from alekseylearn.transfers import Transfer, unwatched
from alekseylearn.unpacking import ARCHIVES, unpack_into
from alekseylearn.unsafe_formats import CONFIG, HEAD, code_in, code_in_zip, may_be_pickle
from alekseylearn.zips import open_zip

__all__ = ["ARCHIVES", "Fetched", "FetchedFile", "Sources", "fetch", "fetch_all", "unpack"]

_MOST_CONFIG = 16 * 1024 * 1024
"""Bytes of a Keras model's list of layers that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedFile:
    """One file that came home: *name* is its path below the folder, *size* is in bytes."""

    name: str
    path: Path
    size: int
    sha256: str
    risk: str = ""
    """Why loading it may run code that is in it; '' where nothing says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A model with its files, compared with what training left; *base* is what it was measured against."""

    run: str
    """The first 12 digits of *digest*; both are '' for an archive that tells of no run."""
    digest: str
    name: str
    """The model's name in the configuration, else the notebook's."""
    folder: Path
    files: tuple[FetchedFile, ...]
    metrics: Mapping[str, float]
    """The last value of each metric, by name."""
    source: str
    """Where it came from, in a few words."""
    notes: tuple[str, ...] = ()
    """What a person should know of it, such as that it is not of the newest commit."""
    base: Fetched | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know before a file is loaded, as `slug: words`."""
        risky = [file for file in self.files if file.risk]
        more = f", and {plural(len(risky) - 1, 'more file')}" if len(risky) > 1 else ""
        return tuple(
            f"model.unsafe-format: to load {file.name}{more} may run code that is in it ({file.risk}):"
            " do so if you trust whoever trained it"
            for file in risky[:1]
        )


def fetch(
    what: str,
    sources: Sources,
    *,
    base: bool = False,
    into: Path | None = None,
    tell: Callable[[Transfer], None] = unwatched,
) -> Fetched:
    """Bring the files of *what* into the folder *into* (else `runs/RUN` below the working folder) and compare them.

    *what* is the id of a run or its beginning, the name of a model, or `pr/N` (`pr/N/MODEL` where it has several).
    With *base* also what that was measured against, into `runs/BASERUN`, or `INTO.base` where *into* is given. *tell*
    hears how far a transfer has come. Files that are there already are kept; the folder may hold nothing else.

    Raises `UsageError` (`usage.run`, `usage.folder`), `InputError` (`run.ambiguous`, `fetch.*`, `archive.*`) and
    `MachineError` (`github.*`, `s3.*`, `fetch.unreachable`, `run.unfinished`, `store.failed`).
    """
    pair = find_one(what, sources, tell)
    (fetched,) = _bring_all([(pair, into)], tell, base=base)
    return fetched


def fetch_all(
    what: str,
    sources: Sources,
    *,
    base: bool = False,
    into: Path | None = None,
    tell: Callable[[Transfer], None] = unwatched,
) -> tuple[Fetched, ...]:
    """Do as `fetch` does for every model that *what* names; where it names several, *into* gets a folder for each."""
    pairs = find(what, sources, tell)
    if into is None or len(pairs) == 1:
        return _bring_all([(pair, into) for pair in pairs], tell, base=base)
    return _bring_all([(pair, inside(into, pair.head.result.name)) for pair in pairs], tell, base=base)


def unpack(path: Path, into: Path, *, sha256: str = "") -> Fetched:
    """Unpack the archive *path*, a `model.tar.gz` or an artifact's zip, into the new or empty folder *into*.

    *sha256* is what the archive must be, in hex digits; else a file beside it tells (`unpacking.recorded_sha256`). All
    of it is there at the end, or nothing. Raises `UsageError` (`usage.path`, `usage.folder`), `InputError`
    (`archive.*`), `LimitError` `archive.limit` and `MachineError` `store.failed`.
    """
    if not path.is_file():
        raise UsageError("usage.path", f"there is no file {path}", hint="name an archive, a run, a model or pr/N")
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise UsageError("usage.folder", f"{into} is not empty", hint="name another folder with --to")

    def look(folder: Path) -> tuple[dict[str, str], list[TrainingResult]]:
        files = {name: sha256_of(folder / name) for name in plain_files(folder, "")}
        return files, _compared(folder, files, path)

    try:
        files, heads = unpack_into(into, path, look, sha256=sha256)
    except OSError as error:
        what = f"{path.name} cannot be unpacked: {error.strerror or error}"
        raise MachineError("store.failed", what, where=str(into), hint="free the disk") from None
    head = heads[0] if len(heads) == 1 else None
    return Fetched(
        run=head.run if head else "",
        digest=head.digest if head else "",
        name=head.name if head else "",
        folder=into,
        files=tuple(_file(into, name, sha256) for name, sha256 in files.items()),
        metrics=_metrics(head.metrics) if head else MappingProxyType({}),
        source=path.name,
    )


def _bring_all(
    wanted: Sequence[tuple[Pair, Path | None]], tell: Callable[[Transfer], None], *, base: bool
) -> tuple[Fetched, ...]:
    # What cannot be found is told before anything is brought.
    sides = [(pair.head, pair.base() if base else None, into) for pair, into in wanted]
    brought = tuple(_bring_sides(head, other, into, tell) for head, other, into in sides)
    for located in (one for head, other, _ in sides for one in (head, other) if one is not None):
        if located.archive is not None:
            remove(located.archive)
    return brought


def _bring_sides(head: Located, base: Located | None, into: Path | None, tell: Callable[[Transfer], None]) -> Fetched:
    fetched = _bring(head, into or _default(head), tell)
    if base is None:
        return fetched
    beside = _default(base) if into is None else into.with_name(f"{into.name}.base")
    return replace(fetched, base=_bring(base, beside, tell))


def _default(located: Located) -> Path:
    return Path("runs", located.result.run)


def _bring(located: Located, folder: Path, tell: Callable[[Transfer], None]) -> Fetched:
    result = located.result
    items = [
        Item(name=item.name, size=item.size, sha256=item.sha256, open=partial(located.chunks, item))
        for item in result.artifacts
    ]
    settle_in(folder, items, tell)
    return Fetched(
        run=result.run,
        digest=result.digest,
        name=result.name,
        folder=folder,
        files=tuple(_file(folder, item.name, item.sha256) for item in result.artifacts),
        metrics=_metrics(result.metrics),
        source=located.source,
        notes=located.notes,
    )


def _file(folder: Path, name: str, sha256: str) -> FetchedFile:
    path = inside(folder, name)
    return FetchedFile(name=name, path=path, size=path.stat().st_size, sha256=sha256, risk=_risk(path))


def _risk(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(HEAD)
    if (found := code_in(path.name, head)) or not head.startswith(b"PK"):
        return found
    try:
        with open_zip(path) as archive:
            config = archive.read(CONFIG, _MOST_CONFIG) if CONFIG in archive.sizes else b""
            heads = {name: archive.read(name, HEAD) for name in archive.sizes if may_be_pickle(name)}
            return code_in_zip(heads, config)
    except InputError:
        return ""  # a zip that zipfile cannot read, nobody loads


def _metrics(metrics: Iterable[Metric]) -> Mapping[str, float]:
    return MappingProxyType({metric.name: metric.value for metric in metrics})


def _compared(folder: Path, files: Mapping[str, str], path: Path) -> list[TrainingResult]:
    """Compare what was unpacked with what the reports in it tell; return the results that they tell of."""
    heads = []
    for name in (name for name in files if name.split("/")[-1] == MANIFEST and name.count("/") <= 1):
        with (folder / name).open("rb") as file:
            manifest = read_manifest(file.read(LIMITS.max_bytes + 1), f"{path.name}/{name}")
        prefix = name.removesuffix(MANIFEST)
        for listed in manifest.models:
            heads.append(listed.head)
            sides = (listed.head, listed.base) if listed.base is not None else (listed.head,)
            for item in (item for side in sides for item in side.artifacts):
                if files.get(prefix + item.path, item.sha256) != item.sha256:
                    what = f"{item.path} is not the file that training left"
                    raise InputError("archive.mismatch", what, where=str(path), hint="fetch it again")
    return heads
