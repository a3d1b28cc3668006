"""How every section names commits, sides, places, cells and files."""

from __future__ import annotations

import html
import re
import shlex

from alekseylearn.notebook import Cell
from alekseylearn.report import Commit, NotebookOutcome, Outcome
from alekseylearn.text import Markdown, clean, code, html_code, link, plural, prose
from alekseylearn.verdict import Name, Phrase, Words

_SHA = re.compile(r"[0-9a-f]{7,64}\Z")
_WHEN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)? UTC\Z")
_PAGES = {
    "sagemaker": re.compile(r"https://[a-z0-9-]+\.console\.(?:aws\.amazon\.com|amazonaws\.cn|amazonaws-us-gov\.com)/")
}
"""Where pages of jobs are: addresses come from what jobs have written, too."""
HISTORY = "history"
"""The source of metrics that is a training history."""
EPOCH = "epoch"
_PLACES = {"docker": "a container", "sagemaker": "SageMaker"}


def spoken(phrase: Phrase, limit: int = 100) -> Markdown:
    """Write a sentence as Markdown; its foreign words become code spans of at most *limit* characters."""
    return Markdown("".join(_spoken(part, limit) for part in phrase))


def _spoken(part: str | Name | Words, limit: int) -> str:
    match part:
        case Name():
            return code(part.text, limit)
        case Words():
            return prose(part.text, limit)
        case _:
            return part


def sha(text: str) -> str:
    """Shorten a commit's sha to seven digits, which GitHub links by itself; '' when it is none."""
    return text[:7] if _SHA.match(text) else ""


def run_id(text: str) -> str:
    """Return a run's id where it is one (hex digits), '' else, so that it can stand in a command."""
    return text if re.fullmatch(r"[0-9a-f]{6,64}", text) else ""


def base(outcome: Outcome) -> Markdown:
    """Name the base: `main`."""
    return code(outcome.base.name) if outcome.base.name else Markdown("the base")


def head(outcome: Outcome) -> str:
    """Name the head, as a column is headed."""
    return "This PR" if outcome.pull is not None else "This version"


def commit(one: Commit, *, named: bool) -> str:
    """Name a commit: `main` 1b7d9e2; *named* puts the branch in front."""
    short = sha(one.sha) or "the work tree"
    return f"{code(one.name)} {short}" if named and one.name else short


def place(outcome: Outcome) -> str:
    """Say where training ran: SageMaker `ml.g5.xlarge`."""
    if outcome.backend == "process":
        where = "the workflow's machine" if outcome.run_url else "this machine"
    else:
        where = _PLACES.get(outcome.backend) or code(outcome.backend)
    machine = outcome.machine or _machine(outcome)
    return f"{where} {code(machine)}" if machine else where


def _machine(outcome: Outcome) -> str:
    """Return the machine that the results of head name as theirs; '' where they name none, or several."""
    heads = (one.head for one in outcome.notebooks if one.head is not None and not one.reused)
    told = {head.environment.get("instance", "") for head in heads}
    return told.pop() if len(told) == 1 else ""


def counted(notebook: NotebookOutcome, name: str) -> str:
    """Say what the steps of head's metric *name* count: a training history has one value an epoch."""
    metrics = notebook.head.metrics if notebook.head is not None else ()
    return EPOCH if any(one.name == name and one.source == HISTORY for one in metrics) else "step"


def job_page(backend: str, url: str) -> Markdown:
    """Link the page on which a backend shows a job; nothing where it has no such pages, or this is none of them."""
    pages = _PAGES.get(backend)
    return link(f"{_PLACES[backend]} job", url) if pages is not None and pages.match(url) else Markdown("")


def when(text: str) -> str:
    """Write a time as it is, where it is one."""
    return text if _WHEN.match(text) else prose(text, 40, cell=True)


def cell_label(cell: Cell) -> str:
    """Name a cell in a table: its number and its first line that says something."""
    return f"{cell.index} {code(cell.headline, 40)}" if cell.headline else str(cell.index)


def cell_source(notebook: NotebookOutcome, index: int) -> str:
    """Name a code cell of head by its number: in a table, with its headline."""
    headline = dict(notebook.sources).get(index, "")
    return f"{index} {code(headline, 40)}" if headline else str(index)


def numbers(cells: list[int]) -> str:
    """List cells as a person would: 1, 2 and 5; runs of three and more are drawn together: 20-23."""
    runs: list[list[int]] = []
    for cell in sorted(set(cells)):
        if runs and cell == runs[-1][-1] + 1:
            runs[-1].append(cell)
        else:
            runs.append([cell])
    told = [word for run in runs for word in ([f"{run[0]}-{run[-1]}"] if len(run) > 2 else [str(n) for n in run])]
    if len(told) > 12:
        told = [*told[:11], plural(len(told) - 11, "more group")]
    return " and ".join([", ".join(told[:-1]), told[-1]]) if len(told) > 1 else "".join(told)


def spoken_html(phrase: Phrase) -> str:
    """Write a sentence for the summary of a fold, where Markdown is not read."""
    return "".join(html.escape(part) if isinstance(part, str) else html_code(part.text) for part in phrase)


def shell(*words: str) -> str:
    """Write a command of ours for a shell; every word is quoted where it must be."""
    return shlex.join(["alekseylearn", *(clean(word, 400) for word in words)])


def command(*words: str) -> Markdown:
    """Write a command of ours inside a sentence."""
    return code(shell(*words), 300)
