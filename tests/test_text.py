"""Markdown as a type: whatever a stranger writes, the rendered page has the structure that we meant."""

import html.parser
import math

import cmarkgfm
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alekseylearn.text import (
    Markdown,
    clean,
    clean_block,
    code,
    details,
    duration,
    fence,
    html_code,
    is_markup,
    join,
    link,
    longest_run,
    money,
    number,
    plural,
    prose,
    size,
    table,
)

HOSTILE_WORDS = r"""
` `` ``` ~~~ | \ < > </details> <!-- --> &amp; &#64; @octocat #1 a/b#2 https://x.example www.x.example a@b.example GH-1
![i](u) [l](u) [^1] # - 1. 1) + = --- **b** ~~s~~ $x$ :smile: 0123456789abcdef <script> <https://x.example>
| é 木 x , . : ) 's
"""
HOSTILE_SIGNS = ["\n", "\r", "\t", " ", "\u202e", "\u200b", "\x00", "\ud800", "\u2028"]
HOSTILE = st.text(max_size=60) | st.lists(st.sampled_from(HOSTILE_WORDS.split() + HOSTILE_SIGNS), max_size=12).map(
    "".join
)


class Page(html.parser.HTMLParser):
    """Tags of a rendered page in order, and the text inside its code elements and outside of them."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.codes: list[str] = []
        self.outside = ""
        self._inside = False
        self.feed(cmarkgfm.github_flavored_markdown_to_html(markdown))
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag == "code":
            self._inside = True
            self.codes.append("")

    def handle_endtag(self, tag: str) -> None:
        self.tags.append("/" + tag)
        if tag == "code":
            self._inside = False

    def handle_comment(self, data: str) -> None:
        self.tags.append("comment")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.codes[-1] += data
        else:
            self.outside += data


def in_a_table(cell: str) -> str:
    return details("All cells", table(["Cell", "Text"], [["1", cell], ["2", "end"]], ["right", "left"]))


@given(HOSTILE)
@example("`a` `b")
@example("\\|")
@example("a\\")
def test_a_code_span_in_a_folded_table_stays_one_code_span(text: str) -> None:
    page = Page(in_a_table(code(text)))
    assert page.tags == Page(in_a_table(code("x"))).tags
    assert page.codes == [clean(text, 80).replace("|", "¦") or " "]


@given(HOSTILE)
def test_a_code_span_in_a_sentence_stays_one_code_span(text: str) -> None:
    for frame in ("cell {} changed", "{}", "- {}\n- end"):
        page = Page(frame.format(code(text)))
        assert page.tags == Page(frame.format(code("x"))).tags
        assert page.codes == [clean(text, 80).replace("|", "¦") or " "]


@given(HOSTILE)
def test_a_fence_in_a_fold_holds_all_of_its_text(text: str) -> None:
    page = Page(details("Log", join([fence(text), Markdown("end")])))
    assert page.tags == Page(details("Log", join([fence("x"), Markdown("end")]))).tags
    assert page.codes == [clean_block(text).strip("\n") + "\n"]


@given(HOSTILE)
def test_a_sentence_with_foreign_words_is_words_and_code_only(text: str) -> None:
    page = Page(prose(text))
    assert set(page.tags) <= {"p", "/p", "code", "/code"}
    assert page.tags.count("p") <= 1
    assert not set(page.outside.replace(" <=", "").replace(" >=", "")) & set("@#<>[]*_~\\&$")


@given(HOSTILE)
def test_a_sentence_in_a_table_stays_in_its_cell(text: str) -> None:
    page = Page(in_a_table(prose(text, cell=True)))
    without_code = [tag for tag in page.tags if tag not in ("code", "/code")]
    assert without_code == [tag for tag in Page(in_a_table("x")).tags if tag not in ("code", "/code")]


def test_a_sentence_of_ours_stays_as_it_is() -> None:
    assert prose("defines `X_train`, used by cell 9; accuracy 0.93 (better)") == (
        "defines `X_train`, used by cell 9; accuracy 0.93 (better)"
    )
    assert prose("(see `a`), `b`'s `c`: `d`.") == "(see `a`), `b`'s `c`: `d`."
    assert prose("marked `#| skip`", cell=True) == r"marked `#\| skip`"
    assert prose("marked `#| skip`") == "marked `#| skip`"


@pytest.mark.parametrize("first", ["-", "+", "=", ">=", "1.", "2)"])
def test_a_sentence_never_starts_a_list_or_quotation(first: str) -> None:
    assert prose(f"{first} thing") == f"`{first}` thing"
    assert prose("a - b") == "a - b"


@given(HOSTILE)
def test_a_fold_shows_code_without_markdown(text: str) -> None:
    page = Page(details(f"{html_code(text)} changed", Markdown("end")))
    assert page.tags == Page(details(f"{html_code('x')} changed", Markdown("end"))).tags


def test_only_secure_addresses_become_links() -> None:
    assert link("the run", "https://ci.example/1?a=b") == "[the run](https://ci.example/1?a=b)"
    assert link("the run", "https://ci.example/a) [b](c") == "[the run](https://ci.example/a%29%20%5Bb%5D%28c)"
    for url in ("javascript:alert(1)", "http://ci.example", "https://", "", "//ci.example"):
        assert link("the run", url) == "the run"


@given(st.text())
def test_clean_text_is_one_visible_line_within_its_limit(text: str) -> None:
    line = clean(text, 20)
    assert len(line) <= 20
    assert "\n" not in line
    assert line == line.strip()
    assert clean(line, 20) == line
    line.encode()


def test_a_cut_is_shown() -> None:
    assert clean("a" * 30, 10) == "a" * 9 + "…"
    assert clean("a" * 10, 10) == "a" * 10


def test_lines_survive_and_what_cannot_be_seen_does_not() -> None:
    assert clean_block("a\r\nb\rc\u202e\x1b[31m\td") == "a\nb\nc[31m\td"


def test_the_longest_run_is_counted() -> None:
    assert longest_run("a``b```c`", "`") == 3
    assert longest_run("abc", "`") == 0
    assert longest_run("a..b", ".") == 2


def test_empty_parts_are_left_out() -> None:
    assert join(["a", "", "b"]) == "a\n\nb"
    assert join(["a", "b"], " · ") == "a · b"


@pytest.mark.parametrize(("count", "words"), [(0, "0 cells"), (1, "1 cell"), (2, "2 cells")])
def test_a_count_goes_with_its_noun(count: int, words: str) -> None:
    assert plural(count, "cell") == words


def test_an_odd_plural_is_given() -> None:
    assert plural(3, "epoch is", "epochs are") == "3 epochs are"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.927, "0.927"),
        (0.92746, "0.9275"),
        (0.9, "0.900"),
        (0.99999, "1.000"),
        (2.5, "2.500"),
        (12.3456, "12.346"),
        (999.9996, "1000.0"),
        (1234567.8, "1234567.8"),
        (951, "951"),
        (0, "0"),
        (-0.0, "0"),
        (-3.25, "-3.250"),
        (0.0005, "0.0005"),
        (1.2e-07, "1.2e-07"),
        (-1.2345e-07, "-1.23e-07"),
        (1e14, "100000000000000"),
        (1e15, "1e+15"),
        (1e300, "1e+300"),
        (math.nan, "not a number"),
        (math.inf, "infinity"),
        (-math.inf, "-infinity"),
    ],
)
def test_numbers_read_as_a_person_writes_them(value: float, shown: str) -> None:
    assert number(value) == shown


@given(st.floats(-1e300, 1e300))
def test_numbers_are_short_and_near_the_truth(value: float) -> None:
    shown = number(value)
    assert len(shown) <= 18
    assert math.isclose(float(shown), value, rel_tol=6e-3, abs_tol=1e-300)


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (41_300, "41 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (14_200_000, "14.2 MB"),
        (99_949_999, "99.9 MB"),
        (99_960_000, "100 MB"),
        (3_000_000_000, "3.0 GB"),
        (2 * 10**12, "2.0 TB"),
        (10**21, "1000000 PB"),
    ],
)
def test_sizes_have_the_unit_that_fits(count: int, shown: str) -> None:
    assert size(count) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1, "0.0 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (48, "48 s"),
        (59.6, "1 min 0 s"),
        (161, "2 min 41 s"),
        (3599.7, "1 h 0 min"),
        (11_100, "3 h 5 min"),
        (200_000, "55 h 33 min"),
    ],
)
def test_durations_have_the_unit_that_fits(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("dollars", "shown"), [(0.0, "$0.00"), (0.0001, "under $0.01"), (0.005, "$0.01"), (3.2, "$3.20")]
)
def test_a_price_is_never_nothing_unless_it_is(dollars: float, shown: str) -> None:
    assert money(dollars) == shown


@pytest.mark.parametrize("text", ["a\n```", "~~~", "</details>", "# Passed", "<!-- x", "![i](x)", "<IMG src=x>"])
def test_what_would_be_drawn_is_known(text: str) -> None:
    assert is_markup(text)


@pytest.mark.parametrize("text", ["loss < 0.5", "<class 'int'>", "a # comment", "x[0]", "epoch 1/2: [####  ]", "``x``"])
def test_what_a_training_prints_is_no_markup(text: str) -> None:
    assert not is_markup(text)
