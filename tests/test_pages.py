"""The documentation tells the truth: its commands print what it shows."""

from pathlib import Path

import pytest

from tests.pages import PAGES, Block, blocks, cells, commands, edited, play, same

PAGE = """\
<!-- notebook: a.ipynb -->
```python
# %% cell 0 [markdown]
# A title
# %% cell 1
x = "1"
```

```python
nothing = "to define"
```

<!-- edit: a.ipynb -->
```diff
- x = "1"
+ x = "2"
```

```console
$ alekseylearn diff --exit-code  # a remark
told
```
"""


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_commands_of_a_page_print_what_it_shows(path: Path, tmp_path: Path) -> None:
    page = path.read_text("utf-8")
    played = list(play(page, tmp_path))
    assert len(played) == page.count("```console\n") > 0
    assert [told for block, told in played if not same(block.text, told)] == []


def test_only_fences_that_mean_something_are_found() -> None:
    assert [(block.kind, block.path) for block in blocks(PAGE)] == [
        ("notebook", "a.ipynb"),
        ("edit", "a.ipynb"),
        ("console", ""),
    ]


def test_a_command_is_shown_with_its_remark_and_what_it_prints(tmp_path: Path) -> None:
    ((block, told),) = play(PAGE, tmp_path)
    assert PAGE[block.start :].startswith("$ alekseylearn diff")
    assert told.splitlines()[:2] == [
        "$ alekseylearn diff --exit-code  # a remark",
        "a.ipynb modified, does not train: has no training cell (mark one with `#| train`)",
    ]
    assert not same(block.text, told)


def test_a_notebook_is_read_from_the_percent_format() -> None:
    assert cells("# %% cell 0 [markdown]\n# A\n\n# %%\nx = 1\n") == [("markdown", "# A"), ("code", "x = 1")]


def test_an_edit_must_find_its_lines() -> None:
    block = Block(kind="edit", path="a.py", text="- x\n+ y\n", start=0)
    assert edited("a\nx\n", block) == b"a\ny\n"
    with pytest.raises(AssertionError, match="stands 0 times"):
        edited("a\n", block)


def test_what_differs_from_run_to_run_is_not_compared() -> None:
    assert same("$ a\nidentity 0123456789ab\n", "$ a\nidentity ba9876543210\n")
    assert not same("$ a\nidentity 0123456789ab\n", "$ a\nidentity none\n")
    assert same("$ a\nx  4.5 s  11 kB\n", "$ a\n\nx 12 min 900 B\n")
    assert not same("$ a\naccuracy 0.91\n", "$ a\naccuracy 0.92\n")


@pytest.mark.parametrize(
    ("shown", "fits"),
    [
        ("a\nb\nc", True),
        ("a\n...", True),
        ("...\nb\n...", True),
        ("a\n...\nc", True),
        ("...\nc", True),
        ("...", True),
        ("b\n...", False),
        ("...\nb", False),
        ("...\nc\n...\nb\n...", False),
        ("a\nc", False),
    ],
)
def test_lines_may_be_left_out_where_a_page_says_so(shown: str, fits: bool) -> None:
    assert same(f"$ x\n{shown}\n", "$ x\na\nb\nc\n") is fits


def test_every_command_of_a_fence_is_run(tmp_path: Path) -> None:
    page = "<!-- one story -->\n<!-- file: a.txt -->\n```text\nA\n```\n```console\n$ git add a.txt\n$ cat a.txt\nA\n$ git status -s\nA  a.txt\n```\n"
    ((block, told),) = play(page, tmp_path)
    assert commands(block.text) == [("git add a.txt", ""), ("cat a.txt", "A\n"), ("git status -s", "A  a.txt\n")]
    assert same(block.text, told)


def test_a_story_goes_on_where_it_was(tmp_path: Path) -> None:
    edit = "<!-- edit: a.txt -->\n```diff\n- {}\n+ {}\n```\n"
    page = "<!-- one story -->\n<!-- file: a.txt -->\n```text\nA\n```\n"
    page += f"{edit.format('A', 'B')}{edit.format('B', 'C')}```console\n$ cat a.txt\n```\n"
    assert [told for _, told in play(page, tmp_path)] == ["$ cat a.txt\nC\n"]


def test_other_programs_are_not_run(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="rm is not run"):
        list(play("```console\n$ rm -r x\n```\n", tmp_path))
    with pytest.raises(AssertionError, match="no command"):
        commands("told\n")
