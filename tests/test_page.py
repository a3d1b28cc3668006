"""The page opens offline, says everything that the comment says, and nothing in it comes from a stranger unescaped."""

import html.parser
import itertools
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alekseylearn.page import MAX_LOG, inline, render_page
from tests.outcomes import DIGEST, STATES, outcome, skipped, told
from tests.test_sections_hostile import HOSTILE, poisoned

VOID = {"meta", "link", "br", "img", "input", "hr"}
HEADINGS = {"h1", "h2", "h3", "h4"}


class Reader(html.parser.HTMLParser):
    """Read a page strictly: every tag is closed in order; what matters to a test is kept."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.ids: list[str] = []
        self.headings: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.ids += [str(value) for name, value in attrs if name == "id"]
        if tag in HEADINGS:
            self.headings.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", STATES)
def test_a_page_is_well_formed_and_fetches_nothing(name: str) -> None:
    page = Reader(render_page(STATES[name]))
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert not {"link", "iframe", "form", "base", "object"} & set(page.tags)
    assert page.tags.count("script") == page.tags.count("style") == 2
    assert not {"style", "srcset"} & {key for key, _ in page.attributes}
    assert all(str(value).startswith("#") for key, value in page.attributes if key in ("href", "src"))
    assert not any(key.startswith("on") for key, _ in page.attributes)


@pytest.mark.parametrize("name", STATES)
def test_a_page_is_made_for_every_reader(name: str) -> None:
    text = render_page(STATES[name])
    page = Reader(text)
    assert '<html lang="en">' in text
    assert page.headings[0] == "h1"
    assert page.headings.count("h1") == 1
    levels = [int(heading[1]) for heading in page.headings]
    assert all(below - above <= 1 for above, below in itertools.pairwise(levels))
    assert text.count("<table>") == text.count("<caption>") == page.tags.count("table")
    assert text.count("<th ") == text.count("<th scope=")
    assert text.count("<details>") == text.count("<summary>")


def test_the_page_tells_the_verdict_the_metrics_and_how_to_run_it_again() -> None:
    text = render_page(STATES["better"])
    assert "0.927, better by 0.014 than <code>main</code></h1>" in text
    assert '<span class="word better">better by 0.014 (+1.5 %)</span>' in text
    assert "alekseylearn fit notebooks/churn.ipynb --force" in text
    assert '<ins>+ batch_size = <span class="m marked">256</span>\n</ins>' in text
    assert "nothing that is trained uses it" in text


def test_the_whole_log_is_shown_where_it_is_known() -> None:
    text = render_page(STATES["better"], logs={DIGEST: "the whole <log>\nof it"})
    assert "the whole &lt;log&gt;\nof it" in text
    assert "epoch 20/20 val_accuracy 0.927" in text  # base's log is known by its last lines only


def test_a_very_long_log_loses_its_middle() -> None:
    text = render_page(STATES["better"], logs={DIGEST: "x" * (MAX_LOG + 500)})
    assert "… 500 characters left out …" in text


def test_a_failure_shows_the_cell_with_its_marked_line() -> None:
    text = render_page(STATES["failed"])
    assert '<span class="line here"><span class="place">7</span>        loss.backward()' in text
    assert "<code>batch_size = 128</code> became <code>batch_size = 256</code> in cell 4" in text


def test_a_failure_outside_of_the_cells_has_no_cell() -> None:
    text = render_page(STATES["lost"])
    assert "The cell that failed" not in text
    assert "Run the workflow again" in text


def test_a_result_without_words_has_no_log() -> None:
    one = told()
    assert one.head is not None
    assert one.base is not None
    quiet = replace(one, head=replace(one.head, log_tail=""), base=replace(one.base, log_tail=" \n"))
    assert "Log of" not in render_page(outcome(quiet))


def test_several_notebooks_are_listed_and_linked() -> None:
    text = render_page(STATES["several"])
    assert '<a href="#n2">notebooks/revenue.ipynb</a>' in text
    assert '<section id="n2"' in text
    assert '<section id="skipped"' in text


def test_warnings_are_told() -> None:
    assert "<li>nb.source: odd &lt;b&gt;</li>" in render_page(outcome(skipped(), warnings=("nb.source: odd <b>",)))


@pytest.mark.parametrize("name", ["better", "failed", "several", "running", "refused"])
@settings(max_examples=20, deadline=None)
@given(HOSTILE)
@example("</pre></details><script>alert(1)</script>")
@example('"><img src=x onerror=alert(1)>')
@example("{{ 7 * 7 }}")
def test_structure_does_not_depend_on_what_strangers_write(name: str, text: str) -> None:
    harmless = [tag for tag in Reader(render_page(poisoned(STATES[name], "word"))).tags if tag not in _PER_LINE]
    page = Reader(render_page(poisoned(STATES[name], f"{text}x")))
    assert page.open == []
    assert [tag for tag in page.tags if tag not in _PER_LINE] == harmless


# A line of a cell is a span, and a foreign word is a code span.
_PER_LINE = {"span", "code", "ins", "del"}


@given(st.text(max_size=80))
def test_one_line_of_markdown_becomes_escaped_html(text: str) -> None:
    made = str(inline(text)).replace("<code>", "").replace("</code>", "")
    assert "<" not in made
    assert ">" not in made


def test_code_spans_become_code() -> None:
    assert inline("see `a<b` and `` x`y ``, or ` `.") == (
        "see <code>a&lt;b</code> and <code>x`y</code>, or <code> </code>."
    )
