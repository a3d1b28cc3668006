"""The browser of the tests shows, tells and refuses what a reader's browser would."""

from pathlib import Path

import pytest

from tests.rig.browser import Chromium
from tests.rig.browser.fixture import browser
from tests.rig.browser.protocol import BrowserError

__all__ = ["browser"]

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title>
<style>body {{ margin: 0; background: #fff }} @media (prefers-color-scheme: dark) {{ body {{ background: #000 }} }}
div {{ height: 2000px }}</style>{head}
<h1>Hello</h1><p aria-hidden="true">unheard</p><a href="#here">a link</a> <button onclick="this.textContent='hit'">b</button>
<div></div>"""


def write(folder: Path, head: str = "") -> Path:
    page = folder / "page.html"
    page.write_text(PAGE.format(head=head), "utf-8")
    return page


def test_a_page_is_seen_in_both_looks_and_in_full_height(browser: Chromium, tmp_path: Path) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with browser.open(write(tmp_path), width=400, look="dark") as page:
        assert page.evaluate(ground) == "rgb(0, 0, 0)"
        assert page.evaluate("innerWidth") == 400
        picture = page.screenshot()
        page.wear("light")
        assert page.evaluate(ground) == "rgb(255, 255, 255)"
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20]) == 400
    assert int.from_bytes(picture[20:24]) > 2000


def test_a_page_is_heard_without_what_is_hidden(browser: Chromium, tmp_path: Path) -> None:
    with browser.open(write(tmp_path)) as page:
        told = [(node.role, node.name) for node in page.accessible()]
        level = next(node.properties["level"] for node in page.accessible() if node.role == "heading")
    assert told[0] == ("RootWebArea", "A page")
    assert ("heading", "Hello") in told
    assert ("link", "a link") in told
    assert "unheard" not in {name for _, name in told}
    assert level == 1


def test_keys_and_the_mouse_reach_the_page(browser: Chromium, tmp_path: Path) -> None:
    with browser.open(write(tmp_path)) as page:
        page.press("Tab")
        assert page.focused() == '<a href="#here">'
        page.press("Tab")
        page.press("Tab", shift=True)
        assert page.focused() == '<a href="#here">'
        page.press("Tab")
        page.press("Enter")
        assert page.evaluate("document.querySelector('button').textContent") == "hit"
        page.evaluate("document.querySelector('button').textContent = ''")
        page.click("button")
        assert page.evaluate("document.querySelector('button').textContent") == "hit"


def test_what_a_page_asks_for_and_what_goes_wrong_is_told(browser: Chromium, tmp_path: Path) -> None:
    asks = "<script>console.error('out loud'); fetch('http://example.org/a').catch(() => {}); throw Error('thrown')</script>"
    with browser.open(write(tmp_path, asks)) as page:
        assert page.requests[0].startswith("file://")
        assert "http://example.org/a" in page.requests
        assert any("out loud" in problem for problem in page.problems)
        assert any("thrown" in problem for problem in page.problems)
    with browser.open(write(tmp_path)) as page:
        assert len(page.requests) == 1
        assert page.problems == ()


def test_a_page_can_be_read_without_scripts(browser: Chromium, tmp_path: Path) -> None:
    script = "<script>document.title = 'changed'</script>"
    with browser.open(write(tmp_path, script), scripts=False) as page:
        assert page.accessible()[0].name == "A page"


def test_mistakes_are_told(browser: Chromium, tmp_path: Path) -> None:
    with browser.open(write(tmp_path)) as page, pytest.raises(BrowserError, match="nothing is not defined"):
        page.evaluate("nothing")
    with pytest.raises(BrowserError, match="ERR_FILE_NOT_FOUND"), browser.open(tmp_path / "none.html"):
        pass
