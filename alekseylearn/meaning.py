"""What code means, as text: its syntax tree without comments, format and the habits of one Python version."""

from __future__ import annotations

import ast
import contextlib
import re
import warnings
from collections.abc import Iterator

from alekseylearn.errors import InputError
from alekseylearn.magics import translate
from alekseylearn.notebook import Cell, Notebook
from alekseylearn.notebook_files import conflict
from alekseylearn.syntax import too_much

# `kind` is the u of u"text", `ctx` follows from where a name stands, a type comment is a comment.
_UNSAID = frozenset({"kind", "ctx", "type_comment"})
# What Python itself, and not its grammar, sets bounds to.
_TOO_DEEP = re.compile(r"(?i)too many|too deeply|exceeds the limit")
_CONFLICT = re.compile(r"(?m)^<{7}(?: .*)?$[\s\S]*^>{7}(?: .*)?$")
_PLACED = re.compile(r"(?m)^[ \t]*(?:return|break|continue|nonlocal)\b|\byield\b")


def cell_meaning(notebook: Notebook, cell: Cell) -> str:
    """Return the normalized syntax tree of *cell* as text, '' when it does nothing: comments and format do not count.

    Raises `InputError`: `nb.source` when the cell is not Python, `nb.conflict` when a merge left both its sides in it,
    `nb.limit` when Python cannot read it.
    """
    try:
        if too_much([cell.source]):
            raise MemoryError
        code = translate(cell.source).code
        tree = _parse(code)
        _check_places(code)
        return _written(tree)
    except (SyntaxError, ValueError) as error:
        if _CONFLICT.search(cell.source):
            where = f"{notebook.path}, cell {cell.index}"
            raise conflict(where, "the cell holds unresolved merge conflict markers") from None
        if _TOO_DEEP.search(str(error)):
            raise _limit(notebook, cell) from None
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise InputError(
            "nb.source",
            f"the cell is not valid Python: {error.msg if isinstance(error, SyntaxError) else error}",
            where=f"{notebook.path}, cell {cell.index}{line}",
            hint=f"repair it ({_place(notebook, cell)}), or mark it with `#| skip` as its first line",
        ) from None
    except (RecursionError, MemoryError):
        raise _limit(notebook, cell) from None


def _limit(notebook: Notebook, cell: Cell) -> InputError:
    return InputError(
        "nb.limit",
        "the cell or a number in it is too large, or an expression in it is nested too deeply, to be read",
        where=f"{notebook.path}, cell {cell.index}",
        hint=f"load large literals from a data file ({_place(notebook, cell)})",
    )


def _check_places(code: str) -> None:
    """Raise `SyntaxError` for a `return`, `yield`, `break` and the like where none may stand: the parser takes them."""
    if not _PLACED.search(code):
        return
    with warnings.catch_warnings(), contextlib.suppress(ValueError, RecursionError, MemoryError):
        warnings.simplefilter("ignore")
        compile(code, "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


def _place(notebook: Notebook, cell: Cell) -> str:
    """Say which cell it is as people count, whatever the error says as code counts."""
    return f"cell {cell.index + 1} of {len(notebook.cells)} from the top"


def module_meaning(data: bytes) -> str | None:
    """Return the normalized syntax tree of a Python file as text; None when it cannot be read as UTF-8 and Python."""
    try:
        code = data.decode("utf-8-sig")
        return None if too_much([code]) else _written(_parse(code))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _parse(code: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(code)
    # A lone `pass` does nothing, and stands where a magic was that training does not need.
    tree.body = [statement for statement in tree.body if not isinstance(statement, ast.Pass)]
    return tree


def _written(tree: ast.Module) -> str:
    """Write *tree* down without recursion, for a sum of a thousand terms is a tree of a thousand levels.

    `ast.dump` will not do: it writes empty fields in one version of Python and not in the next.
    """
    told: list[str] = []
    waiting: list[ast.AST | str] = list(reversed(tree.body))
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            told.append(item)
        else:
            waiting += reversed([f"{type(item).__name__}(", *_inside(item), ")"])
    return "".join(told)


def _inside(node: ast.AST) -> Iterator[ast.AST | str]:
    for name, value in ast.iter_fields(node):
        if value is None or value == [] or name in _UNSAID or (name == "format_spec" and not _joined(value)):
            continue
        yield f"{name}="
        if isinstance(value, list):
            yield "["
            for item in _joined(node) if isinstance(node, ast.JoinedStr) else value:
                yield item if isinstance(item, ast.AST) else _plain(item)
                yield ","
            yield "]"
        else:
            yield value if isinstance(value, ast.AST) else _plain(value)
        yield ","


def _joined(text: ast.JoinedStr) -> list[ast.expr]:
    """Return the parts of an f-string that say something; Python 3.12 puts empty ones between the others."""
    return [part for part in text.values if not (isinstance(part, ast.Constant) and part.value == "")]


def _plain(value: object) -> str:
    # Not repr(), which shows what the Unicode tables of its Python know as printable.
    return f"{type(value).__name__}:{value!a}"
