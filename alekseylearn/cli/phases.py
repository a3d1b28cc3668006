"""What goes on around a job that is waited for, as lines: where it runs, and each phase as it begins."""

from __future__ import annotations

from alekseylearn.training import Progress


class Phases:
    """Remembers what was said of each job."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._begun: set[str] = set()

    def begins(self, progress: Progress) -> bool:
        """Tell whether this is the first that is heard of the job; only once."""
        new = progress.job.digest not in self._begun
        self._begun.add(progress.job.digest)
        return new

    def lines(self, progress: Progress) -> list[str]:
        """Say what is new: the job's page when it is first heard of, and a phase that it was not in before."""
        digest = progress.job.digest
        # How long it has lasted grows with each look.
        phase = progress.phase.partition(",")[0]
        before = self._known.get(digest)
        self._known[digest] = phase
        told = [progress.handle.url] if before is None and progress.handle.url else []
        return [*told, phase] if phase and phase != before else told
