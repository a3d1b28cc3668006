"""Comments as a reader sees them, in a real browser with GitHub's style sheet and the real mermaid."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest

from alekseylearn.report import render
from alekseylearn.sections import SECTIONS
from tests.hostile import Well, poisoned, strings
from tests.outcomes import STATES
from tests.rig.browser import Chromium, Page
from tests.rig.browser.fixture import browser
from tests.rig.review.fixture import files
from tests.rig.review.page import Look, page, shown
from tests.rig.review.stories import tell

__all__ = ["browser", "files"]

WINDOWS: tuple[tuple[Look, int], ...] = (("light", 860), ("dark", 400))
# What is wider than its place, other than what a reader can move sideways by itself.
WIDER = """
[...document.querySelectorAll("article *")].filter(one => {
  const frame = one.closest("table, pre, svg");
  return one.getBoundingClientRect().right > innerWidth + 1 && (!frame || frame === one);
}).map(one => one.outerHTML.slice(0, 80))
"""
# Letters of one chart that lie on each other, or outside of it.
CROWDED = """
[...document.querySelectorAll(".chart svg")].flatMap(chart => {
  const frame = chart.getBoundingClientRect();
  const texts = [...chart.querySelectorAll("text")].map(text => [text.textContent, text.getBoundingClientRect()]);
  const out = ([, box]) => box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1
    || box.bottom > frame.bottom + 1;
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > a.height / 4;
  return texts.flatMap(([text, box], place) => [
    ...(out([text, box]) ? [`${text} is outside`] : []),
    ...texts.slice(place + 1).filter(([, other]) => meet(box, other)).map(([other]) => `${text} on ${other}`),
  ]);
})
"""


@pytest.mark.parametrize("look", WINDOWS, ids=lambda window: f"{window[0]}-{window[1]}")
@pytest.mark.parametrize("name", STATES)
def test_a_comment_is_drawn_whole_and_nothing_sticks_out(
    name: str, look: tuple[Look, int], browser: Chromium, files: Path, tmp_path: Path
) -> None:
    body = render(STATES[name], SECTIONS)
    path = tmp_path / "comment.html"
    path.write_text(page(body, files, look[0]), "utf-8")
    with browser.open(path, width=look[1], look=look[0]) as opened:
        assert opened.evaluate("window.drawn") == []
        opened.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
        opened.settle()
        assert opened.evaluate("document.querySelectorAll('.chart svg').length") == body.count("```mermaid")
        assert opened.evaluate("document.documentElement.scrollWidth") <= look[1]
        assert opened.evaluate(WIDER) == []
        assert opened.evaluate(CROWDED) == []
        assert opened.problems == ()


def test_a_chart_is_told_to_a_screen_reader(browser: Chromium, files: Path, tmp_path: Path) -> None:
    path = tmp_path / "comment.html"
    path.write_text(page(render(STATES["better"], SECTIONS), files), "utf-8")
    with browser.open(path) as opened:
        opened.evaluate("window.drawn")
        (chart,) = [node for node in opened.accessible() if "val_accuracy by epoch" in node.name and node.description]
        assert "ends at 0.927" in chart.description
        assert "The bars are main and end at 0.913" in chart.description


def test_mermaid_reads_a_chart_whatever_strangers_call_their_metrics(
    browser: Chromium, files: Path, tmp_path: Path
) -> None:
    well = Well(itertools.chain(("end", "title x", "x-axis", "%%{init}%%", "---", "accDescr {", "#quot;"), strings(7)))
    path = tmp_path / "comment.html"
    path.write_text(page("", files), "utf-8")
    with browser.open(path) as opened:
        charts = 0
        while charts < 60:
            body = render(poisoned(STATES["better"], well), SECTIONS)
            for chart in re.findall(r"```mermaid\n(.*?)\n```", body, re.DOTALL):
                charts += 1
                assert parses(opened, chart), chart


def test_what_mermaid_cannot_read_is_seen(browser: Chromium, files: Path, tmp_path: Path) -> None:
    path = tmp_path / "comment.html"
    path.write_text(page("```mermaid\nxychart-beta\n    line [\n```", files), "utf-8")
    with browser.open(path) as opened:
        assert len(opened.evaluate("window.drawn")) == 1


def parses(opened: Page, chart: str) -> bool:
    done: bool = opened.evaluate(f"mermaid.parse({json.dumps(chart)}).then(() => true, () => false)")
    return done


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("failed", "### ❌ Training failed in cell 7 of"),
        ("nothing", "### ⏭️ Nothing to train"),
        ("fork", "### 🔒 Analysed, not trained"),
        ("not-run", "### ❌ Could not train `notebooks/churn.ipynb`: no container engine answers"),
    ],
)
def test_the_pictures_tales_end_in_the_states_that_they_are_told_for(name: str, heading: str, tmp_path: Path) -> None:
    ((_, body),) = tell(tmp_path, name)
    assert body.splitlines()[1].startswith(heading)
    assert "<code>" in shown(body)
