"""What a training job on SageMaker leaves in S3, on its way into a folder: artifacts, or what was saved meanwhile."""

from __future__ import annotations

import json
from pathlib import Path

from alekseylearn.collected import EVENTS, METRICS, OURS
from alekseylearn.files import write_atomic
from alekseylearn.metric_lines import metrics_so_far
from alekseylearn.metrics import Metric
from alekseylearn.progressing import TAIL
from alekseylearn.run_folder import LEFT_BEHIND
from alekseylearn.s3 import Bucket
from alekseylearn.sagemaker_requests import MIRROR
from alekseylearn.transit import unpack_artifact

_BYTES = 64 * 1024 * 1024


def bring(bucket: Bucket, run: str, target: Path) -> None:
    """Write what the job whose folder is *run* left into *target*: `model/`, `output/data/`, `left-behind.json`.

    A job that was ended by force has no archive: what it saved while it ran stands for it. Raises `OSError` where the
    disk has no room, and what *bucket* raises.
    """
    left = []
    for part, archive in (("model", "model.tar.gz"), ("output/data", "output.tar.gz")):
        (target / part).mkdir(parents=True)
        chunks = bucket.chunks(f"{run}/output/{archive}")
        if chunks is not None:
            left += [f"{part}/{path}".rstrip("/") for path in unpack_artifact(chunks, target / part)]
        elif part == "output/data":
            _bring_saved(bucket, run, target / part)
    write_atomic(target / LEFT_BEHIND, json.dumps(sorted(left)).encode())


def live_metrics(bucket: Bucket, run: str) -> tuple[Metric, ...]:
    """Return the metrics of a job that runs, as they were saved last; none where they cannot be read yet."""
    return metrics_so_far(bucket.get(f"{run}/checkpoints/{MIRROR}/{METRICS.rpartition('/')[2]}", _BYTES))


def live_events(bucket: Bucket, run: str) -> bytes | None:
    """Return the end of the events of a job that runs, as they were saved last; None where there are none yet."""
    return bucket.tail(f"{run}/checkpoints/{MIRROR}/{EVENTS.rpartition('/')[2]}", TAIL)


def _bring_saved(bucket: Bucket, run: str, target: Path) -> None:
    # A result is none of them: one that was saved may be that of before a restart.
    for name in sorted(OURS - {"result.json"}):
        data = bucket.get(f"{run}/checkpoints/{MIRROR}/{name}", _BYTES)
        if data is not None:
            write_atomic(target / name, data)
