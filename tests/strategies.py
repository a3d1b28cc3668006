"""Notebooks for tests: written down as sources, or made up by hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from alekseylearn.notebook import Cell, Notebook

NAMES = ("a", "b", "c", "d")
_START = """
class Box:
    def __init__(self, items):
        self.items = items

    def put(self, item):
        self.items.append(item)
        return self

def grow(p):
    p.append(7)
    return p

def look():
    return a

def keep(p):
    def inner(n):
        p.append(n)
        return p
    return inner

later = keep([])
box = Box([5])
"""


def notebook(*sources: str, path: str = "notebook.ipynb", counts: tuple[int | None, ...] = ()) -> Notebook:
    """Make a notebook of code cells; a source that begins with `# %% text` is a Markdown cell."""
    cells = []
    for index, source in enumerate(sources):
        text = source.startswith("# %% text")
        cells.append(
            Cell(
                index=index,
                id=f"cell-{index}",
                kind="markdown" if text else "code",
                source=source,
                execution_count=counts[index] if index < len(counts) else None,
            )
        )
    return Notebook(path=path, cells=tuple(cells))


_NUMBERS = st.integers(0, 9).map(str)
_NAME = st.sampled_from(NAMES)
_SIMPLE = (
    "{x} = [{n}]",
    "{x} = {y}",
    "{x} = {y} + {z}",
    "{x} = [{n}, {y}]",
    "{x} = {y}[:]",
    "{x} = {y}[-1:]",
    "{x} = list({y})",
    "{x} = [item for item in {y}]",
    "{x} = [{y} for _ in range(2)]",
    "{x} = {{'k': {y}}}['k']",
    "{x} = {y} if len({z}) > 2 else {z}",
    "{x} = {y} or [{n}]",
    "{x} = sorted(map(str, {y}))",
    "{x}, {y} = {y}, {x}",
    "{x}, {y} = [{y}, {z}]",
    "{x}, *{y} = [{y}, {n}, {z}]",
    "({x} := {y}).append({n})",
    "{x}.append({n})",
    "{x}.append({y})",
    "{x}.extend(list({y}))",
    "{x} += [{n}]",
    "{x} += list({y})",
    "{x}[0:1] = [{n}]",
    "{x}[:0] = [{y}]",
    "del {x}[3:]",
    "{x}.insert(0, {n})",
    "{x}.reverse()",
    "[{x}, {y}][0].append({n})",
    "for {x} in [{y}, {z}]:\n    {x}.append({n})",
    "for _ in range(2):\n    {x}.append({n})\n    {x} = {y}",
    "for _ in range(3):\n    {x}, {y}, {z} = {y}, {z}, {x}\n{x}.append({n})",
    "while len({x}) < 2:\n    {x} = {x} + [{n}]",
    "if len({x}) > 2:\n    {y} = {x}\nelse:\n    {z} = [{n}]",
    "try:\n    {x} = {y}[99]\nexcept IndexError:\n    {x} = {z}",
    "with __import__('contextlib').nullcontext({y}) as {x}:\n    {x}.append({n})",
    "match {y}:\n    case [_, *{x}]:\n        pass\n    case _:\n        pass",
    "print({x})",
    "len({x}); {y}",
    "grow({x})",
    "{y} = grow({x})",
    "{x} = look()",
    "look().append({n})",
    "box.put({n})",
    "box.put({x})",
    "box = Box({x})",
    "{x} = box.items",
    "box.items = {x}",
    "setattr(box, 'items', {x})",
    "{x} = Box({y}).put({n}).items",
    "later = keep({x})",
    "later({n})",
    "{x} = later({n})",
    "grow = later",
    "look = lambda: {x}",
    "grow = lambda p: p + {x}",
    "def grow(p):\n    p.append({n})\n    return {x}",
    "def grow(p, q={x}):\n    q.append({n})\n    return q",
    "def look():\n    return [{x}, {y}]",
    "def look():\n    global {x}\n    {x} = [{n}]\n    return {x}",
    "def keep(p):\n    q = [p]\n    def inner(n):\n        q[0].append(n)\n        return q[0]\n    return inner",
    "class Box(Box):\n    def put(self, item):\n        {x}.append(item)\n        return self",
    (
        "class Box:\n    items = {x}\n    def __init__(self, items):\n        self.items.append({n})\n"
        "    def put(self, item):\n        return self"
    ),
    "{x} = [*map(grow, [[{n}], {y}])][1]",
    "{x} = sum([{y}, {z}], [])",
    "it = iter({y}); {x} = [*it]",
    "it = iter({y})\n{x} = [next(it, {n})]",
    "exec('{x} = [{n}]')",
    "globals()['{x}'] = [{n}]",
    "__import__('random').seed({n})",
    "import random\n{x} = [random.random()]",
    "import random as dice\n{x} = {y} + [dice.randint(0, 99)]",
    "{x} = (lambda p={y}: p)()",
    "{x} = [f'{{{y}}}', {n}]",
    "def step(p={x}):\n    yield p\n    p.append({n})\nfor {y} in step():\n    pass",
    "from functools import partial\ngrow = partial(lambda q, p: p + q, {x})",
    "del {x}\n{x} = [{n}]",
)


@st.composite
def sources(draw: st.DrawFn) -> tuple[str, ...]:
    """Make the cells of a notebook that runs: its variables stay lists, and `result` is what training would see."""
    statement = st.builds(
        lambda shape, x, y, z, n: shape.format(x=x, y=y, z=z, n=n),
        st.sampled_from(_SIMPLE),
        _NAME,
        _NAME,
        _NAME,
        _NUMBERS,
    )
    cell = st.lists(statement, min_size=1, max_size=3).map("\n".join)
    middle = draw(st.lists(cell, min_size=1, max_size=8))
    used = draw(
        st.lists(st.sampled_from((*NAMES, "box.items", "later(1)", "look()", "grow([])")), min_size=1, max_size=2)
    )
    start = [f"{name} = [{number}]" for number, name in enumerate(NAMES)]
    return (*start, _START.strip(), *middle, f"#| train\nresult = repr([{', '.join(used)}])")
