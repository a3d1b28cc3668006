"""Read `outcome.json` of an uploaded artifact: which models are in it, and what their files must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from alekseylearn.errors import InputError
from alekseylearn.jobs import Artifact, JobState, TrainingResult, is_digest, number_in
from alekseylearn.metrics import Metric
from alekseylearn.strict import Limits, load_json

MANIFEST = "outcome.json"
LIMITS = Limits(family="archive", max_bytes=16 * 1024 * 1024, max_depth=20)

T = TypeVar("T", str, int, list[Any], dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One model: *head* is the result of the pull request, *base* what it was measured against.

    The paths of their artifacts are names in the archive; a file may have been left out of it. A head that goes on has
    no files yet.
    """

    name: str
    head: TrainingResult
    base: TrainingResult | None
    seeds: frozenset[str] = frozenset()
    """Identities of the runs with other seeds, of both sides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """All models of one artifact; *head* is the commit that they were made of, '' for a folder."""

    head: str
    models: tuple[Listed, ...]


def read_manifest(data: bytes, where: str) -> Manifest:
    """Read the document; notebooks that were not trained are passed over.

    Raises `InputError`: `archive.corrupt` where it is none of ours, else as `strict.load_json` does.
    """
    try:
        document = load_json(data, where, LIMITS)
        return Manifest(
            head=_get(_get(document, "head", dict), "sha", str),
            models=tuple(_listed(run) for run in _get(document, "runs", list) if _is_trained(run)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{MANIFEST} is not as alekseylearn writes it: {error}"
        raise InputError("archive.corrupt", what, where=where, hint="fetch another one") from None


def _is_trained(run: Mapping[str, Any]) -> bool:
    return run["decision"] != "skip" and is_digest(_get(run, "digest", str)) and run["state"] != "none"


def _listed(run: Mapping[str, Any]) -> Listed:
    name, base, before = _get(run, "name", str), run["base"], {"backend": run.get("backend", "")}
    return Listed(
        name=name,
        head=_result(run, name, JobState(_get(run, "state", str))),
        # What was uploaded before names neither its state nor its files.
        base=None if base is None else _result(before | base, name, JobState(base.get("state", "succeeded"))),
        seeds=frozenset(_get(one, "digest", str) for side in run.get("repeats", {}).values() for one in side),
    )


def _result(side: Mapping[str, Any], name: str, state: JobState) -> TrainingResult:
    digest = _get(side, "digest", str)
    if not is_digest(digest):
        raise ValueError(f"{digest[:80]!r} is no identity of a training")
    return TrainingResult(
        run=digest[:12],
        digest=digest,
        state=state,
        backend=str(side.get("backend", "")),
        metrics=tuple(
            Metric(name=metric, value=number_in(value), source="report", cell=None, series=())
            for metric, value in _get(side, "metrics", dict).items()
        ),
        artifacts=tuple(_artifact(item) for item in side.get("artifacts", ())),
        name=name,
    )


def _artifact(item: Mapping[str, Any]) -> Artifact:
    sha256 = _get(item, "sha256", str)
    if not is_digest(sha256) or _get(item, "size", int) < 0:
        raise ValueError("a file has no sha256, or no size")
    return Artifact(
        name=_get(item, "name", str), path=_get(item, "path", str), size=item["size"], sha256=sha256, url=""
    )


def _get(data: Mapping[str, Any], key: str, kind: type[T]) -> T:
    found = data[key]
    if not isinstance(found, kind) or isinstance(found, bool):
        raise TypeError(f"{key} is {type(found).__name__}, not {kind.__name__}")
    return found
