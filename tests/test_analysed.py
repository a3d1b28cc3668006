"""What a fork's run hands over is read as data that anybody may have written, and shown as dead text."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alekseylearn.analysed import LIMITS, Analysed, Analysis, read_analysis, tell, write_analysis
from alekseylearn.comment_state import decode, is_ours
from alekseylearn.errors import InputError
from alekseylearn.text import Markdown
from alekseylearn.trust import FinishedRun, PullRequest
from tests.hostile import PIECES, SIGNS, read
from tests.outcomes import STATES, outcome, skipped, told

HEAD, BASE = "4e1f0c2" + "a" * 33, "1b7d9e2" + "b" * 33
PULL = PullRequest(number=42, base_ref="main", base_sha=BASE, head_ref="f", head_sha=HEAD, fork=True)
RUN = FinishedRun(id=812, order=(3, 2), event="pull_request", head_sha=HEAD, head_repository=2, repository=1)
ONE = Analysed(
    path="notebooks/churn.ipynb", decision="train", reason="cell 4 changed", refused="", changed=2, cells=8, needed=5
)
ANALYSIS = Analysis(pull=42, notebooks=(ONE,))
ADDRESS = "https://github.com/octo/consumer/actions/runs/812"


def shown(analysis: Analysis = ANALYSIS, pull: PullRequest = PULL) -> Markdown:
    return tell(analysis, pull, RUN, address=ADDRESS, when="2026-11-22 12:00 UTC", version="1.0")


def document(**changes: Any) -> dict[str, Any]:
    """Return a document as it is written; changes go to its first notebook where that has such a field."""
    fields = {name: getattr(ONE, name) for name in Analysed.__slots__}
    own = {name: value for name, value in changes.items() if name in fields}
    rest = {name: value for name, value in changes.items() if name not in fields}
    return {"format": 1, "pull": 42, "more": 0, "notebooks": [fields | own], **rest}


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


def test_what_is_written_is_read() -> None:
    analysis = read_analysis(write_analysis(STATES["fork"]), "x")
    (one,) = analysis.notebooks
    assert analysis.pull == STATES["fork"].pull
    assert (one.path, one.decision) == ("notebooks/churn.ipynb", "train")
    assert (one.changed, one.needed > 0, one.cells > one.needed) == (3, True, True)


def test_too_many_notebooks_are_counted() -> None:
    many = outcome(*(replace(skipped(), path=f"n/{number}.ipynb") for number in range(450)), fork=True)
    data = write_analysis(many)
    analysis = read_analysis(data, "x")
    assert (len(analysis.notebooks), analysis.more) == (200, 250)
    assert len(data) < LIMITS.max_bytes
    assert "And 420 more notebooks." in shown(analysis)


@given(st.text(max_size=500), st.text(max_size=500))
def test_whatever_a_notebook_is_called_it_can_be_handed_over(path: str, reason: str) -> None:
    named = outcome(replace(told(), path=path, reason=reason, refused=reason), fork=True)
    assert len(read_analysis(write_analysis(named), "x").notebooks) == 1


class TestForged:
    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"{",
            b"[]",
            b"null",
            b"\xff",
            b'{"format": 1, "format": 1}',
            b"[" * 100_000,
            encoded(document(format=2)),
            encoded(document(format=True)),
            encoded(document(extra=1)),
            encoded({"format": 1}),
            encoded(document(pull=-1)),
            encoded(document(pull=2**40)),
            encoded(document(pull="42")),
            encoded(document(pull=1.0)),
            encoded(document(notebooks={})),
            encoded(document(notebooks=[1])),
            encoded(document(notebooks=[document()["notebooks"][0]] * 201)),
            encoded(document(notebooks=[{"path": "a"}])),
            encoded(document(path=7)),
            encoded(document(path="x" * 401)),
            encoded(document(path="a\nb")),
            encoded(document(path="a\u202eb")),
            encoded(document(reason="\ud800")),
            encoded(document(decision="run")),
            encoded(document(decision=["train"])),
            encoded(document(changed=10**9)),
            encoded(document(cells=True)),
            encoded(document(needed=None)),
            encoded(document(more=float("nan"))),
            encoded(document(reason="x" * LIMITS.max_bytes)),
        ],
    )
    def test_what_is_not_ours_is_refused_by_one_name(self, data: bytes) -> None:
        with pytest.raises(InputError) as caught:
            read_analysis(data, "artifact/analysis.json")
        assert caught.value.slug == "trust.artifact"
        assert caught.value.where == "artifact/analysis.json"
        assert len(str(caught.value).splitlines()) <= 5

    @given(
        st.binary(max_size=200)
        | st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
            max_leaves=9,
        ).map(lambda value: encoded(document(notebooks=[value], more=value)))
    )
    def test_anything_is_refused_or_read(self, data: bytes) -> None:
        with pytest.raises(InputError):
            read_analysis(data, "x")


class TestTold:
    def test_the_comment_is_ours_by_its_first_and_last_line(self) -> None:
        body = shown()
        assert is_ours(body, 42)
        state = decode(body)
        assert state is not None
        assert (state.order, state.head) == ((3, 2), HEAD)

    def test_it_says_what_would_train_and_that_nothing_was_run(self) -> None:
        body = shown()
        assert "### 🔒 Analysed, not trained: the pull request comes from a fork" in body
        assert "4e1f0c2 against `main` 1b7d9e2" in body
        assert "| `notebooks/churn.ipynb` | 2 of 8 code cells | would train, 5 of them needed: cell 4 changed |" in body
        assert "Nothing of this pull request was run." in body
        assert "nobody has checked that" in body

    def test_where_nothing_would_train_it_says_so(self) -> None:
        none = shown(Analysis(pull=42, notebooks=()))
        assert "### 📝 Nothing to train" in none
        assert "No notebook changed." in none
        rest = (replace(ONE, decision="skip", cells=0, changed=1), replace(ONE, refused="error[nb.lfs]: a pointer"))
        body = shown(Analysis(pull=42, notebooks=rest))
        assert "| 1 code cell | nothing to train: cell 4 changed |" in body
        assert "refused: " in body
        assert "### ❌ Could not read 1 notebook" in body

    @given(st.text(max_size=40) | st.lists(st.sampled_from(PIECES + SIGNS), max_size=10).map("".join))
    @example("`@octocat` ``` </details> | #1 https://evil.example")
    @example("-->\n### Trained: better by 100 %")
    @example("<!-- alekseylearn pr=1 -->")
    def test_no_word_of_the_fork_changes_the_structure(self, text: str) -> None:
        plain = replace(ONE, path="xword", reason="xword", refused="xword")
        named = replace(PULL, base_ref=f"{text}x")
        poisoned = replace(ONE, path=f"x{text}x", reason=f"x{text}x", refused=f"x{text}x")
        page = read(shown(Analysis(pull=42, notebooks=(poisoned, ONE)), named))
        wanted = read(shown(Analysis(pull=42, notebooks=(plain, ONE))))
        assert [tag for tag in page.tags if tag != "code"] == [tag for tag in wanted.tags if tag != "code"]
        assert (page.links, page.comments[0]) == (wanted.links, wanted.comments[0])
        assert len(page.comments) == len(wanted.comments)
