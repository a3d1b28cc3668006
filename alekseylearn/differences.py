"""What base and head did not have in common beside the code, for it may be the reason why a metric changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from alekseylearn.jobs import ARCHIVE_FACT, TrainingResult
from alekseylearn.plan import TrainingJob
from alekseylearn.reasons import Meaning
from alekseylearn.report import Difference

_NONE = "none"
_FACTS = frozenset(
    {
        *("python", "platform", "machine", "gpu", "GPU memory", "time per epoch"),
        *("image", "instance", "billed", "spot saving", "job", ARCHIVE_FACT),
    }
)
"""What an environment tells beside the versions of packages."""


def find_differences(
    base_job: TrainingJob | None, head_job: TrainingJob | None, base: TrainingResult, head: TrainingResult
) -> tuple[Difference, ...]:
    """Set what *base* and *head* ran on, and the data they were given, against each other; the telling ones first."""
    before, now = (None if job is None else job.meaning for job in (base_job, head_job))
    return (
        *_machines(base, head),
        *_software(base.environment, head.environment, before, now),
        *(_data(before, now) if before is not None and now is not None else ()),
    )


def _machines(base: TrainingResult, head: TrainingResult) -> Iterator[Difference]:
    there, here = base.environment, head.environment
    if base.backend != head.backend:
        yield Difference(what="backend", base=base.backend, head=head.backend)
    elif not there.get("instance") and not here.get("instance"):
        yield from _one("machine", there.get("machine", ""), here.get("machine", ""))
    # That a machine was bought as spot changes nothing about it.
    yield from _one("instance", *(side.get("instance", "").removesuffix(" spot") for side in (there, here)))
    gpus = [side.get("gpu", "") for side in (there, here)]
    if any(gpus) and len(set(gpus)) > 1:
        yield Difference(what="gpu", base=gpus[0] or _NONE, head=gpus[1] or _NONE)
    yield from _one("architecture", *(side.get("platform", "").rpartition("-")[2] for side in (there, here)))


def _software(
    base: Mapping[str, str], head: Mapping[str, str], before: Meaning | None, now: Meaning | None
) -> Iterator[Difference]:
    def asked(name: str) -> bool:
        """Whether the pull request itself asks for another one."""
        return before is not None and now is not None and before.others.get(name) != now.others.get(name)

    yield from _one("image", base.get("image", ""), head.get("image", ""), part=asked("the image"))
    yield from _one("python", base.get("python", ""), head.get("python", ""), part=asked("the Python that trains"))
    required = before is not None and now is not None and before.requirements != now.requirements
    # A package that only one side imports is what the code asks for.
    for name in sorted((base.keys() & head.keys()) - _FACTS):
        yield from _one(name, base[name], head[name], part=required)


def _data(before: Meaning, now: Meaning) -> Iterator[Difference]:
    sides = (before, now)
    files = [{path: sha256[:7] for path, sha256 in side.data.items()} for side in sides]
    remote = [{name: str(place) for name, place in _remote(side).items()} for side in sides]
    for there, here in (files, remote):
        for name in sorted(there.keys() | here.keys()):
            yield from _one(f"data {name}", there.get(name, _NONE), here.get(name, _NONE), part=True)


def _remote(side: Meaning) -> Mapping[str, object]:
    found = json.loads(side.others.get("the remote data", "{}"))
    return found if isinstance(found, dict) else {}


def _one(what: str, base: str, head: str, *, part: bool = False) -> Iterator[Difference]:
    """Tell of two values that are known and differ."""
    if base and head and base != head:
        yield Difference(what=what, base=base, head=head, part=part)
