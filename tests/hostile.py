"""Strings of strangers in every place of an outcome that we did not write, and what a comment must keep all the same."""

from __future__ import annotations

import html.parser
import itertools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType

import cmarkgfm
from cmarkgfm.cmark import Options

from alekseylearn.comment_state import PastRun
from alekseylearn.diff import diff_notebooks
from alekseylearn.jobs import ARCHIVE_FACT, Artifact, Failure, TrainingResult
from alekseylearn.metrics import Gate, Metric
from alekseylearn.notebook import Notebook
from alekseylearn.report import LIMIT, Commit, Difference, GateResult, NotebookOutcome, Outcome, Step, render
from alekseylearn.sections import SECTIONS
from alekseylearn.slicing import CellReason, Slice
from tests.outcomes import EDITS, STATES, notebook

WORDS = r"""
` `` ``` ~~~ | \ < > </details> <details> </sub> <!-- --> <!-- x --> &amp; &#64; @octocat #1 acme/churn#2 https://evil.example
www.evil.example a@evil.example GH-1 ![i](http://e.example/x.png) [l](http://e.example) [^1] [x]: # - 1. 1) + = === ---
**b** _e_ ~~s~~ $x$ :smile: 0123456789abcdef <script> <img> <https://e.example> {{ }} é 木 a b : " ' %} ${{ ::error:: -->
"""
PIECES = WORDS.split()
SIGNS = ["\n", "\n\n", "\r", "\t", " ", "    ", "\u202e", "\u200b", "\x00", "\ud800", "\u2028"]
LINKED = re.compile(r"@\w|#\d|(?<!\w)GH-\d|https?:|(?<!\w)www\.|\b[0-9a-f]{12,40}\b|:smile:|!\[|\]\(")
"""What GitHub would make a link, a picture or a sign of, in a text that is not code."""
_OURS = ("https://github.com/acme/churn/actions/runs/812", "https://eu-central-1.console.aws.amazon.com/sagemaker/")
_OWN_COMMITS = re.compile(r"\b(4e1f0c2|1b7d9e2)\b")


@dataclass(slots=True)
class Well:
    """Where the strings for an outcome are drawn from; *drawn* are those that were."""

    strings: Iterator[str]
    drawn: list[str] = field(default_factory=list)

    def draw(self) -> str:
        """Return the next string."""
        self.drawn.append(next(self.strings))
        return self.drawn[-1]


class Page(html.parser.HTMLParser):
    """Record the tags of a page, and its text outside of code."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.comments: list[str] = []
        self.plain = ""
        self._inside_code = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside_code += tag in ("code", "pre")
        self.links += [str(value) for name, value in attrs if name in ("href", "src")]
        if tag != "code":
            self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._inside_code -= tag in ("code", "pre")
        if tag != "code":
            self.tags.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        self.plain += data if not self._inside_code else " "


def read(body: str) -> Page:
    """Return the page that GitHub's Markdown makes of a comment."""
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_HARDBREAKS
    return Page(cmarkgfm.github_flavored_markdown_to_html(body.encode("utf-8", "strict").decode(), options=options))


def escapes(name: str, body: str, *, drawn: bool = False) -> list[str]:
    """Say what in *body*, the comment of the poisoned state *name*, is not as our template has it.

    *drawn* says that every place has a string of its own: warnings that are the same are told once.
    """
    page, harmless = read(body), harmlessly(name, drawn=drawn)
    found = []
    if len(body) > LIMIT:
        found.append(f"{len(body)} characters")
    if page.tags != harmless.tags:
        found.append("another structure")
    if page.comments[:1] != harmless.comments[:1] or len(page.comments) != 2:
        found.append("another comment inside")
    found += [f"a link to {link}" for link in page.links if not link.startswith(_OURS)]
    found += [f"{linked} in plain text" for linked in LINKED.findall(_OWN_COMMITS.sub("", page.plain))]
    return found


@cache
def harmlessly(name: str, *, drawn: bool = False) -> Page:
    """Return the page of the state *name* with harmless words in all the places that strangers write to."""
    words = (f"word{number}" for number in itertools.count())
    return read(render(poisoned(STATES[name], Well(words) if drawn else "word"), SECTIONS))


def strings(seed: int) -> Iterator[str]:
    """Make up hostile strings without end, all different, the same ones for the same *seed*.

    The letter at the end keeps them from being empty, which is another comment by right.
    """
    chance = random.Random(seed)
    for number in itertools.count():
        if chance.random() < 0.2:
            text = "".join(chr(chance.choice((chance.randrange(0x80), chance.randrange(0x11_0000)))) for _ in range(9))
        else:
            text = "".join(chance.choice(PIECES + SIGNS) for _ in range(chance.randrange(1, 9)))
        yield f"{text[:60]}x{number}"


