"""Random edits of a labelled notebook, such as people make: one small change each, told in words."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from benchmarks.extraction.cases import Case, CaseCell


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One change: its kind, the cell it touches, what was done, and the notebook after it."""

    kind: str
    cell: int
    what: str
    case: Case


Editing = Callable[[Random, Case], Edit | None]

_OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.Pow: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Lt: ast.GtE, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
_PROBES = (
    "{name}",
    "print({name})",
    "type({name})",
    "import numpy as np\nnp.random.rand(3)",
    "import random\nrandom.random()",
    "import matplotlib.pyplot as plt\nplt.figure(figsize=(3, 2))\nplt.plot([1, 2], [3, 4])\nplt.show()",
    "note = 'looked at {name}'",
    "{name} = {name}",
    "%matplotlib inline",
    "import copy\nold_{name} = copy.copy({name})",
)


def random_edit(random: Random, case: Case, dropped: frozenset[int]) -> Edit | None:
    """Change *case* once; *dropped* are cells that training does not need, where every other edit is made."""
    kinds = [*_ANYWHERE, *(("dropped cell", edit) for _, edit in _IN_CODE)]
    kind, editing = random.choice(kinds)
    made = editing(random, _only(case, dropped) if kind == "dropped cell" else case)
    if made is None or made.case.cells == case.cells:
        return None
    cells = tuple(replace(cell, words=cell.words[: -1 if _OFF in cell.words else None]) for cell in made.case.cells)
    return replace(made, kind=kind, case=replace(case, cells=cells))


_OFF = "(not to be edited)"


def _only(case: Case, chosen: frozenset[int]) -> Case:
    cells = [
        cell if number in chosen else replace(cell, words=(*cell.words, _OFF)) for number, cell in enumerate(case.cells)
    ]
    return replace(case, cells=tuple(cells))


# -- within the code of a cell ------------------------------------------------------------------------------------


def _constant(random: Random, case: Case) -> Edit | None:
    return _node(random, case, _is_number, _other_number)


def _string(random: Random, case: Case) -> Edit | None:
    return _node(
        random,
        case,
        lambda node: isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(node.value.strip()),
        lambda random, node: ast.Constant(value=f"{getattr(node, 'value', '')}{random.choice('xyz_')}"),
    )


def _operator(random: Random, case: Case) -> Edit | None:
    return _node(random, case, lambda node: _operator_of(node) in _OPERATORS, _other_operator)


def _keyword(random: Random, case: Case) -> Edit | None:
    def renamed(random: Random, node: ast.AST) -> ast.AST:
        call = ast.parse(ast.unparse(node), mode="eval").body
        if isinstance(call, ast.Call):
            word = random.choice([word for word in call.keywords if word.arg])
            word.arg = random.choice(["random_state", "shuffle", "verbose", "max_iter", "lr", f"{word.arg}_"])
        return call

    return _node(random, case, lambda n: isinstance(n, ast.Call) and any(word.arg for word in n.keywords), renamed)


def _helper(random: Random, case: Case) -> Edit | None:
    """Change a number or an operator inside a function or a class."""
    number = random.random() < 0.5
    return _node(
        random,
        case,
        _is_number if number else (lambda node: _operator_of(node) in _OPERATORS),
        _other_number if number else _other_operator,
        inside=(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
    )


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float, bool)


def _other_number(random: Random, node: ast.AST) -> ast.AST:
    value = getattr(node, "value", 0)
    if isinstance(value, bool):
        return ast.Constant(value=not value)
    return ast.Constant(
        value=value + random.choice((1, 2)) if isinstance(value, int) else value * random.choice((0.5, 2))
    )


def _operator_of(node: ast.AST) -> type[ast.AST] | None:
    match node:
        case ast.BinOp(op=sign) | ast.BoolOp(op=sign):
            return type(sign)
        case ast.Compare(ops=[sign]):
            return type(sign)
        case _:
            return None


def _other_operator(random: Random, node: ast.AST) -> ast.AST:  # noqa: ARG001 - all changes take both
    found = ast.parse(ast.unparse(node), mode="eval").body
    match found:
        case ast.BinOp(op=sign) | ast.BoolOp(op=sign):
            found.op = _OPERATORS[type(sign)]()  # type: ignore[assignment]
        case ast.Compare(ops=[sign]):
            found.ops = [_OPERATORS[type(sign)]()]  # type: ignore[list-item]
        case _:
            pass
    return found


def _node(
    random: Random,
    case: Case,
    fits: Callable[[ast.AST], bool],
    other: Callable[[Random, ast.AST], ast.AST],
    inside: tuple[type[ast.AST], ...] = (),
) -> Edit | None:
    """Replace one expression that *fits* by *other*, somewhere; only *inside* nodes of these types, where given."""
    found: list[tuple[int, ast.AST]] = []
    for number, tree in _trees(case):
        tops = [node for node in ast.walk(tree) if isinstance(node, inside)] if inside else [tree]
        found += [(number, node) for top in tops for node in _expressions(top) if fits(node)]
    if not found:
        return None
    number, node = random.choice(found)
    before, after = ast.unparse(node), ast.unparse(other(random, node))
    after = after if isinstance(node, (ast.Constant, ast.Call)) else f"({after})"
    source = _spliced(case.cells[number].source, node, after)
    return _with_source(case, number, source, f"{before[:40]} -> {after[:40]}")


def _expressions(top: ast.AST) -> Iterator[ast.AST]:
    """All nodes of *top* but those inside f-strings, which have no place of their own."""
    waiting = [top]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, ast.JoinedStr):
            yield node
            waiting += ast.iter_child_nodes(node)


