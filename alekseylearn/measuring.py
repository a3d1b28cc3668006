"""What measures: calls that measure, errors and hits worked out by hand, and figures from before that are shown."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from alekseylearn.effects import library
from alekseylearn.figures import (
    MEANS,
    computing,
    error,
    keep,
    kept,
    labelled,
    part_of,
    picks,
    place,
    plain_column,
    predicted,
    result,
    root,
    saves,
    trained_on,
)
from alekseylearn.fitting import Fitting
from alekseylearn.knowledge import libraries, training
from alekseylearn.units import Unit, bindings, inside, spelled

_SAYS = frozenset({"trains", "prepares", "measures", "shows", "pure"})
_PRINTS = frozenset({"print", "display", "pprint", "info", "warning", "debug", "log", "write", "markdown", "Markdown"})
_SHOWN_BY = frozenset({"round", "float", "int", "str", "dict", "sorted"})
_SHAPE = "works out an error or a share of hits"


@dataclass(slots=True)
class Measuring:
    """Looks for what measures.

    `figures` are the variables of the notebook that hold measures, `hits` those that tell where two things are the
    same, `constants` those that are numbers written out.
    """

    fitting: Fitting
    figures: set[str] = field(default_factory=set)
    hits: set[str] = field(default_factory=set)
    constants: set[str] = field(default_factory=set)
    told: dict[Unit, str | None] = field(default_factory=dict)
    compared: dict[Unit, bool] = field(default_factory=dict)
    returns: dict[tuple[Unit, tuple[int, int] | None], bool] = field(default_factory=dict)
    lost: dict[Unit, set[str]] = field(default_factory=dict)

    def why(self, unit: Unit) -> str | None:
        """Say what a cell measures, or which figures it shows; None when it does neither."""
        told: list[str] = []
        for statement in unit.body:
            for node in computing(statement):
                if not self._draws(node, unit):
                    told += self._words(node, unit)
        if told:
            return (self._named(unit) if told[0].startswith(_SHAPE) else None) or told[0]
        shown = list(self._shown(unit))
        figures = self.figures | self._going_through(unit)
        signs = (self._figure(node, figures) or self._called_so(node, unit) for node in shown)
        figure = next((sign for sign in signs if sign), None)
        if figure is not None:
            return f"`{figure}`"
        return self._named(unit) or next((words for node in shown if (words := labelled(node))), None)

    def remember(self, unit: Unit) -> None:
        """Take in which variables hold figures after a cell that trains or measures."""
        for statement in unit.body:
            self._take_in(statement, unit, self.figures)
            for target, value in (pair for node in inside(statement) for pair in bindings(node)):
                if isinstance(target, ast.Name):
                    keep(self.hits, target.id, kept=self._compares(value, unit))
                    keep(self.constants, target.id, kept=isinstance(value, ast.Constant))

    # -- what is computed -------------------------------------------------------------------------------------------

    def _words(self, node: ast.AST, unit: Unit) -> Iterator[str]:
        """Say by which sign *node* measures."""
        match node:
            case ast.Call():
                words = self._call(node, unit)
                if words is not None:
                    yield words
                elif error(node) or self._hits(node, unit):
                    yield _SHAPE
            case ast.Attribute(attr=name) if name in training.MEASURE_ATTRIBUTES and not self._module(node):
                yield f"`{spelled(node)}`"
            case ast.AugAssign(
                target=ast.Subscript(slice=ast.Tuple(elts=[ast.Name(), ast.Name()])), value=ast.Constant(value=1)
            ):
                yield "counts hits and misses"
            case _:
                return

    def _call(self, call: ast.Call, unit: Unit) -> str | None:
        """Say what a call measures."""
        names = self.fitting.names
        dotted = names.dotted(call.func)
        name = spelled(call.func).rpartition(".")[2]
        receiver = call.func.value if isinstance(call.func, ast.Attribute) and not dotted else None
        origins = names.origins(receiver, unit) if receiver is not None else frozenset()
        said = self.fitting.said(call, dotted, origins)
        words = f"calls `{spelled(call.func)}`"
        if said & _SAYS:
            return words if "measures" in said else None
        own = [
            callee for callee in self.fitting.callees(call, unit) if not callee.name.lower().startswith(training.SHOWS)
        ]
        for callee in own:
            inner = self._inside(callee)
            if inner is not None:
                told = inner.partition(", which ")[2] or inner
                return f"calls `{callee.name}`, which {told}" if callee.name != "lambda" else inner
        if any(origin in names.functions or origin.startswith("type ") for origin in names.origins(call.func, unit)):
            return None
        made = (dotted, *origins, *names.origins(call.func, unit))
        called = {name, *(one.rpartition(".")[2] for one in (dotted, *(made if receiver is None else ())))}
        plain = library(dotted) not in libraries.DISPLAY_LIBRARIES
        if plain and any(training.is_measure(one) and not one[:1].isupper() for one in called):
            return words
        if any(origin.startswith(training.MEASURING_OF[name]) for origin in origins if name in training.MEASURING_OF):
            return words
        if any(training.LOSSES.match(origin) for origin in made) and not name[:1].isupper():
            return words
        return words if dotted == "pandas.crosstab" and any(predicted(argument) for argument in call.args) else None

    def _inside(self, unit: Unit) -> str | None:
        """Say what a function of the notebook measures when it is called."""
        if unit not in self.told:
            self.told[unit] = None
            nodes = (node for statement in unit.body for node in computing(statement))
            self.told[unit] = next((words for node in nodes for words in self._words(node, unit)), None)
        return self.told[unit]

    def _hits(self, call: ast.Call, unit: Unit) -> bool:
        """Whether a call counts how often two things are the same: `(p == y).mean()`, `sum(p == y)`."""
        if spelled(call.func).rpartition(".")[2] not in MEANS:
            return False
        parts = [*call.args[:1], *([call.func.value] if isinstance(call.func, ast.Attribute) else [])]
        return any(self._compares(part, unit) for part in parts)

    def _compares(self, node: ast.expr, unit: Unit) -> bool:
        match node:
            case ast.Compare(
                left=left,
                ops=[ast.Eq() | ast.NotEq() | ast.Gt() | ast.Lt() | ast.GtE() | ast.LtE()],
                comparators=[right],
            ):
                return not any(self._constant(side) for side in (left, right))
            case ast.Call(func=function):
                own = self.fitting.callees(node, unit)
                if any(self._gives_hits(callee) for callee in own):
                    return True
                return isinstance(function, ast.Attribute) and self._compares(function.value, unit)
            case ast.Subscript(value=base) | ast.Attribute(value=base):
                return self._compares(base, unit)
            case ast.GeneratorExp(elt=part) | ast.ListComp(elt=part):
                return self._compares(part, unit)
            case ast.Name(id=name):
                values = unit.bound.get(name, [])
                there = name in self.hits and not unit.name
                return there or any(isinstance(value, ast.Compare) and self._compares(value, unit) for value in values)
            case _:
                return False

    def _gives_hits(self, unit: Unit) -> bool:
        """Whether a function of the notebook gives back where two things are the same."""
        if unit not in self.compared:
            self.compared[unit] = False
            self.compared[unit] = any(self._compares(value, unit) for value in unit.returned)
        return self.compared[unit]

    def _constant(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Constant | ast.UnaryOp) or (isinstance(node, ast.Call) and spelled(node.func) == "len"):
            return True
        return isinstance(node, ast.Name) and node.id in self.constants

    def _module(self, node: ast.Attribute) -> bool:
        return bool(self.fitting.names.dotted(node))

    def _draws(self, node: ast.AST, unit: Unit) -> bool:
        """Whether *node* stands for a call that draws."""
        return isinstance(node, ast.Call) and self._is_drawing(node, unit)

    def _is_drawing(self, call: ast.Call, unit: Unit) -> bool:
        names = self.fitting.names
        if library(names.dotted(call.func)) in libraries.DISPLAY_LIBRARIES:
            return True
        node: ast.expr = call
        while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
            if isinstance(node, ast.Attribute) and node.attr in training.DRAWING:
                return True
            node = node.func if isinstance(node, ast.Call) else node.value
        return any(library(origin) in libraries.DISPLAY_LIBRARIES for origin in names.origins(node, unit))

    # -- figures that were worked out before --------------------------------------------------------------------------

    def _shown(self, unit: Unit) -> Iterator[ast.expr]:
        """Find the expressions that a cell prints, and the one whose value it ends with."""
        for statement in unit.body:
            for node in inside(statement):
                if isinstance(node, ast.Call) and spelled(node.func).rpartition(".")[2] in _PRINTS:
                    yield ast.Tuple(elts=node.args)
        last = unit.body[-1] if unit.body else None
        if isinstance(last, ast.Expr) and not any(
            self._draws(part, unit) or saves(part) for part in inside(last.value)
        ):
            printed = isinstance(last.value, ast.Call) and spelled(last.value.func).rpartition(".")[2] in _PRINTS
            if not printed:
                yield last.value

    def _figure(self, node: ast.expr, figures: set[str]) -> str | None:
        """Name the figure that *node* shows."""
        if isinstance(node, ast.Tuple) and node.elts:
            return next((found for part in node.elts if (found := self._figure(part, figures))), None)
        if isinstance(node, ast.Attribute) and not training.names_a_measure(node.attr):
            return None
        return self._mentions(node, figures)

    def _going_through(self, unit: Unit) -> set[str]:
        """Find the variables of loops that go through figures."""
        return {
            part.id
            for statement in unit.body
            for loop in inside(statement)
            for target, value in bindings(loop)
            if isinstance(loop, ast.For | ast.comprehension) and self._mentions(value, self.figures)
            for part in ast.walk(target)
            if isinstance(part, ast.Name)
        }

    def _called_so(self, node: ast.expr, unit: Unit) -> str | None:
        """Name a variable in *node* that is called like a measure, where nothing else is known of it."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in _SHOWN_BY:
            return None
        names = (part.id for part in kept(node) if isinstance(part, ast.Name) and training.names_a_measure(part.id))
        known = self.fitting.names
        return next((name for name in names if not known.origins(ast.Name(name), unit) - {"(value)"}), None)

    def _mentions(self, node: ast.expr, figures: set[str]) -> str | None:
        """Name the first figure in *node* that is not only used to pick something."""
        waiting: list[ast.AST] = [node]
        while waiting:
            part = waiting.pop()
            if isinstance(part, ast.Call) and picks(part):
                continue
            if isinstance(part, ast.Attribute) and part.attr in training.PICKS:
                continue
            if isinstance(part, ast.Attribute) and plain_column(part, node, figures):
                continue
            if isinstance(part, ast.Subscript):
                waiting.append(part.value)
                if (
                    isinstance(part.slice, ast.Constant)
                    and training.names_a_measure(str(part.slice.value))
                    and isinstance(part.value, ast.Name | ast.Attribute | ast.Call)
                ):
                    return f"{spelled(part.value)}[{part.slice.value!r}]" if result(part.value, figures) else None
                continue
            if isinstance(part, ast.Name) and part.id in figures:
                return part.id
            waiting.extend(reversed(list(ast.iter_child_nodes(part))))
        return None

    def _take_in(self, statement: ast.stmt, unit: Unit, figures: set[str]) -> None:
        """Take in which variables hold figures after *statement*; a loss that is trained on is none."""
        if unit not in self.lost:
            self.lost[unit] = {name for part in unit.body for node in inside(part) for name in trained_on(node)}
        lost = self.lost[unit]
        for node in inside(statement):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("append", "extend", "update", "add")
                and node.args
                and self._holds(node.args[0], unit, figures)
            ):
                figures.update(root(node.func.value))
            if isinstance(node, ast.AugAssign) and self._holds(node.value, unit, figures):
                figures.update(root(node.target))
            for target, value in bindings(node):
                holds = not lost & root(target) and self._holds(value, unit, figures, of=place(target, node))
                if holds and not (isinstance(target, ast.Attribute) and root(target) <= {"self"}):
                    figures.update(root(target))
                elif not holds and isinstance(target, ast.Name) and node is statement:
                    figures.discard(target.id)

    def _holds(self, node: ast.expr, unit: Unit, figures: set[str], of: tuple[int, int] | None = None) -> bool:
        """Whether the value of *node* holds figures; *of* is its place where the value is taken apart."""
        if isinstance(node, ast.Call) and picks(node):
            return False
        if self._compares(node, unit):
            return True
        if isinstance(node, ast.Call) and (own := self._giving(node, unit)):
            return any(self._returns(callee, of) for callee in own)
        for part in kept(node):
            own = self.fitting.callees(part, unit) if isinstance(part, ast.Call) else []
            if isinstance(part, ast.Call) and own:
                if any(self._returns(callee, None) for callee in self._giving(part, unit)):
                    return True
            elif any(self._words(part, unit)):
                return True
        return self._mentions(node, figures) is not None

    def _giving(self, call: ast.Call, unit: Unit) -> list[Unit]:
        """Find the functions of the notebook whose results a call gives back."""
        maps = spelled(call.func).rpartition(".")[2] in training.MAPS
        return self.fitting.callees(call, unit) if maps else self.fitting.called(call, unit)

    def _returns(self, unit: Unit, of: tuple[int, int] | None) -> bool:
        """Whether a function of the notebook gives figures back."""
        key = (unit, of)
        if key not in self.returns:
            self.returns[key] = False
            figures: set[str] = set()
            for statement in (*unit.body, *unit.body):
                self._take_in(statement, unit, figures)
            self.returns[key] = any(self._holds(part_of(value, of), unit, figures) for value in unit.returned)
        return self.returns[key]

    def _named(self, unit: Unit) -> str | None:
        """Find a variable named like a measure that the cell works out."""
        for statement in unit.body:
            for target, value in (pair for node in inside(statement) for pair in bindings(node)):
                if not isinstance(target, ast.Name) or not training.names_a_measure(target.id):
                    continue
                works = any(
                    isinstance(part, ast.BinOp)
                    or (isinstance(part, ast.Call) and not spelled(part.func).rpartition(".")[2][:1].isupper())
                    for part in ast.walk(value)
                )
                curve = isinstance(value, ast.Call) and spelled(value.func).endswith("_curve")
                if (
                    works
                    and not curve
                    and not isinstance(value, ast.Subscript | ast.Attribute | ast.List | ast.Dict | ast.ListComp)
                ):
                    return f"`{target.id}`"
        return None
