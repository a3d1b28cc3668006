"""Notebooks as values: what is read, what is refused and in which words."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn import notebook as module
from alekseylearn.errors import InputError
from alekseylearn.notebook import Cell, Notebook, parse
from alekseylearn.notebook_files import spare_grammars

OUTPUT = {"output_type": "stream", "name": "stdout", "text": "1\n"}


def cell(source: Any = "a = 1", **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None} | more


def document(*cells: Any, **more: Any) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)} | more


def read(written: Any, path: str = "work/a.ipynb") -> Notebook:
    return parse(path, written if isinstance(written, bytes) else json.dumps(written).encode())


def refusal(written: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        read(written)
    assert len(str(caught.value).splitlines()) <= 5
    assert caught.value.hint
    assert caught.value.where.startswith("work/a.ipynb")
    return caught.value


def test_a_notebook_is_its_cells_in_order() -> None:
    metadata = {
        "kernelspec": {"name": "ml", "display_name": "ML env", "language": "python"},
        "language_info": {"name": "python"},
    }
    found = read(
        document(
            {"cell_type": "markdown", "id": "intro", "source": ["# Title\n", "text"], "metadata": {}},
            cell("x = 1", id="one", execution_count=3, outputs=[OUTPUT], metadata={"tags": ["train"], "slow": True}),
            {"cell_type": "raw", "id": "raw", "source": "raw", "metadata": {}},
            metadata=metadata,
        )
    )
    assert (found.path, found.folder, found.language) == ("work/a.ipynb", "work", "python")
    assert (found.kernel, found.display_name, found.warnings) == ("ml", "ML env", ())
    assert [(each.index, each.id, each.kind) for each in found.cells] == [
        (0, "intro", "markdown"),
        (1, "one", "code"),
        (2, "raw", "raw"),
    ]
    assert found.cells[0].source == "# Title\ntext"
    assert found.code_cells == found.cells[1:2]
    assert (found.cells[1].execution_count, found.cells[1].tags) == (3, {"train"})


def test_a_bare_notebook_has_the_usual_kernel() -> None:
    found = parse("a.ipynb", json.dumps(document()).encode())
    assert (found.folder, found.cells, found.kernel, found.display_name) == ("", (), "python3", "Python 3")


def test_line_ends_are_the_same_everywhere() -> None:
    assert read(document(cell("a\r\nb\rc", id="a"))).cells[0].source == "a\nb\nc"


def test_outputs_and_metadata_are_digests_and_tags_are_not_metadata() -> None:
    plain, full, tagged, other = read(
        document(
            cell(id="a"),
            cell(id="b", outputs=[OUTPUT], metadata={"k": 1}),
            cell(id="c", metadata={"tags": ["x", 3]}),
            cell(id="d", outputs=[{**OUTPUT, "text": "2\n"}], metadata={"k": 2, "tags": "no list"}),
        )
    ).cells
    assert (plain.outputs, plain.metadata, tagged.metadata) == ("", "", "")
    assert len(full.outputs) == len(full.metadata) == 64
    assert full.outputs != other.outputs
    assert full.metadata != other.metadata
    assert (tagged.tags, other.tags) == ({"x"}, set())


PICTURE = "iVBORw0KGgo" * 1000


def shown(**data: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "metadata": {}, "data": data}


def test_outputs_of_another_meaning_have_another_digest() -> None:
    other = PICTURE.replace("i", "j", 1)
    lists: list[Any] = [
        [shown(png=PICTURE)],
        [shown(png=other)],
        [shown(png=PICTURE + "\ud800")],
        [shown(png=PICTURE, text="a")],
        [shown(jpeg=PICTURE)],
        [shown(png=PICTURE, jpeg=other)],
        [shown(png=other, jpeg=PICTURE)],
        [shown(png=PICTURE), shown(png=other)],
        [shown(png=other), shown(png=PICTURE)],
        [shown(), shown(png=PICTURE)],
        [shown(png=[PICTURE])],
        [shown(png=[PICTURE[:9000], PICTURE[9000:]])],
        [{"data": [PICTURE]}],
    ]
    found = read(document(*(cell(id=f"c{number}", outputs=each) for number, each in enumerate(lists)))).cells
    assert len({each.outputs for each in found}) == len(lists)
    assert all(len(each.outputs) == 64 for each in found)


def test_the_order_of_keys_in_an_output_means_nothing() -> None:
    data = {"image/png": PICTURE, "image/jpeg": PICTURE, "text/plain": "a"}
    there, back = read(
        document(cell(id="a", outputs=[shown(**data)]), cell(id="b", outputs=[shown(**dict([*data.items()][::-1]))]))
    ).cells
    assert there.outputs == back.outputs


def test_what_is_attached_to_a_text_is_part_of_its_metadata() -> None:
    plain, one, other, key = read(
        document(
            cell(cell_type="markdown", id="a", metadata={"k": 1}),
            cell(cell_type="markdown", id="b", metadata={"k": 1}, attachments={"a.png": {"image/png": "iVBO"}}),
            cell(cell_type="markdown", id="c", metadata={"k": 1}, attachments={"a.png": {"image/png": "iVBP"}}),
            cell(cell_type="markdown", id="d", attachments={"k": 1}),
        )
    ).cells
    assert len({plain.metadata, one.metadata, other.metadata, key.metadata}) == 4


@pytest.mark.parametrize(
    ("source", "tags", "marks"),
    [
        ("#| train\nmodel.fit(x)", (), {"train"}),
        ("# | keep", (), {"keep"}),
        ("#|metrics\n#| train\nx", (), {"metrics", "train"}),
        ("x = 1\n#| train", (), set()),
        ("#| training\n", (), set()),
        ("# train", (), set()),
        ("", (), set()),
        ("x", ("parameters", "foreign"), {"parameters"}),
        ("#| train", ("skip-execution",), {"train", "skip"}),
        ("x", ("keep", "metrics", "skip", "train"), {"keep", "metrics", "skip", "train"}),
    ],
)
def test_marks_are_first_lines_and_tags(source: str, tags: tuple[str, ...], marks: set[str]) -> None:
    assert Cell(index=0, id="a", kind="code", source=source, tags=frozenset(tags)).marks == marks


@pytest.mark.parametrize(
    ("source", "headline"),
    [
        ("\n# a note\n%%time\nmodel.fit(X, y)\nprint()", "model.fit(X, y)"),
        ("# only a note", "# only a note"),
        ("", ""),
        ("x" * 100, "x" * 59 + "…"),
    ],
)
def test_a_headline_is_the_first_line_that_says_something(source: str, headline: str) -> None:
    assert Cell(index=0, id="a", kind="code", source=source).headline == headline


def test_cells_without_ids_of_their_own_get_stable_ones() -> None:
    sources = ["a", "b", "a", "c", "d"]
    without = read(document(*map(cell, sources), nbformat_minor=4))
    ids = [each.id for each in without.cells]
    assert len(set(ids)) == 5
    assert ids == [each.id for each in read(document(*map(cell, sources), nbformat_minor=4)).cells]
    assert without.warnings == ()
    later = read(document(cell("new"), *map(cell, sources), nbformat_minor=4))
    assert [each.id for each in later.cells][1:] == ids


def test_odd_ids_are_replaced_and_said_so() -> None:
    made = read(document(cell("a"), nbformat_minor=4)).cells[0].id
    found = read(
        document(
            *[cell(source, id=each) for source, each in (("a", "same"), ("b", "same"), ("c", "bad id"), ("d", 7))],
            cell("e", id="x" * 65),
            cell("f", id=["x"]),
            cell("g", id=""),
            cell("a", id=made),
            cell("fine", id="fine-id_1"),
        )
    )
    ids = [each.id for each in found.cells]
    assert len(set(ids)) == len(ids)
    assert all(each.startswith("al-") for each in ids[:7])
    assert ids[7:] == [made, "fine-id_1"]
    assert found.warnings == ("nb.identity: 7 cells without an id of its own; an id was made from the text",)


def test_characters_that_cannot_be_seen_are_said_so() -> None:
    found = read(document(cell("a = 1", id="a"), cell("b = '\u202e\u200b\u202e'", id="b")))
    assert found.warnings == ("nb.source: cell 1 holds characters that cannot be seen (U+200B, U+202E)",)


def test_half_characters_are_read_as_escapes_and_said_so() -> None:
    written = document(
        cell(["s = '\ud83d", "\ude00'"], id="a"),
        cell(
            "t = 2", id="b", outputs=[{**OUTPUT, "text": "\udfff"}], metadata={"tags": ["\ud800"], "\ud801": "\ud802"}
        ),
        metadata={"kernelspec": {"name": "\ud800", "display_name": "\ud801"}},
    )
    found = read(written)
    assert found.cells[0].source == "s = '\\ud83d\\ude00'"
    assert found.warnings == ("nb.source: cell 0 holds halves of characters, read as escapes (U+D83D, U+DE00)",)
    assert repr(found).encode()
    assert json.dumps(found.display_name, ensure_ascii=False).encode()
    assert found == read(written)


def test_the_same_text_in_another_encoding_of_the_file_is_the_same_notebook() -> None:
    plain = json.dumps(document(cell("é = '🎉'\nb", id="a")), indent=1)
    unescaped = json.dumps(document(cell(["é = '🎉'\r\n", "b"], id="a")), ensure_ascii=False)
    assert (
        read(plain.encode()) == read(unescaped.encode()) == read(b"\xef\xbb\xbf" + plain.replace("\n", "\r\n").encode())
    )


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_no_json_are_said_and_never_written(number: str) -> None:
    data = json.dumps(document(cell("a", id="a", metadata={"x": "@"}))).replace('"@"', number)
    found = read(data.encode())
    (warning,) = found.warnings
    assert warning.startswith(f"nb.schema: it holds {number}, which is no JSON")
    assert len(found.cells[0].metadata) == 64


@pytest.mark.parametrize("count", ["1e999", "-0.0", "12345678901234567890", "true", '"1"', "[]"])
def test_a_count_that_is_none_is_no_count(count: str) -> None:
    data = json.dumps(document(cell("a", id="a", execution_count="@"))).replace('"@"', count)
    assert read(data.encode()).cells[0].execution_count is None


def test_what_outputs_hold_is_told_beside_the_warnings() -> None:
    token = "ghp_" + "a1B2c3D4" * 4 + "e5F6"
    found = read(
        document(
            cell("a", id="a", outputs=[{**OUTPUT, "text": [f"TOKEN={token}\n"]}]),
            cell("b", id="b", outputs=[shown(**{"text/html": "<p>" + "x" * 5000 + "<script>"})]),
            cell("c", id="c", outputs=[shown(**{"image/png": PICTURE})]),
        )
    )
    assert found.warnings == ()
    assert [told.partition(" hold")[0] for told in found.contained] == [
        "secret.redacted: outputs of cell 0",
        "text.neutralised: outputs of cell 1",
    ]


def test_letters_that_look_like_others_are_said_so() -> None:
    found = read(document(cell("\u0430dmin = 1", id="a"), cell("us\u0435r = 2", id="b")))
    assert found.warnings == ("nb.source: cells 0, 1 hold letters that look like Latin and are not (U+0430, U+0435)",)


def test_a_notebook_of_version_3_is_converted_and_its_ids_do_not_change() -> None:
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": "old"},
        "worksheets": [
            {
                "metadata": {},
                "cells": [
                    {"cell_type": "heading", "level": 2, "source": ["Title"], "metadata": {}},
                    {
                        "cell_type": "code",
                        "language": "python",
                        "input": ["a = 1\n", "a"],
                        "outputs": [{"output_type": "pyout", "prompt_number": 4, "text": ["1"], "metadata": {}}],
                        "prompt_number": 4,
                        "collapsed": False,
                        "metadata": {},
                    },
                ],
            }
        ],
    }
    found = read(old)
    assert [(each.kind, each.source) for each in found.cells] == [("markdown", "## Title"), ("code", "a = 1\na")]
    assert found.cells[1].execution_count == 4
    assert found == read(copy.deepcopy(old))


V3: dict[str, Any] = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}}
CONFLICT = b'{\n "cells": [\n<<<<<<< HEAD\n  1\n=======\n  2\n>>>>>>> topic\n ]}'
REFUSED: list[tuple[str, Any, str, str]] = [
    ("nb.lfs", b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n", "LFS pointer", ""),
    ("nb.conflict", CONFLICT, "conflict markers", "line 3"),
    ("nb.conflict", b"<<<<<<< HEAD\n{}", "conflict markers", "line 1"),
    ("nb.conflict", b"{\n>>>>>>> topic\n", "conflict markers", "line 2"),
    ("nb.unreadable", b"", "empty", ""),
    ("nb.unreadable", b"x = 1", "not valid JSON", "line 1"),
    ("nb.unreadable", b"\x89PNG\r\n", "not UTF-8", ""),
    ("nb.ambiguous", b'{"nbformat": 4, "cells": [], "cells": []}', "duplicate key 'cells'", ""),
    ("nb.limit", b"[" * 101 + b"]" * 101, "100 levels", ""),
    ("nb.limit", document(*[{}] * 10_001), "10001 cells", ""),
    ("nb.schema", [], "the root is a list", ""),
    ("nb.schema", "text", "the root is a string", ""),
    ("nb.schema", None, "the root is null", ""),
    ("nb.schema", True, "the root is a boolean", ""),
    ("nb.schema", 1.5, "the root is a number", ""),
    ("nb.schema", {"nbformat": 4, "metadata": {}}, "no `cells` list", ""),
    ("nb.schema", document(cells=None), "cells is null", ""),
    ("nb.schema", document(metadata=[]), "metadata is a list", ""),
    ("nb.schema", document(metadata={"kernelspec": 3}), "kernelspec or language_info", ""),
    ("nb.schema", document(metadata={"language_info": "x"}), "kernelspec or language_info", ""),
    ("nb.schema", document(cell(id="a"), 3), "the cell is a number", "cell 1"),
    ("nb.schema", document(cell(cell_type="code2")), "cell_type 'code2' is not one of code, markdown, raw", "cell 0"),
    ("nb.schema", document(cell(cell_type=["code"])), "cell_type ['code'] is not", "cell 0"),
    ("nb.schema", document(cell(metadata=1)), "metadata is a number", "cell 0"),
    ("nb.schema", document(cell(source=None)), "source is not text", "cell 0"),
    ("nb.schema", document(cell(source=["a", 1])), "source is not text", "cell 0"),
    ("nb.schema", document(cell(source={"a": 1})), "source is not text", "cell 0"),
    ("nb.schema", V3 | {"worksheets": [{"cells": [3]}]}, "cannot convert", ""),
    ("nb.schema", V3 | {"worksheets": 3}, "worksheets is a number", ""),
    ("nb.version", {"cells": []}, "nbformat None.0 is not read", ""),
    ("nb.version", document(nbformat=2), "nbformat 2.5 is not read", ""),
    ("nb.version", document(nbformat="4"), "nbformat '4'.5 is not read", ""),
    ("nb.version", document(nbformat=True), "nbformat True.5 is not read", ""),
    ("nb.version", document(nbformat_minor="5"), "nbformat 4.'5' is not read", ""),
    ("nb.source", document(cell("a\x00b")), "null character (U+0000)", "cell 0"),
]


@pytest.mark.parametrize(("slug", "written", "what", "where"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_notebook_is_refused_with_its_remedy(slug: str, written: Any, what: str, where: str) -> None:
    error = refusal(written)
    assert (error.slug, error.exit_code) == (slug, 3)
    assert what in error.what
    assert where in error.where


def test_a_huge_file_is_refused_before_it_is_read() -> None:
    error = refusal(b" " * (128 * 1024 * 1024 + 1))
    assert (error.slug, error.what) == ("nb.limit", "the file is 134 MB large; at most 134 MB are read")


@pytest.mark.parametrize(
    ("metadata", "language", "named"),
    [
        ({"language_info": {"name": "R"}}, "r", "R"),
        ({"kernelspec": {"language": "julia", "display_name": "Julia 1.9"}}, "julia", "Julia 1.9"),
        ({"kernelspec": {"language": "python", "display_name": "Deno"}, "language_info": {"name": "ts"}}, "ts", "Deno"),
        ({"language_info": {"name": "\ud800<b>"}}, "\\ud800<b>", "\\ud800<b>"),
    ],
)
def test_a_notebook_in_another_language_is_read_and_said_so(metadata: Any, language: str, named: str) -> None:
    found = read(document(cell("x <- 1", id="a"), metadata=metadata))
    assert (found.language, found.named, found.cells[0].source) == (language, named, "x <- 1")
    assert found.warnings == (f"nb.language: it is written in {named}, and only Python is trained",)


@pytest.mark.parametrize(
    "metadata", [{}, {"language_info": {"name": "ipython"}}, {"kernelspec": {"language": "Python"}}]
)
def test_python_is_python_whatever_it_is_called(metadata: Any) -> None:
    found = read(document(metadata=metadata))
    assert (found.language, found.named, found.warnings) == ("python", "python", ())


def test_every_slug_of_the_reader_is_reached() -> None:
    assert module.parse.__doc__ is not None
    promised = {word.strip("`.:") for word in module.parse.__doc__.split() if word.strip("`.:").startswith("nb.")}
    assert promised == {each[0] for each in REFUSED}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["cells", "metadata", "nbformat", "cell_type", "source", "id", "tags", "kernelspec", "outputs"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(
    st.fixed_dictionaries(
        {"nbformat": st.sampled_from([3, 4])},
        optional={"cells": json_values, "worksheets": json_values, "metadata": json_values},
    )
)
def test_any_json_is_a_notebook_or_one_of_our_errors(written: dict[str, Any]) -> None:
    try:
        found = read(written)
    except InputError:
        return
    assert len({each.id for each in found.cells}) == len(found.cells)


@given(st.binary(max_size=100))
def test_any_bytes_are_a_notebook_or_one_of_our_errors(data: bytes) -> None:
    with pytest.raises(InputError):
        read(data)


@given(st.lists(st.tuples(st.sampled_from(["code", "markdown"]), st.text(max_size=20)), max_size=5))
def test_what_nbformat_writes_is_read_back(cells: list[tuple[str, str]]) -> None:
    spare_grammars()
    import nbformat

    makers = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    made = nbformat.v4.new_notebook(cells=[makers[kind](source) for kind, source in cells])
    text = nbformat.writes(made)
    if any("\x00" in source for _, source in cells):
        assert refusal(text.encode()).slug == "nb.source"
        return
    found = read(text.encode())
    assert [each.id for each in found.cells] == [each.id for each in made.cells]
    expected = [source.replace("\r\n", "\n").replace("\r", "\n") for _, source in cells]
    assert [each.source for each in found.cells] == expected
