"""The page opens offline, says everything that the comment says, and nothing in it comes from a stranger unescaped."""

import html.parser
import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alekseylearn.metrics import Metric, MetricDelta
from alekseylearn.page import MAX_LOG, inline, render_page
from alekseylearn.page.assets import find_assets
from alekseylearn.page.inline import words
from alekseylearn.page.room import FIGURES
from alekseylearn.report import Difference
from tests.executed import cell, executed, figure, printed, raised, shown
from tests.outcomes import DIGEST, STATES, base_result, outcome, result, skipped, told
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
    assert "Log: " not in render_page(outcome(quiet))


def test_a_metric_tells_its_goal_its_source_and_how_far_its_runs_lie_apart() -> None:
    metrics = (
        Metric(name="accuracy", value=0.9, source="history", cell=8, also=("tensorboard",), spread=0.004, runs=5),
        Metric(name="loss", value=0.3, runs=3),
        Metric(name="weird", value=math.nan),
    )
    deltas = tuple(
        MetricDelta(name=one.name, base=None, head=one.value, goal=goal, verdict="new", guessed=guessed)
        for one, goal, guessed in zip(metrics, ("max", "min", None), (True, False, False), strict=True)
    )
    gone = MetricDelta(name="gone", base=1.0, head=None, goal=None, verdict="gone")
    before = base_result(metrics=(Metric(name="gone", value=1.0, source="metrics.json"),))
    text = render_page(outcome(told(head=result(metrics=metrics), base=before, deltas=(*deltas, gone))))
    for wanted in (
        "higher is better (guessed)",
        "lower is better<",
        "from history, cell 8; also in tensorboard, not used",
        '0.900<span class="under">±0.004, mean of 5 runs</span>',
        '0.300<span class="under">mean of 3 runs</span>',
        "not a number",
        "from metrics.json<",
    ):
        assert wanted in text, wanted


def test_what_else_differs_is_said_before_the_metrics() -> None:
    found = (Difference(what="torch", base="2.12.0", head="2.13.0"),)
    text = render_page(outcome(told(differences=found)))
    assert text.index("The two sides differ in more than the code") < text.index("Metrics of both sides")
    assert "<td><code>2.12.0</code></td><td><code>2.13.0</code></td>" in text


def test_the_executed_notebook_is_in_the_page() -> None:
    book = executed(
        [cell(8, "loss.backward()", printed("epoch 1"), figure()), cell(9, "val", raised("ValueError", "no"))]
    )
    text = render_page(STATES["better"], notebooks={DIGEST: book})
    assert "<summary>2 cells, with what they printed and showed</summary>" in text
    assert '<h4>Cell 8 <span class="quiet">1.5 s</span></h4>' in text
    assert '<img id="figure-1" src="data:image/png;base64,' in text
    assert 'alt="Figure of Cell 8" width="6" height="4"' in text
    assert '<pre class="out printed stdout">epoch 1</pre>' in text
    assert '<pre class="out error">ValueError: no</pre>' in text


def test_an_executed_notebook_that_cannot_be_shown_is_named() -> None:
    for books in ({}, {DIGEST: b"broken"}):
        assert "It is not shown here: see <code>churn.executed.ipynb</code>" in render_page(
            STATES["better"], notebooks=books
        )
    assert "Executed notebook" not in render_page(outcome(told(head=result(artifacts=()))))


def test_figures_for_which_there_is_no_room_are_said() -> None:
    large = shown({"image/svg+xml": "<svg>" + "x" * FIGURES + "</svg>"})
    text = render_page(STATES["better"], notebooks={DIGEST: executed([cell(8, "x", large)])})
    assert "Figure of Cell 8: left out, it is 2.0 MB large." in text
    assert "<li>1 part was left out, to keep this page small: see the executed notebook.</li>" in text
    assert len(text) < 200_000


def test_without_the_chart_library_the_tables_say_the_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    for found in (lambda: "</script>", _cannot):
        monkeypatch.setattr("youplot.vendor.uplot_js", found)
        find_assets.cache_clear()
        text = render_page(STATES["better"])
        assert (text.count("<script>"), text.count("<style>")) == (1, 1)
        assert "The numbers of this curve" in text
    monkeypatch.undo()
    find_assets.cache_clear()


def _cannot() -> str:
    raise OSError("gone")


def test_a_sentence_from_outside_keeps_its_plain_words() -> None:
    assert words("no room <b>left</b>") == "no room <code>&lt;b&gt;left&lt;/b&gt;</code>"


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
