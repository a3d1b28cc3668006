"""What a live notebook shows: plain columns, HTML of the same, and no name that becomes markup."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.live_runs import HEAD, compared_table, runs_table
from alekseylearn.live_tables import Table

ROW = {
    "id": "1a2b3c4d5e6f", "name": "churn", "state": "succeeded", "since": 0, "collected": True, "backend": "process",
    "commit": "4e1f0c2" + "0" * 33, "metrics": {"auc": 0.5, "loss": "nan"}, "seconds": 61.0,
}  # fmt: skip
RUN = {
    "id": "1a2b3c4d5e6f", "state": "succeeded", "failure": None, "refused": "",
    "gates": [{"gate": "auc >= 0.9", "passed": False}, {"gate": "loss <= 1", "passed": True}],
    "deltas": [
        {"name": "auc", "base": 0.4, "head": 0.5, "verdict": "better"},
        {"name": "loss", "base": None, "head": "nan", "verdict": "new"},
    ],
}  # fmt: skip


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found.append(tag)


def test_columns_stand_under_their_heads() -> None:
    table = Table(head=("Run", "Model"), rows=[("1", "long name"), ("22", "b")], caption="All", after=["that is all"])
    assert repr(table).splitlines() == ["All", "Run  Model", "1    long name", "22   b", "that is all"]
    assert Tags(table._repr_html_()).found == [
        "p",
        "table",
        "thead",
        "tr",
        "th",
        "th",
        "tbody",
        *["tr", "td", "td"] * 2,
        "p",
    ]


def test_without_rows_only_the_lines_are_shown() -> None:
    table = Table(head=("Run",), rows=(), after=["nothing"])
    assert (repr(table), table._repr_html_()) == ("nothing", "<p>nothing</p>")


@given(name=st.text(max_size=60))
def test_no_name_is_markup_or_another_line(name: str) -> None:
    table = Table(head=("a", "b"), rows=[(name, "1"), ("x", name)], caption=f"of {name}")
    plain = Table(head=("a", "b"), rows=[("", "1"), ("x", "")], caption="of x")
    assert Tags(table._repr_html_()).found == Tags(plain._repr_html_()).found
    assert len(repr(table).split("\n")) == 4


def test_runs_are_listed_with_those_that_have_no_job_yet() -> None:
    table = runs_table([ROW, {**ROW, "commit": "", "seconds": 0, "metrics": {}}], [("f" * 12, "new", 60.0)])
    assert table.head == HEAD
    assert [row[2:] for row in table.rows] == [
        ("being prepared", "1970-01-01 00:01", "work tree", "", ""),
        ("succeeded", "1970-01-01 00:00", "4e1f0c2", "1 min 1 s", "auc 0.500, loss not a number"),
        ("succeeded", "1970-01-01 00:00", "work tree", "", ""),
    ]


def test_a_run_stands_beside_its_base() -> None:
    table = compared_table(RUN, caption="churn")
    assert list(table.rows) == [("auc", "0.400", "0.500", "better by 0.100"), ("loss", "none", "not a number", "new")]
    assert list(table.after) == [
        "gate failed: auc >= 0.9",
        "%fetch 1a2b3c4d5e6f brings the model here, %fetch 1a2b3c4d5e6f --base the base's, too",
    ]


def test_a_failure_is_told_with_its_cell_and_what_to_do() -> None:
    failure = {"exception": "ValueError", "message": "no", "cell": 3, "hint": "mend it"}
    failed = {**RUN, "state": "failed", "deltas": [], "gates": [], "failure": failure, "refused": "error[nb.x]: y"}
    assert list(compared_table(failed, caption="").after) == ["cell 3: ValueError: no", "mend it", "error[nb.x]: y"]
    lost = {**failed, "failure": {**failure, "cell": None, "hint": ""}, "refused": ""}
    assert list(compared_table(lost, caption="").after) == ["ValueError: no"]
