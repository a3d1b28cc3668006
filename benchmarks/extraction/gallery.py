"""scikit-learn's example gallery as notebooks: by the cells that its authors wrote, and by single statements."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

from benchmarks.extraction.cases import Case, CaseCell

EXAMPLES = Path("/usr/share/doc/python-sklearn-doc/examples")
"""Where Debian's package python-sklearn-doc puts them."""

_HEAD = re.compile(r"# ?%%|#{20,}\s*\Z")
_TEXT = ("[markdown]",)


def read_gallery(folder: Path = EXAMPLES) -> Iterator[Case]:
    """Read every example below *folder*, one code cell where its author began one."""
    for path in sorted(folder.rglob("*.py")):
        yield read_example(path.read_text(encoding="utf-8"), str(path.relative_to(folder).with_suffix("")))


def read_example(text: str, name: str) -> Case:
    """Read the example *name*: a cell begins at `# %%` or at a line of twenty `#`, first comes its text, then code."""
    lines = text.split("\n")
    heads = [number for number, line in enumerate(lines) if _HEAD.match(line)]
    cells: list[CaseCell] = []
    for start, end in zip([0, *heads], [*heads, len(lines)], strict=True):
        body = lines[start:end]
        code = next((number for number, line in enumerate(body) if not line.startswith("#")), len(body))
        for words, part in ((_TEXT, body[:code]), ((), body[code:])):
            source = "\n".join(part).strip("\n")
            if source.strip():
                cells += [CaseCell(source=source, words=words)]
    return Case(name=name, cells=tuple(_docstring_as_text(cell) for cell in cells))


def _docstring_as_text(cell: CaseCell) -> CaseCell:
    if not cell.is_code:
        return cell
    body = _parse(cell.source).body
    return CaseCell(source=cell.source, words=_TEXT) if all(_is_text(node) for node in body) else cell


def by_statement(case: Case) -> Case:
    """Return *case* with a cell for every statement at the top level of its code; strings that do nothing are text."""
    cells: list[CaseCell] = []
    for cell in case.cells:
        cells += _statements(cell) if cell.is_code else [cell]
    return Case(name=case.name, cells=tuple(cells), needs=case.needs)


def _statements(cell: CaseCell) -> Iterator[CaseCell]:
    lines = cell.source.split("\n")
    body = _parse(cell.source).body
    above = 0
    for node, after in zip(body, [*body[1:], None], strict=True):
        end = node.end_lineno or node.lineno
        if after is not None and _first_line(after) <= end:
            # Two statements on a line: the next cell takes both.
            continue
        source = "\n".join(lines[above:end]).strip("\n")
        yield CaseCell(source=source, words=_TEXT if _is_text(node) else ())
        above = end


def _first_line(node: ast.stmt) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _parse(code: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(code)
