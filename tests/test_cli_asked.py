"""What is named on the command line: only plain files are read, none is opened to find that out, no link is followed."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.desk import LONGER, NOTEBOOK, Bench, Desk, lone_desk
from tests.small import growth

COMMANDS = (["diff"], ["slice"], ["fit", "--dry-run"])


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench.create(tmp_path)


@pytest.fixture
def alone(tmp_path: Path) -> Desk:
    desk = lone_desk(tmp_path / "alone")
    desk.write(NOTEBOOK, growth())
    return desk


def lay(place: Path, what: str) -> None:
    """Put something at *place* that is no plain file."""
    match what:
        case "a pipe":
            os.mkfifo(place)
        case "a folder":
            place.mkdir()
        case "a socket":
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(os.path.relpath(place))
        case "a link":
            place.symlink_to("/etc/passwd")
        case "a link to a notebook":
            place.symlink_to(NOTEBOOK)
        case "a loop":
            place.symlink_to(place.name)
        case _:
            place.symlink_to("nowhere.ipynb")


def refuse(desk: Desk, words: list[str], path: Path | str) -> str:
    """Run a command on *path*, which must be refused; return what was said."""
    done = desk.run(*words, path)
    assert (done.code, done.out) == (3, ""), done
    assert done.err.startswith("error[path.unsafe]: ")
    assert done.err.count("\n") <= 5
    assert "root:" not in done.err
    return done.err


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_what_is_no_plain_file_is_refused_in_a_repository_and_outside(
    bench: Bench, alone: Desk, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    kinds = ("a pipe", "a folder", "a socket", "a link", "a link to a notebook", "a loop", "a link to nowhere")
    for desk in (bench.desk, alone):
        monkeypatch.chdir(desk.folder)
        for what in kinds:
            place = desk.folder / f"{what}.ipynb"
            lay(place, what)
            said = refuse(desk, words, place)
            assert "symbolic link" in said if "l" in what.split()[1][0] and what != "a pipe" else what in said
    monkeypatch.undo()


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_folder_that_leads_away_is_not_gone_through(bench: Bench, tmp_path: Path, words: list[str]) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "deep").mkdir(parents=True)
    for folder in (elsewhere, elsewhere / "deep"):
        (folder / NOTEBOOK).write_bytes(growth())
    (bench.desk.folder / "sub").mkdir()
    (bench.desk.folder / "sub/away").symlink_to(elsewhere)
    for path in (f"sub/away/deep/{NOTEBOOK}", bench.desk.folder / "sub/away/deep" / NOTEBOOK):
        assert "below the symbolic link" in refuse(bench.desk, words, path)
    assert "symbolic link" in refuse(bench.desk, words, f"sub/away/deep/../{NOTEBOOK}")
    if words != ["slice"]:
        assert "symbolic link" in refuse(bench.desk, words, "sub/away")


def test_links_of_the_machine_itself_are_gone_through(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "short").symlink_to(tmp_path)
    bench.desk.write(NOTEBOOK, growth(LONGER))
    path = tmp_path / "short" / bench.desk.folder.name / NOTEBOOK
    here, there = bench.desk.run("diff", NOTEBOOK, "--json"), bench.desk.run("diff", path, "--json")
    assert there.document == here.document
    assert there.document["notebooks"][0]["trains"] is True


def test_a_name_that_is_not_utf_8_is_refused(bench: Bench) -> None:
    name = os.fsdecode(b"nb\xe9.ipynb")
    bench.desk.write(name, growth())
    for words in COMMANDS:
        assert r"nb\xe9.ipynb" in refuse(bench.desk, words, name)
    assert r"\xff" in refuse(bench.desk, ["diff"], os.fsdecode(b"\xff"))


def test_a_name_of_any_length_or_kind_is_no_defect(bench: Bench) -> None:
    for words in COMMANDS:
        for name in ("x" * 300 + ".ipynb", "a/" * 3000 + "x.ipynb"):
            done = bench.desk.run(*words, name)
            assert done.code in (2, 3)
            assert "bug" not in done.err


class TestElsewhere:
    def test_a_notebook_of_another_repository_is_compared_there(self, bench: Bench, tmp_path: Path) -> None:
        (tmp_path / "two").mkdir()
        other = Bench.create(tmp_path / "two")
        bench.desk.write(NOTEBOOK, growth(LONGER))
        for words in (["diff"], ["fit", "--dry-run"]):
            there = other.desk.run(*words, bench.desk.folder / NOTEBOOK, "--json")
            assert there.document == bench.desk.run(*words, NOTEBOOK, "--json").document

    def test_a_notebook_of_no_repository_is_all_new(self, bench: Bench, alone: Desk) -> None:
        (found,) = bench.desk.run("diff", alone.folder / NOTEBOOK, "--json").document["notebooks"]
        assert (found["path"], found["status"]) == (NOTEBOOK, "added")
        assert bench.desk.run("slice", alone.folder / NOTEBOOK).code == 0
        done = bench.desk.run("fit", alone.folder / NOTEBOOK, "--json")
        assert done.document["runs"][0]["state"] == "succeeded"
        assert not (bench.desk.folder / ".alekseylearn").exists()

    def test_a_folder_is_its_notebooks_in_the_repository_around_it(self, bench: Bench, alone: Desk) -> None:
        bench.desk.write("sub/deeper/a.ipynb", growth())
        bench.desk.write(NOTEBOOK, growth(LONGER))
        for words in (["diff"], ["fit", "--dry-run"]):
            key, name = ("notebooks", "path") if words == ["diff"] else ("runs", "notebook")
            cases = {"": [NOTEBOOK, "sub/deeper/a.ipynb"], "sub": ["sub/deeper/a.ipynb"], ".git": []}
            for folder, expected in cases.items():
                document = alone.run(*words, bench.desk.folder / folder, "--json").document
                assert [one[name] for one in document[key]] == expected
            mixed = alone.run(*words, bench.desk.folder / "sub", bench.desk.folder / NOTEBOOK, "--json").document
            assert [one[name] for one in mixed[key]] == cases[""]
        for folder in (".", "..", "../sub"):
            within = lone_desk(bench.desk.folder / "sub").run("diff", folder, "--json")
            assert len(within.document["notebooks"]) == (2 if folder == ".." else 1)

    def test_a_configuration_is_the_folder_that_it_lies_in(self, alone: Desk, tmp_path: Path) -> None:
        alone.write("nb/a.ipynb", growth())
        alone.write("other/b.ipynb", growth())
        path = alone.write("alekseylearn.yml", "notebooks: ['nb/*.ipynb']\n")
        document = lone_desk(tmp_path / "away").run("fit", path, "--dry-run", "--json").document
        assert [one["notebook"] for one in document["runs"]] == ["nb/a.ipynb"]
        alone.write("alekseylearn.yml", "notbooks: []\n")
        done = alone.run("fit", path, "--dry-run")
        assert (done.code, done.out) == (3, "")
        assert done.err.startswith("error[cfg.unknown]")

    def test_a_configuration_in_a_repository_is_that_repositorys(self, bench: Bench, alone: Desk) -> None:
        bench.desk.write(NOTEBOOK, growth(LONGER))
        path = bench.desk.write("conf/none.yml", "notebooks: ['nothing/*.ipynb']\n")
        assert alone.run("fit", path, "--dry-run", "--json").document["runs"] == []
        assert len(alone.run("fit", bench.desk.folder, "--dry-run", "--json").document["runs"]) == 1
        done = alone.run("fit", path, bench.desk.write("other.yml", ""))
        assert (done.code, done.err.splitlines()[0]) == (2, "error[usage.config]: 2 configurations are named")

    def test_a_configuration_that_is_a_link_or_a_pipe_is_refused(self, alone: Desk) -> None:
        (alone.folder / "alekseylearn.yml").symlink_to("/etc/passwd")
        refuse(alone, ["fit", "--dry-run"], "alekseylearn.yml")
        (alone.folder / "alekseylearn.yml").unlink()
        os.mkfifo(alone.folder / "alekseylearn.yml")
        refuse(alone, ["fit", "--dry-run"], "alekseylearn.yml")
        refuse(alone, ["fit", "--dry-run"], NOTEBOOK)


class TestNamesAreData:
    NAMES = ("a\nb=1\n::warning::x.ipynb", "${{ github.actor }}.ipynb", "a|b](c)<b>.ipynb", "x\u2067y.ipynb")

    def test_one_that_holds_more_than_a_name_is_warned_of(self, bench: Bench) -> None:
        for name in self.NAMES:
            bench.desk.write(name, growth())
            for words in COMMANDS:
                done = bench.desk.run(*words, name)
                assert done.code == 0
                assert "warning[text.neutralised]: its name holds " in done.err
                assert not any(line.startswith("::") for line in (done.out + done.err).splitlines())

    def test_all_of_them_are_compared_and_warned_of(self, bench: Bench) -> None:
        for name in (*self.NAMES, "--output=x.ipynb", "plain.ipynb"):
            bench.desk.write(name, growth())
        done = bench.desk.run("diff", "--json")
        assert len(done.document["notebooks"]) == 6
        assert done.err.count("warning[text.neutralised]") == 4

    def test_a_dash_in_front_is_a_name_after_two(self, bench: Bench) -> None:
        bench.desk.write("--exit-code.ipynb", growth())
        for words in COMMANDS:
            assert bench.desk.run(*words, "--", "--exit-code.ipynb").code == 0
