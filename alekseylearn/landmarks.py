"""Named places on a run's way: nothing happens there, but a test may put something in the place of `passed`.

So a test ends the process exactly where it would hurt most, and what runs otherwise has neither a switch nor a variable
for it.
"""

from __future__ import annotations

from typing import Literal

Landmark = Literal[
    "plans.made",
    "comment.remembered",
    "comment.created",
    "bundle.packed",
    "run.laid-out",
    "run.placed",
    "run.aside",
    "supervisor.started",
    "container.created",
    "container.started",
    "attempt.written",
    "attempt.started",
    "job.submitted",
    "job.ended",
    "files.collected",
    "result.read",
    "store.copied",
    "store.aside",
    "store.placed",
    "bucket.uploaded",
    "bucket.written",
    "failure.aside",
    "failure.kept",
    "result.kept",
    "job.discarded",
    "comment.edited",
    "comment.deleted",
    "comment.posted",
    "page.written",
    "report.written",
    "artifacts.copied",
    "artifacts.placed",
    "summary.written",
    "outputs.written",
]


def passed(landmark: Landmark) -> None:
    """Tell that *landmark* was reached; it is called as `landmarks.passed`, so that it can be replaced."""
