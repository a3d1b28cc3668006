"""Read what act prints with `--json`: steps, outputs, annotations and the job summary."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

Outcome = Literal["success", "failure", "skipped"]
Level = Literal["error", "warning", "notice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step that ran; *id* has one more part for each composite action it stands in."""

    job: str
    id: tuple[str, ...]
    name: str
    outcome: Outcome
    seconds: float
    outputs: Mapping[str, str]
    summary: str
    log: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A message that GitHub shows on the run's page and, with a file and a line, in the changed files."""

    level: Level
    message: str
    title: str
    file: str
    line: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActRun:
    """What a run of a workflow left behind."""

    run_id: int
    exit_code: int
    seconds: float
    jobs: Mapping[str, str]
    steps: tuple[Step, ...]
    annotations: tuple[Annotation, ...]
    event: Mapping[str, Any]
    artifacts: Mapping[str, Path]
    log: str

    @property
    def summary(self) -> str:
        """The job summary: what the steps wrote, one after the other."""
        return "".join(step.summary for step in self.steps)

    def step(self, *step_id: str, job: str | None = None) -> Step:
        """Return the step with this id; raise `LookupError` where it did not run."""
        for step in self.steps:
            if step.id == step_id and job in {None, step.job}:
                return step
        known = sorted({"/".join(step.id) for step in self.steps})
        raise LookupError(f"no step {'/'.join(step_id)!r} ran; these did: {', '.join(known)}\n{self.log}")

    def outcome(self, *step_id: str, job: str | None = None) -> Outcome:
        """Return the outcome of a step; a step that never ran was skipped."""
        ran = [step.outcome for step in self.steps if step.id == step_id and job in {None, step.job}]
        return ran[0] if ran else "skipped"

    def outputs(self, *step_id: str, job: str | None = None) -> Mapping[str, str]:
        """Return the outputs of a step."""
        return self.step(*step_id, job=job).outputs


@dataclass(slots=True)
class Draft:
    """A step while its lines are read."""

    name: str
    outcome: Outcome | None = None
    seconds: float = 0.0
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    log: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Reading:
    """What is known of a run after some of its lines."""

    jobs: dict[str, str] = field(default_factory=dict)
    drafts: dict[tuple[str, tuple[str, ...]], Draft] = field(default_factory=dict)
    annotations: list[Annotation] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def take(self, line: str) -> None:
        """Take one line of act's output in."""
        try:
            record = json.loads(line)
        except ValueError:
            self.log.append(line)
            return
        message = str(record.get("msg", ""))
        self.log.append(message.rstrip("\n"))
        if "jobResult" in record:
            self.jobs[record["jobID"]] = record["jobResult"]
        if "stepID" in record and record.get("stage") == "Main":
            key = (record["jobID"], tuple(record["stepID"]))
            name = message.partition("Run Main ")[2]
            draft = self.drafts.setdefault(key, Draft(name))
            draft.name = draft.name or name
            self.take_step(record, key, draft)

    def take_step(self, record: Mapping[str, Any], key: tuple[str, tuple[str, ...]], draft: Draft) -> None:
        """Take one line about a step in."""
        if record.get("raw_output"):
            draft.log.append(record["msg"])
        if "stepResult" in record:
            draft.outcome = record["stepResult"]
            draft.seconds = record.get("executionTime", 0) / 1e9
        match record.get("command"):
            case "set-output":
                draft.outputs[record["name"]] = record["arg"]
            case "summary" if not self.has_parts(key):
                # An action repeats the summary of its last part.
                draft.summary += record["content"]
            case "error" | "warning" | "notice" as level:
                self.annotations.append(annotation(cast("Level", level), record))
            case _:
                return

    def has_parts(self, key: tuple[str, tuple[str, ...]]) -> bool:
        """Tell whether the step is an action that is made of steps."""
        job, step = key
        return any(job == other and len(part) > len(step) and part[: len(step)] == step for other, part in self.drafts)

    def steps(self) -> tuple[Step, ...]:
        """Return the steps in the order in which they began."""
        return tuple(
            Step(
                job=job,
                id=step,
                name=draft.name,
                outcome=draft.outcome or "failure",
                seconds=draft.seconds,
                outputs=draft.outputs,
                summary=draft.summary,
                log="".join(draft.log),
            )
            for (job, step), draft in self.drafts.items()
        )


def annotation(level: Level, record: Mapping[str, Any]) -> Annotation:
    """Return the annotation that a workflow command makes."""
    properties = record.get("kvPairs") or {}
    line = properties.get("line", "")
    return Annotation(
        level=level,
        message=record["arg"],
        title=properties.get("title", ""),
        file=properties.get("file", ""),
        line=int(line) if line.isdigit() else None,
    )
