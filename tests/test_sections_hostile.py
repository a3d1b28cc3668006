"""Whatever strangers write, the rendered comment has the structure of the one that a harmless word makes."""

import html.parser
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from types import MappingProxyType

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alekseylearn.comment_state import PastRun
from alekseylearn.diff import diff_notebooks
from alekseylearn.jobs import Artifact, Failure, TrainingResult
from alekseylearn.metrics import Gate
from alekseylearn.notebook import Notebook
from alekseylearn.report import Commit, GateResult, NotebookOutcome, Outcome, Step, render
from alekseylearn.sections import SECTIONS
from alekseylearn.slicing import CellReason
from tests.outcomes import EDITS, STATES, notebook

WORDS = r"""
` `` ``` ~~~ | \ < > </details> <details> </sub> <!-- --> <!-- x --> &amp; &#64; @octocat #1 acme/churn#2 https://evil.example
www.evil.example a@evil.example GH-1 ![i](http://e.example/x.png) [l](http://e.example) [^1] [x]: # - 1. 1) + = === ---
**b** _e_ ~~s~~ $x$ :smile: 0123456789abcdef <script> <img> <https://e.example> {{ }} é 木 a b : " '
"""
PIECES = WORDS.split()
SIGNS = ["\n", "\n\n", "\r", "\t", " ", "    ", "\u202e", "\u200b", "\x00", "\ud800", "\u2028"]
HOSTILE = st.text(max_size=40) | st.lists(st.sampled_from(PIECES + SIGNS), max_size=10).map("".join)
LINKED = re.compile(r"@\w|#\d|(?<!\w)GH-\d|https?:|(?<!\w)www\.|\b[0-9a-f]{12,40}\b|:smile:|!\[|\]\(")


class _Page(html.parser.HTMLParser):
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


@cache
def harmlessly(name: str) -> _Page:
    return rendered(poisoned(STATES[name], "word"))


def rendered(outcome: Outcome) -> _Page:
    body = render(outcome, SECTIONS)
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_HARDBREAKS
    return _Page(cmarkgfm.github_flavored_markdown_to_html(body.encode("utf-8", "strict").decode(), options=options))


def poisoned(outcome: Outcome, text: str) -> Outcome:
    """Put *text* wherever the comment shows something that we did not write."""
    return replace(
        outcome,
        base=Commit(name=text, sha=outcome.base.sha),
        head=Commit(name=text, sha=outcome.head.sha),
        notebooks=tuple(_poisoned(one, text) for one in outcome.notebooks),
        when=text,
        version=text,
        run=text,
        machine=text,
        left=outcome.left and (text,),
        warnings=(text,),
        history=tuple(
            PastRun(sha=text, when=text, metric=text, value=1, change=0.1, seconds=1, result=text, notebook=text)
            for _ in outcome.history
        ),
    )


def _poisoned(one: NotebookOutcome, text: str) -> NotebookOutcome:
    reasons = None
    if one.slice is not None:
        reasons = replace(
            one.slice,
            kept=tuple(CellReason(cell=reason.cell, id=text, reason=text) for reason in one.slice.kept),
            dropped=tuple(CellReason(cell=reason.cell, id=text, reason=text) for reason in one.slice.dropped),
            warnings=(text,),
        )
    return replace(
        one,
        path=text,
        name=text,
        reason=text,
        diff=diff_notebooks(_spelled(notebook(), f"{text}!"), _spelled(notebook(edits=EDITS), text)),
        slice=reasons,
        sources=tuple((index, text) for index, _ in one.sources),
        head=one.head and _result(one.head, text),
        base=one.base and _result(one.base, text),
        base_note=text,
        deltas=tuple(replace(delta, name=text if delta.name == one.primary else text * 2) for delta in one.deltas),
        primary=text,
        gates=tuple(
            GateResult(
                gate=Gate(metric=text, operator=gate.gate.operator, bound=1), value=gate.value, passed=gate.passed
            )
            for gate in one.gates
        ),
        steps=tuple(
            Step(name=text, state=step.state, text=text, seconds=1, backend=step.backend, url=step.url and page(text))
            for step in one.steps
        ),
        refused=one.refused and f"error[{text}]: {text}\n{text}",
        failed_source=one.failed_source and f"{text}\n" * 9,
    )


def _spelled(one: Notebook, text: str) -> Notebook:
    return replace(one, path=text, cells=tuple(replace(cell, source=f"{cell.source}\n{text}") for cell in one.cells))


def _result(result: TrainingResult, text: str) -> TrainingResult:
    failure = result.failure and Failure(
        exception=text,
        message=text,
        cell=result.failure.cell,
        line=result.failure.line,
        traceback=f"{text}\nTraceback (most recent call last):\n  cell 8, line 7, in {text}\n    {text}\n{text}",
        hint=text,
    )
    return replace(
        result,
        run=text,
        bundle=text,
        metrics=tuple(replace(metric, name=text, source=text) for metric in result.metrics[:1]),
        artifacts=tuple(Artifact(name=text, path=text, size=1, sha256=text) for _ in result.artifacts),
        failure=failure,
        log_tail=text,
        warnings=(text,),
        environment=MappingProxyType({"python": text, f"a{text}": text}),
        machine=text,
        phase=text,
        url=result.url and page(text),
    )


def page(text: str) -> str:
    return f"https://eu-central-1.console.aws.amazon.com/sagemaker/home#/jobs/{text}"


@pytest.mark.parametrize("name", STATES)
@settings(max_examples=15, deadline=None)
@given(HOSTILE)
@example("`@octocat` ``` </details> | #1 https://evil.example")
@example("\n\n# heading\n\n![i](http://e.example/x.png)\n")
@example("@octocat")
@example("- 1. #1")
def test_structure_does_not_depend_on_what_strangers_write(name: str, text: str) -> None:
    harmless = harmlessly(name)
    # The word at the end keeps the text from being empty, which is another comment by right.
    hostile = rendered(poisoned(STATES[name], f"{text}x"))
    assert hostile.tags == harmless.tags
    assert hostile.comments[0] == harmless.comments[0]
    assert len(hostile.comments) == len(harmless.comments) == 2
    assert list(_foreign(hostile.links)) == []
    assert LINKED.findall(re.sub(r"\b(4e1f0c2|1b7d9e2)\b", "", hostile.plain)) == []


def _foreign(links: list[str]) -> Iterator[str]:
    ours = ("https://github.com/acme/churn/actions/runs/812", "https://eu-central-1.console.aws.amazon.com/sagemaker/")
    return (link for link in links if not link.startswith(ours))


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://x.example", "https://", "//x.example", "https:x"])
def test_an_address_that_is_not_https_is_no_link(url: str) -> None:
    page = rendered(replace(STATES["better"], run_url=url, artifact_url=url))
    assert page.links == []


@given(st.text(max_size=30))
def test_an_address_never_leaves_its_link(text: str) -> None:
    page = rendered(replace(STATES["better"], run_url=f"https://github.com/{text}", artifact_url=""))
    assert len(page.links) == 1
    assert page.links[0].startswith("https://github.com/")
