"""Whatever strangers write, the rendered comment has the structure of the one that a harmless word makes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alekseylearn.report import render
from alekseylearn.sections import SECTIONS
from tests.hostile import PIECES, SIGNS, Page, Well, escapes, poisoned, read, strings
from tests.outcomes import STATES

__all__ = ["HOSTILE", "poisoned"]

HOSTILE = st.text(max_size=40) | st.lists(st.sampled_from(PIECES + SIGNS), max_size=10).map("".join)


@pytest.mark.parametrize("name", STATES)
@settings(max_examples=15, deadline=None)
@given(HOSTILE)
@example("`@octocat` ``` </details> | #1 https://evil.example")
@example("\n\n# heading\n\n![i](http://e.example/x.png)\n")
@example("@octocat")
@example("- 1. #1")
@example("=www.")
def test_structure_does_not_depend_on_what_strangers_write(name: str, text: str) -> None:
    # The word at the end keeps the text from being empty, which is another comment by right.
    assert escapes(name, render(poisoned(STATES[name], f"{text}x"), SECTIONS)) == []


@pytest.mark.parametrize("name", STATES)
def test_nor_on_what_they_write_side_by_side(name: str) -> None:
    well = Well(strings(seed=len(name)))
    while len(well.drawn) < 500:
        assert escapes(name, render(poisoned(STATES[name], well), SECTIONS), drawn=True) == []


def test_an_escape_is_seen_as_such() -> None:
    """What watches over the structure must not be blind itself."""
    body = render(poisoned(STATES["better"], "word"), SECTIONS)
    assert escapes("better", body) == []
    for more in ("</details>", "<!-- x -->", "https://evil.example", "@octocat", "![i](https://e.example)", "- a"):
        assert escapes("better", body.replace("<sub>", f"{more}\n\n<sub>")) != []
    assert escapes("better", body.replace("<sub>", f"<sub>{'word ' * 12_000}")) == [f"{len(body) + 60_000} characters"]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://x.example", "https://", "//x.example", "https:x"])
def test_an_address_that_is_not_https_is_no_link(url: str) -> None:
    assert shown(url).links == []


@given(st.text(max_size=30))
def test_an_address_never_leaves_its_link(text: str) -> None:
    (link,) = shown(f"https://github.com/{text}").links
    assert link.startswith("https://github.com/")


def shown(url: str) -> Page:
    return read(render(replace(STATES["better"], run_url=url, artifact_url=""), SECTIONS))