def _spliced(source: str, node: ast.AST, text: str) -> str:
    lines = source.encode().split(b"\n")
    first, last = getattr(node, "lineno", 1) - 1, (getattr(node, "end_lineno", 1) or 1) - 1
    head, tail = lines[first][: getattr(node, "col_offset", 0)], lines[last][getattr(node, "end_col_offset", 0) :]
    return b"\n".join([*lines[:first], head + text.encode() + tail, *lines[last + 1 :]]).decode()


def _delete_statement(random: Random, case: Case) -> Edit | None:
    return _statements(random, case, 2, lambda parts, at: [*parts[:at], *parts[at + 1 :]], "deleted")


def _swap_statements(random: Random, case: Case) -> Edit | None:
    return _statements(
        random,
        case,
        2,
        lambda parts, at: [*parts[:at], parts[at + 1], parts[at], *parts[at + 2 :]],
        "swapped with the next",
    )


def _statements(
    random: Random, case: Case, least: int, change: Callable[[Sequence[str], int], list[str]], words: str
) -> Edit | None:
    found = [(number, tree) for number, tree in _trees(case) if len(tree.body) >= least]
    if not found:
        return None
    number, tree = random.choice(found)
    lines = case.cells[number].source.split("\n")
    ends = [node.end_lineno or node.lineno for node in tree.body]
    parts = ["\n".join(lines[start:end]) for start, end in zip([0, *ends], [*ends, len(lines)], strict=True)]
    at = random.randrange(len(tree.body) - 1)
    source = "\n".join(change(parts, at))
    return _with_source(case, number, source, f"{ast.unparse(tree.body[at])[:50]!r} {words}")


# -- comments, format, text ---------------------------------------------------------------------------------------


def _comment(random: Random, case: Case) -> Edit | None:
    number = _some_code(random, case)
    return (
        None if number is None else _with_source(case, number, f"# checked\n{case.cells[number].source}", "a comment")
    )


def _format(random: Random, case: Case) -> Edit | None:
    found = list(_trees(case))
    if not found:
        return None
    number, tree = random.choice(found)
    return _with_source(case, number, ast.unparse(tree), "written in another format")


def _markdown(random: Random, case: Case) -> Edit | None:
    found = [number for number, cell in enumerate(case.cells) if not cell.is_code]
    if not found:
        return None
    number = random.choice(found)
    return _with_source(case, number, f"{case.cells[number].source}\n\nMore words.", "more text")


# -- whole cells ------------------------------------------------------------------------------------------------------


def _remove_cell(random: Random, case: Case) -> Edit | None:
    number = random.randrange(len(case.cells))
    cells = [*case.cells[:number], *case.cells[number + 1 :]]
    return Edit(kind="", cell=number, what="removed", case=replace(case, cells=tuple(cells)))


def _swap_cells(random: Random, case: Case) -> Edit | None:
    number = random.randrange(len(case.cells) - 1)
    cells = list(case.cells)
    cells[number : number + 2] = [cells[number + 1], cells[number]]
    return Edit(kind="", cell=number, what="swapped with the next", case=replace(case, cells=tuple(cells)))


def _add_cell(random: Random, case: Case) -> Edit | None:
    """Put a new cell somewhere: mostly one that shows something that earlier cells define."""
    number = random.randrange(1, len(case.cells) + 1)
    names = sorted({name for at, tree in _trees(case) if at < number for name in _defined(tree)})
    if not names:
        return None
    source = random.choice(_PROBES).format(name=random.choice(names))
    cells = [*case.cells[:number], CaseCell(source=source), *case.cells[number:]]
    return Edit(kind="", cell=number, what=f"added {source[:50]!r}", case=replace(case, cells=tuple(cells)))


def _defined(tree: ast.Module) -> Iterator[str]:
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            yield from (target.id for target in statement.targets if isinstance(target, ast.Name))


# -- all of them ----------------------------------------------------------------------------------------------------

_IN_CODE: tuple[tuple[str, Editing], ...] = (
    ("constant", _constant),
    ("operator", _operator),
    ("string", _string),
    ("keyword", _keyword),
    ("delete statement", _delete_statement),
    ("swap statements", _swap_statements),
)
_ANYWHERE: tuple[tuple[str, Editing], ...] = (
    *_IN_CODE,
    ("helper", _helper),
    ("comment", _comment),
    ("format", _format),
    ("markdown", _markdown),
    ("remove cell", _remove_cell),
    ("swap cells", _swap_cells),
    ("add cell", _add_cell),
)


def _trees(case: Case) -> Iterator[tuple[int, ast.Module]]:
    """Find the code cells that may be edited and are plain Python, parsed."""
    for number, cell in enumerate(case.cells):
        if cell.is_code and _OFF not in cell.words:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    yield number, ast.parse(cell.source)
                except SyntaxError:
                    continue


def _some_code(random: Random, case: Case) -> int | None:
    found = [number for number, _ in _trees(case)]
    return random.choice(found) if found else None


def _with_source(case: Case, number: int, source: str, what: str) -> Edit | None:
    """Put *source* in; None where it is no Python any more."""
    cell = case.cells[number]
    if cell.is_code and not _is_python(source):
        return None
    cells = [*case.cells[:number], replace(cell, source=source), *case.cells[number + 1 :]]
    return Edit(kind="", cell=number, what=what, case=replace(case, cells=tuple(cells)))


def _is_python(source: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(source, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        except SyntaxError:
            return False
    return True
