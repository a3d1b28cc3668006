"""The page in a real browser: it draws, it can be read by eye, by ear and by keyboard, and nothing foreign runs in it."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from alekseylearn.page import render_page
from alekseylearn.report import Difference, Outcome
from tests.executed import cell, executed, figure, printed, raised, shown
from tests.outcomes import BASE_RUN, DIGEST, EDITS, STATES, base_result, notebook, outcome, result, told
from tests.rig.browser import Chromium, Node, Page
from tests.rig.browser.chromium import Look
from tests.rig.browser.fixture import browser
from tests.test_sections_hostile import poisoned

__all__ = ["browser"]

ATTACK = "</style></script></pre><script>attacked = 1</script><img src=x onerror=attacked=1><svg onload=attacked=1>\"' autofocus onfocus=attacked=1 x='"
PHONE, DESK = 400, 1000
TABLE = "<table class='dataframe'><thead><tr><th></th><th>age</th></tr></thead><tbody><tr><th>0</th><td>41</td></tr></tbody></table>"
# Every element with words of its own: their colour, the ground they stand on, and how far those are apart.
CONTRASTS = """(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const parse = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const part = (value) => (value /= 255) <= .03928 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4;
    return .2126 * part(r) + .7152 * part(g) + .0722 * part(b);
  };
  const ground = (element) => {
    for (; element; element = element.parentElement) {
      const colour = parse(getComputedStyle(element).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return parse(getComputedStyle(document.body).backgroundColor);
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const words = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!words || element.closest("script, [hidden], .chart") || !element.getClientRects().length) continue;
    const pair = [light(parse(getComputedStyle(element).color)), light(ground(element))].sort((a, b) => b - a);
    found.push([(pair[0] + .05) / (pair[1] + .05), element.tagName + "." + element.className]);
  }
  return found.sort((a, b) => a[0] - b[0]);
})()"""
# The share of a chart's points that are not its ground.
DRAWN = """[...document.querySelectorAll(".chart canvas")].map((canvas) => {
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let drawn = 0;
  for (let at = 3; at < data.length; at += 4) drawn += data[at] > 0;
  return drawn / (data.length / 4);
})"""


def notebooks(word: str = "") -> Mapping[str, bytes]:
    """Make what both sides left: figures, a table, printed lines, an error."""
    cells = {edited: notebook(edits=EDITS if edited else None).cells for edited in (True, False)}
    sides = {}
    for digest, edited in ((DIGEST, True), (BASE_RUN + "a1" * 26, False)):
        source = cells[edited]
        sides[digest] = executed(
            [
                cell(2, source[2].source, shown({"text/html": TABLE + word, "text/plain": "age" + word})),
                cell(
                    8, source[8].source, printed(f"epoch 1/20 loss 0.5{word}\n" * 30), printed("slow" + word, "stderr")
                ),
                cell(
                    10,
                    source[10].source + (f"  # {word}" if word else ""),
                    figure(640, 400, (31, 119, 180) if edited else (255, 127, 14)),
                ),
                cell(None, f"p = 1  # {word}", raised("ValueError", word or "no", "Traceback", word or "no")),
            ]
        )
    return sides


def whole() -> Outcome:
    """Make an outcome with all that the page can show."""
    found = STATES["better"].notebooks[0]
    differences = (Difference(what="torch", base="2.12.0", head="2.13.0"),)
    return replace(STATES["better"], notebooks=(replace(found, differences=differences),), warnings=("a warning",))


@pytest.fixture(scope="module")
def page_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render_page(whole(), notebooks=notebooks(), logs={DIGEST: "line\n" * 300}), "utf-8")
    return path


def open_folds(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.settle()


def of_role(page: Page, *roles: str) -> list[Node]:
    return [node for node in page.accessible() if node.role in roles]


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_page_is_drawn_fits_and_asks_for_nothing(
    browser: Chromium, page_path: Path, look: Look, width: int
) -> None:
    with browser.open(page_path, width=width, look=look) as page:
        open_folds(page)
        assert page.requests == (page_path.as_uri(),)
        assert page.problems == ()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert all(0.01 < share < 0.9 for share in page.evaluate(DRAWN))
        pictures = "[...document.images].map((one) => [one.complete, one.naturalWidth])"
        assert page.evaluate(pictures) == [[True, 640], [True, 640]]
        assert len(set(page.screenshot(whole=False))) > 200


@pytest.mark.parametrize("look", ["light", "dark"])
def test_every_word_stands_out_from_its_ground(browser: Chromium, page_path: Path, tmp_path: Path, look: Look) -> None:
    failed = tmp_path / "failed.html"
    failed.write_text(render_page(STATES["failed"]), "utf-8")
    for path in (page_path, failed):
        with browser.open(path, look=look) as page:
            open_folds(page)
            found = page.evaluate(CONTRASTS)
            assert len(found) > 100
            assert found[0][0] >= 4.5, found[:5]


def test_a_change_of_the_look_is_followed(browser: Chromium, page_path: Path) -> None:
    first = "(() => { const canvas = document.querySelector('.chart canvas'); return canvas.toDataURL(); })()"
    with browser.open(page_path, look="light") as page:
        light = page.evaluate(first)
        page.wear("dark")
        page.settle()
        assert page.evaluate(first) != light


def test_a_screen_reader_is_told_of_all_parts(browser: Chromium, page_path: Path) -> None:
    with browser.open(page_path) as page:
        open_folds(page)
        nodes = page.accessible()
        roles = {node.role for node in nodes}
    assert {"banner", "navigation", "main", "contentinfo"} <= roles
    levels = [node.properties["level"] for node in nodes if node.role == "heading"]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in itertools.pairwise(levels))
    named = {"heading", "link", "region", "table", "image", "img", "slider", "button", "figure"}
    # The one without a name is the notebook's own table, which stands in a group that has one.
    assert [node.role for node in nodes if node.role in named and not node.name] == ["table"]
    assert "A table that the cell showed" in {node.name for node in nodes if node.role == "group"}
    pictures = [node.name for node in nodes if node.role in ("image", "img")]
    assert pictures[0].startswith("val_accuracy by step. This PR: 0.803 to 0.927 in 14 points")
    assert "main: 0.801 to 0.913" in pictures[0]
    assert pictures[1:] == ["Figure of Cell 10, before", "Figure of Cell 10, now"]
    tables = [node.name for node in nodes if node.role == "table"]
    assert {"Metrics of both sides", "val_accuracy by step", "Files of this run"} <= set(tables)
    assert {"insertion", "deletion"} <= roles


def test_the_first_key_leads_past_the_list_of_contents(browser: Chromium, page_path: Path) -> None:
    with browser.open(page_path) as page:
        page.press("Tab")
        assert page.focused() == '<a class="skip" href="#report">'
        page.settle()
        assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
        page.press("Enter")
        page.settle()
        assert page.focused().startswith("<main")
        page.press("Tab")
        assert page.evaluate("document.activeElement.closest('main') !== null")


def test_the_keyboard_reaches_whatever_scrolls_folds_or_moves(browser: Chromium, page_path: Path) -> None:
    wanted = "[...document.querySelectorAll('a, summary, input, .scroll[tabindex]')].filter((one) => one.checkVisibility()).length"
    with browser.open(page_path, width=PHONE) as page:
        open_folds(page)
        count = page.evaluate(wanted)
        hidden = page.evaluate(
            "[...document.querySelectorAll('.scroll')].filter((one) => !one.hasAttribute('tabindex')"
            " && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1)).length"
        )
        page.evaluate(
            "globalThis.reached = new Set(); document.addEventListener('focusin', (event) => reached.add(event.target))"
        )
        for _ in range(count + 1):
            page.press("Tab")
        assert page.evaluate("reached.size") == count
        assert hidden == 0
        assert page.evaluate("document.querySelectorAll('.scroll:not([tabindex])').length") > 0


def test_a_key_walks_along_the_curve(browser: Chromium, page_path: Path) -> None:
    with browser.open(page_path) as page:
        (slider,) = of_role(page, "slider")
        assert slider.name == "Step"
        page.evaluate("document.querySelector('.walk input').focus()")
        page.press("Home")
        assert page.evaluate("document.querySelector('.walk output').textContent") == "This PR: 0.803; main: 0.801"
        page.press("ArrowRight")
        told_ = page.evaluate("document.querySelector('.walk input').getAttribute('aria-valuetext')")
        assert told_ == "2. This PR: 0.838; main: 0.832"
        assert page.evaluate("document.querySelector('.u-cursor-x').style.transform") != "translate(-10px)"


def test_the_mouse_tells_values_zooms_and_goes_back(browser: Chromium, page_path: Path) -> None:
    with browser.open(page_path) as page:
        page.point(".u-over", 0.0, 0.5)
        page.point(".u-over", 0.02, 0.5)
        page.settle()
        assert page.evaluate("document.querySelector('.walk output').textContent") == "This PR: 0.803; main: 0.801"
        button = "document.querySelector('.walk button').hidden"
        assert page.evaluate(button) is True
        page.drag(".u-over", 0.2, 0.6)
        page.settle()
        assert page.evaluate(button) is False
        page.click(".walk button")
        page.settle()
        assert page.evaluate(button) is True


def test_without_scripts_the_numbers_are_there(browser: Chromium, page_path: Path) -> None:
    with browser.open(page_path, scripts=False) as page:
        names = [node.name for node in page.accessible()]
        assert not of_role(page, "slider")
        assert [node.name for node in of_role(page, "image")] == ["Figure of Cell 10, before", "Figure of Cell 10, now"]
    assert "The numbers of this curve" in names


def test_figures_stand_side_by_side_on_a_desk_and_below_each_other_on_a_phone(
    browser: Chromium, page_path: Path
) -> None:
    tops = "[...document.querySelectorAll('.sides img')].map((one) => Math.round(one.getBoundingClientRect().top))"
    with browser.open(page_path, width=DESK) as page:
        assert len(set(page.evaluate(tops))) == 1
        page.resize(PHONE, 800)
        page.settle()
        assert len(set(page.evaluate(tops))) == 2


@pytest.mark.parametrize("name", ["better", "failed", "several", "refused"])
def test_no_word_of_a_stranger_is_run(browser: Chromium, tmp_path: Path, name: str) -> None:
    path = tmp_path / "report.html"
    path.write_text(
        render_page(poisoned(STATES[name], ATTACK), notebooks=notebooks(ATTACK), logs={DIGEST: ATTACK}), "utf-8"
    )
    with browser.open(path) as page:
        open_folds(page)
        assert page.evaluate("typeof attacked") == "undefined"
        assert page.requests == (path.as_uri(),)
        assert page.problems == ()


def test_the_policy_refuses_what_escaping_would_have_missed(browser: Chromium, tmp_path: Path) -> None:
    made = render_page(whole())
    for place, smuggled in enumerate(
        (
            "<script>attacked = 1</script>",
            "<img src='data:,' onerror='attacked = 1'>",
            "<style>h1 { display: none }</style><p style='color: red'>x</p>",
            "<img src='http://127.0.0.1:9/x.png'><link rel=stylesheet href='http://127.0.0.1:9/x.css'>",
        )
    ):
        path = tmp_path / f"{place}.html"
        path.write_text(made.replace("<h2", f"{smuggled}<h2", 1), "utf-8")
        with browser.open(path) as page:
            assert page.evaluate("typeof attacked") == "undefined"
            assert page.evaluate("getComputedStyle(document.querySelector('h1')).display") == "block"
            assert page.requests == (path.as_uri(),)
            assert any("Content Security Policy" in problem for problem in page.problems)


def test_a_curve_of_one_side_is_drawn_too(browser: Chromium, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(render_page(outcome(told(head=result(), base=base_result(metrics=())))), "utf-8")
    with browser.open(path) as page:
        assert all(share > 0.01 for share in page.evaluate(DRAWN))
        assert len(json.loads(page.evaluate("document.querySelector('figure').dataset.chart"))["columns"]) == 2
