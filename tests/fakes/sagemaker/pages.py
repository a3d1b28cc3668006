"""Pages of log events as CloudWatch cuts them: at most 1 MiB, and now and then an empty one although more follow."""

from __future__ import annotations

import json
from typing import Any

from tests.fakes.sagemaker.logs import OVERHEAD
from tests.fakes.sagemaker.settings import Settings
from tests.fakes.sagemaker.wire import Answer


def paged(answer: Answer, request: dict[str, Any], settings: Settings) -> Answer:
    """Cut moto's page; its tokens are `f/` and `b/` with the index of an event, padded with zeros.

    An empty page has a token of its own, which stands for the same place: one more zero for each empty page so far.
    """
    told = json.loads(answer.body)
    events, token = told["events"], request.get("nextToken") or ""
    if settings.empty_pages and events:
        empty = len(token) - 58 if token else 0
        if empty < settings.empty_pages:
            index = int(token[2:]) if token else -1
            told.update(
                events=[], nextForwardToken=f"f/{index:0{56 + empty + 1}d}", nextBackwardToken=told["nextBackwardToken"]
            )
            return Answer(status=answer.status, body=json.dumps(told).encode(), headers=without_length(answer))
    first = int(told["nextBackwardToken"][2:])
    size = kept = 0
    for event in events:
        size += len(event["message"].encode()) + OVERHEAD
        if kept and size > settings.page_bytes:
            break
        kept += 1
    if kept == len(events):
        return answer
    if token.startswith("f") or request.get("startFromHead"):
        told.update(events=events[:kept], nextForwardToken=f"f/{first + kept - 1:056d}")
    return Answer(status=answer.status, body=json.dumps(told).encode(), headers=without_length(answer))


def without_length(answer: Answer) -> dict[str, str]:
    """Return the headers that hold for another body too."""
    return {name: value for name, value in answer.headers.items() if name.lower() != "content-length"}
