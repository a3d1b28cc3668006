"""The documentation tells the truth: its commands print what it shows."""

from pathlib import Path

import pytest

from tests.pages import PAGES, Block, blocks, cells, edited, play, same

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


def test_identities_are_not_compared() -> None:
    assert same("identity 0123456789ab\n", "identity ba9876543210\n")
    assert not same("identity 0123456789ab\n", "identity none\n")
