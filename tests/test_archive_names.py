"""Names in archives of others: plain ones, each once, in numbers that a disk can bear."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.archive_names import DEPTH, MEMBERS, Names, shown
from alekseylearn.errors import InputError


def refused(slug: str, *names: str, folder: bool = False) -> str:
    def take_all() -> None:
        taken = Names("model.tar.gz")
        for name in names:
            taken.take(name, folder=folder or name.endswith("/"))

    with pytest.raises(InputError) as caught:
        take_all()
    assert caught.value.slug == slug
    assert caught.value.where == "model.tar.gz"
    assert len(str(caught.value).splitlines()) <= 5
    assert str(caught.value).replace("\n", "").isprintable()
    return caught.value.what


def test_plain_names_are_taken_as_they_are() -> None:
    names = Names("a")
    folders = {"./": "", ".": "", "a": "a", "./b/": "b", "a/c": "a/c"}
    assert {name: names.take(name, folder=True) for name in folders} == folders
    assert names.take("a/", folder=True) == "a"
    files = {"./model.pt": "model.pt", "a/Übung 1.bin": "a/Übung 1.bin", "new/one": "new/one", "..hidden": "..hidden"}
    assert {name: names.take(name, folder=False) for name in files} == files


@pytest.mark.parametrize(
    "name",
    [
        "", "..", "../up", "a/..", "a/../../b", "/", "/etc/passwd", "//host/share", "a//b", "a/./b", "././a", ".",
        "C:x", "c:/x", "a\\b", "\\\\host\\share", "a\0b", "a\nb", "a\x1b[2Jb", "a\u202egpj.exe", "a\u200bb", "\udcff", "a\x85b",
        "a\u2028b", "\ufeffa",
    ],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_or_steers_is_refused(name: str) -> None:
    assert "no plain name below a folder" in refused("archive.unsafe", name)


@pytest.mark.parametrize("name", ["/", "..", "../", "a/../", "/tmp/", ".//", ""])
def test_a_folder_may_not_lead_elsewhere_either(name: str) -> None:
    refused("archive.unsafe", name, folder=True)


@pytest.mark.parametrize(
    "names",
    [
        ("a", "a"), ("a", "./a"), ("model.pt", "Model.PT"), ("straße", "STRASSE"), ("caf\u00e9", "cafe\u0301"),
        ("\ufb01le", "file"), ("\u212bx", "\u00e5x"), ("d/x", "D/y"), ("d/", "D/"), ("a/b/c", "a/B/"), ("d/x", "d"), ("D/", "d"),
    ],
)  # fmt: skip
def test_a_name_that_is_the_same_on_some_disks_is_refused(names: tuple[str, str]) -> None:
    assert "twice" in refused("archive.unsafe", *names)


@pytest.mark.parametrize("names", [("a", "a/b"), ("a", "a/"), ("A", "a/b/c"), ("x/y", "x/y/z")])
def test_a_file_that_is_a_folder_too_is_refused(names: tuple[str, str]) -> None:
    assert "a file and a folder" in refused("archive.unsafe", *names)


def test_names_that_no_disk_holds_are_refused() -> None:
    assert "longer than 255" in refused("archive.limit", "n" * 256)
    assert "longer than 255" in refused("archive.limit", "ü" * 128)
    assert "longer" in refused("archive.limit", "/".join(["n" * 200] * 6))
    assert "folders deep" in refused("archive.limit", "d/" * (DEPTH + 1) + "f")
    assert Names("a").take("d/" * DEPTH + "f", folder=False)
    assert Names("a").take("n" * 255, folder=False)


def test_more_members_than_are_unpacked_are_refused() -> None:
    assert f"more than {MEMBERS}" in refused("archive.limit", *(f"f{number}" for number in range(MEMBERS + 1)))
    deep = (f"{number}/" + "d/" * 30 + "f" for number in range(400))
    assert "folders" in refused("archive.limit", *deep)


def test_a_name_is_shown_on_one_line() -> None:
    assert shown("a b") == "'a b'"
    assert shown("a\x1b\n\udcff\u202e") == r"'a\x1b\n\udcff\u202e'"
    assert len(shown("n" * 500)) == 82


@given(st.lists(st.tuples(st.text(st.sampled_from("aAé./\\\n"), max_size=6), st.booleans()), max_size=6))
def test_whatever_is_taken_lies_below_and_is_there_once(names: list[tuple[str, bool]]) -> None:
    taken = Names("a")
    files = []
    for name, folder in names:
        try:
            plain = taken.take(name, folder=folder)
        except InputError as error:
            assert error.slug == "archive.unsafe"  # noqa: PT017 (it may be taken)
            continue
        assert not {"", ".", ".."} & set(plain.split("/")) or (folder and not plain)
        if not folder:
            files.append(plain.casefold())
    assert len(set(files)) == len(files)