def poisoned(outcome: Outcome, text: str | Well) -> Outcome:
    """Put *text*, or what is drawn, wherever the comment shows something that we did not write."""
    well = text if isinstance(text, Well) else Well(itertools.repeat(text))
    draw = well.draw
    return replace(
        outcome,
        base=Commit(name=draw(), sha=outcome.base.sha),
        head=Commit(name=draw(), sha=outcome.head.sha),
        notebooks=tuple(_poisoned(one, well) for one in outcome.notebooks),
        when=draw(),
        version=draw(),
        run=draw(),
        machine=draw(),
        left=outcome.left and (draw(),),
        warnings=(draw(),),
        history=tuple(_past(well) for _ in outcome.history),
    )


def _past(well: Well) -> PastRun:
    sha, when, metric, result, path = (well.draw() for _ in range(5))
    return PastRun(
        sha=sha, when=when, metric=metric, value=1, change=0.1, seconds=1, result=result, notebook=path, cost=0.1
    )


def _poisoned(one: NotebookOutcome, well: Well) -> NotebookOutcome:
    draw = well.draw
    primary, refused, failed = draw(), draw(), draw()
    return replace(
        one,
        path=draw(),
        name=draw(),
        reason=draw(),
        diff=diff_notebooks(_spelled(notebook(), well, "!"), _spelled(notebook(edits=EDITS), well, "")),
        slice=one.slice and _cut(one.slice, well),
        sources=tuple((index, draw()) for index, _ in one.sources),
        head=one.head and _result(one.head, primary, well),
        base=one.base and _result(one.base, primary, well),
        base_note=draw(),
        deltas=tuple(replace(delta, name=primary if delta.name == one.primary else draw() * 2) for delta in one.deltas),
        primary=primary,
        gates=tuple(
            GateResult(
                gate=Gate(metric=draw(), operator=gate.gate.operator, bound=1), value=gate.value, passed=gate.passed
            )
            for gate in one.gates
        ),
        steps=tuple(
            Step(
                name=draw(),
                state=step.state,
                text=draw(),
                seconds=1,
                backend=step.backend,
                url=step.url and page(draw()),
            )
            for step in one.steps
        ),
        refused=one.refused and f"error[{refused}]: {refused}\n{draw()}",
        failed_source=one.failed_source and f"{failed}\n" * 9,
        differences=_differences(well),
    )


def _differences(well: Well) -> tuple[Difference, ...]:
    draw = well.draw
    return (
        Difference(what=draw(), base=draw(), head=draw()),
        Difference(what=f"data {draw()}", base=draw(), head=draw()),
        Difference(what="image", base=draw(), head=draw(), part=True),
    )


def _cut(cut: Slice, well: Well) -> Slice:
    kept, dropped = (
        tuple(CellReason(cell=reason.cell, id=well.draw(), reason=well.draw()) for reason in reasons)
        for reasons in (cut.kept, cut.dropped)
    )
    edges = tuple(replace(edge, name=well.draw()) for edge in cut.edges)
    return replace(cut, kept=kept, dropped=dropped, edges=edges, warnings=(well.draw(),))


def _spelled(one: Notebook, well: Well, end: str) -> Notebook:
    cells = tuple(replace(cell, source=f"{cell.source}\n{well.draw()}{end}") for cell in one.cells)
    return replace(one, path=well.draw(), cells=cells)


def _failure(failure: Failure, well: Well) -> Failure:
    frame, told, last = well.draw(), well.draw(), well.draw()
    return Failure(
        exception=failure.exception and well.draw(),
        message=well.draw(),
        cell=failure.cell,
        line=failure.line,
        traceback=f"{told}\nTraceback (most recent call last):\n  cell 8, line 7, in {frame}\n    {told}\n{last}",
        hint=well.draw(),
    )


def _metric(metric: Metric, name: str, well: Well) -> Metric:
    return replace(metric, name=name, source=well.draw(), also=(well.draw(),))


def _result(result: TrainingResult, primary: str, well: Well) -> TrainingResult:
    draw = well.draw
    facts = {"python": draw(), f"a{draw()}": draw(), "instance": draw(), "billed": draw()}
    return replace(
        result,
        run=draw(),
        bundle=draw(),
        metrics=tuple(_metric(metric, primary, well) for metric in result.metrics[:1]),
        artifacts=tuple(Artifact(name=draw(), path=f"model/{draw()}", size=1, sha256=draw()) for _ in result.artifacts),
        failure=result.failure and _failure(result.failure, well),
        log_tail=draw(),
        warnings=(draw(),),
        environment=MappingProxyType({**facts, ARCHIVE_FACT: f"s3://{draw()}"}),
        machine=draw(),
        phase=draw(),
        url=result.url and page(draw()),
    )


def page(text: str) -> str:
    """Return an address that AWS's console could have, with *text* in it."""
    return f"https://eu-central-1.console.aws.amazon.com/sagemaker/home#/jobs/{text}"
