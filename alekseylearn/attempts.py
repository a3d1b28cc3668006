"""Jobs on AWS that were submitted and not brought home yet, written down in S3 before the service hears of them.

S3 is consistent at once, which the service's own lists are not: whoever comes later, from any machine, finds by them
what an earlier process has begun.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Self

from alekseylearn.s3 import Bucket
from alekseylearn.sagemaker_requests import PREFIX

_FOLDER = "jobs"
_KEY = re.compile(rf"{_FOLDER}/({PREFIX}[0-9a-f]{{12}})-(\d{{1,6}})\.json")
_MOST = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One job for an identity: its *request*, and the instance types that are still *left* should this one be short.

    *submitted* in Unix seconds; *notes* are warnings for the report.
    """

    digest: str
    name: str
    number: int
    bundle: str
    submitted: float
    request: Mapping[str, Any]
    left: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def job(self) -> str:
        """The name of the training job."""
        return str(self.request["TrainingJobName"])

    @property
    def key(self) -> str:
        """Where it is written down."""
        return f"{_FOLDER}/{self.job}.json"

    def to_json(self) -> bytes:
        """Write it down."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read what `to_json` wrote; raises `ValueError`, `KeyError` or `TypeError` for anything else."""
        raw = json.loads(data)
        return cls(
            digest=str(raw["digest"]),
            name=str(raw["name"]),
            number=int(raw["number"]),
            bundle=str(raw["bundle"]),
            submitted=float(raw["submitted"]),
            request=MappingProxyType(dict(raw["request"])),
            left=tuple(map(str, raw["left"])),
            notes=tuple(map(str, raw["notes"])),
        )


class Attempts:
    """What is written down in a bucket; raises what `Bucket` raises."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def add(self, attempt: Attempt) -> bool:
        """Write *attempt* down; False where somebody has written one of its name."""
        return self._bucket.put_new(attempt.key, attempt.to_json())

    def drop(self, attempt: Attempt) -> None:
        """Strike *attempt* out."""
        self._bucket.remove(attempt.key)

    def latest(self, digest: str) -> Attempt | None:
        """Return the last attempt at the identity *digest*, or at one whose run has the same id; None without any."""
        keys = self._keys(f"{_FOLDER}/{PREFIX}{digest[:12]}-")
        return self._read(keys[-1]) if keys else None

    def all(self) -> tuple[Attempt, ...]:
        """Return the last attempt at every identity, the newest first."""
        last = {key.rpartition("-")[0]: key for key in self._keys(f"{_FOLDER}/{PREFIX}")}
        found = [attempt for key in last.values() if (attempt := self._read(key)) is not None]
        return tuple(sorted(found, key=lambda attempt: attempt.submitted, reverse=True))

    def forget(self, digest: str) -> None:
        """Strike out every attempt at the identity *digest*."""
        for key in self._keys(f"{_FOLDER}/{PREFIX}{digest[:12]}-"):
            self._bucket.remove(key)

    def _keys(self, prefix: str) -> list[str]:
        found = [match for key in self._bucket.keys(prefix) if (match := _KEY.fullmatch(key))]
        return [match[0] for match in sorted(found, key=lambda match: (match[1], int(match[2])))]

    def _read(self, key: str) -> Attempt | None:
        data = self._bucket.get(key, _MOST)
        try:
            return None if data is None else Attempt.from_json(data)
        except (ValueError, KeyError, TypeError):
            # What others wrote there is no job of ours.
            return None
