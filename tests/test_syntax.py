"""A syntax tree is gone through as Python's own tools do, but for signs and contexts."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given

from alekseylearn.syntax import MOST_LINES, MOST_WORDS, children, too_much, walk
from tests.strategies import sources

_LEFT_OUT = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop)
EVERYTHING = """
import a.b as c
from .d import e as f, g
@h(1, *i, j=k, **l)
async def m(n: int = 1, /, o=2, *p, q=3, **r) -> str:
    global s
    async with t as u, v:
        await w
    async for x in y: yield x
    else: yield from z
class A(B, metaclass=C):
    d: int = 1
    e.f: str
try:
    raise G from H
except (I, J) as K:
    del l[1:2:3], m.n
else: assert o, 'p'
finally: q += -r ** 2
match s:
    case T(u, v=[1, *w], x={'y': z, **a}) | None as b if c: pass
    case 1.5 | 'd' | e.f: pass
while not (g and h or i < j <= k):
    l = [m for n, o in p if q for r in s]
    t = {u: v for w in x}, {y for z in a}, (b for c in d)
    e = lambda f, *g: f'{h!r:>{i}}' if (j := k) else [*l, {**m}, {n}]
    continue
"""


def by_python(node: ast.AST) -> list[ast.AST]:
    return [child for child in ast.iter_child_nodes(node) if not isinstance(child, _LEFT_OUT)]


def test_children_are_those_of_python_in_the_same_order() -> None:
    for node in ast.walk(ast.parse(EVERYTHING)):
        assert children(node) == by_python(node)


@given(sources())
def test_a_walk_meets_what_python_meets(cells: tuple[str, ...]) -> None:
    tree = ast.parse("\n".join(cells))
    assert list(walk(tree)) == [node for node in ast.walk(tree) if not isinstance(node, _LEFT_OUT)]


@pytest.mark.parametrize(
    ("sources", "much"),
    [
        ([], False),
        (["a\n" * (MOST_LINES - 1)], False),
        (["a\n" * (MOST_LINES // 2)] * 2, True),
        (["a;" * (MOST_LINES + 1)], True),
        (["x" * (MOST_WORDS * 2)], False),
        (["1," * (MOST_WORDS // 2)], False),
        (["", "1," * (MOST_WORDS // 2), "x"], True),
    ],
    ids=range(7),
)
def test_code_is_weighed_before_it_is_read(sources: list[str], much: bool) -> None:
    assert too_much(iter(sources)) is much
