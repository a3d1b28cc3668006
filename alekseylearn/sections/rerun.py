"""The exact way to the same result: commit, command, environment, identity."""

from __future__ import annotations

import re

from alekseylearn.jobs import ARCHIVE_FACT
from alekseylearn.report import NotebookOutcome, Outcome
from alekseylearn.sections import naming
from alekseylearn.text import Markdown, code, details, fence, join, prose
from alekseylearn.verdict import active

MAX_FACTS = 14
_FIRST = ("python", "platform", "machine", "gpu", "GPU memory", "time per epoch", "image")
_CONTENT = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")


def rerun(outcome: Outcome) -> Markdown | None:
    """Fold the commands and the facts of the one notebook that ran."""
    told = active(outcome)
    if len(told) != 1 or told[0].head is None or not outcome.finished:
        return None
    commands = rerun_commands(outcome, told[0])
    return details("Run it again exactly", join([fence("\n".join(commands), "sh"), _facts(told[0])]))


def rerun_commands(outcome: Outcome, notebook: NotebookOutcome) -> list[str]:
    """Return the shell commands that train the same again; a branch's name never stands in them."""
    checkout = [f"git checkout {outcome.head.sha}"] if naming.sha(outcome.head.sha) else []
    return [*checkout, naming.shell("fit", notebook.path, "--force")]


def environment(notebook: NotebookOutcome) -> list[tuple[str, str]]:
    """Return what identifies the run and what it ran on, as names and values."""
    head = notebook.head
    if head is None:
        return []
    facts = [("training", notebook.digest or head.digest), ("bundle", head.bundle)]
    known = {name: value for name, value in head.environment.items() if name != ARCHIVE_FACT}
    ranked = sorted(known.items(), key=lambda fact: fact[0] not in _FIRST)
    facts += [("backend", head.backend), *ranked]
    facts += [("base run", notebook.base.run)] if notebook.base is not None else []
    return [(name, value) for name, value in facts if value]


def _facts(notebook: NotebookOutcome) -> Markdown:
    facts = environment(notebook)
    told = [f"{prose(name, 40)} {code(_short(value), 60)}" for name, value in facts[:MAX_FACTS]]
    return join(told, " · ")


def _short(value: str) -> str:
    if len(value) == 64 and naming.run_id(value):
        return value[:12]
    return _CONTENT.sub(r"\1", value)
