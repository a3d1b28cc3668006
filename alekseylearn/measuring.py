"""What measures: calls that measure, errors and hits worked out by hand, and figures from before that are shown."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from alekseylearn.effects import library
from alekseylearn.figures import (
    averages,
    computing,
    distance,
    error,
    kept,
    labelled,
    part_of,
    picks,
    place,
    plain_column,
    predicted,
    records,
    relative,
    result,
    root,
    trained_on,
)
from alekseylearn.fitting import Fitting
from alekseylearn.hits import Hits
from alekseylearn.knowledge import libraries, training
from alekseylearn.showing import draws, named, shown
from alekseylearn.syntax import children, walk
from alekseylearn.units import Unit, bindings, inside, spelled

_SAYS = frozenset({"trains", "prepares", "measures", "shows", "pure"})
_WHOLE = frozenset({"T", "values", "style", "loc", "iloc"})
"""What gives back a table as a whole, or a part of its rows."""
_SHOWN_BY = frozenset({"round", "float", "int", "str", "dict", "sorted"})
_MAKES = frozenset({"compile", "save", "load", "plot"})
_SLOPES = training.GRADIENTS - {"value_and_grad"}
_SHAPE = "works out an error or a share of hits"


@dataclass(slots=True)
class Measuring:
    """Looks for what measures.

    `figures` are the variables of the notebook that hold measures; `other` are the keys of those that hold other things
    besides, where these are known.
    """

    fitting: Fitting
    figures: set[str] = field(default_factory=set)
    other: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    hits: Hits = field(init=False)
    told: dict[Unit, str | None] = field(default_factory=dict)
    returns: dict[tuple[Unit, tuple[int, int] | None], bool] = field(default_factory=dict)
    lost: dict[Unit, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.hits = Hits(self.fitting)

    def why(self, unit: Unit) -> str | None:
        """Say what a cell measures, or which figures it shows; None when it does neither."""
        told: list[str] = []
        for statement in unit.body:
            for node in computing(statement):
                if not draws(node, unit, self.fitting.names):
                    told += self._words(node, unit)
        if told:
            return (named(unit) if told[0].startswith(_SHAPE) else None) or told[0]
        seen = list(shown(unit, self.fitting.names))
        figures = self.figures | self._going_through(unit)
        signs = (self._figure(node, figures, unit) or self._called_so(node, unit) for node in seen)
        figure = next((sign for sign in signs if sign), None)
        if figure is not None:
            return f"`{figure}`"
        return named(unit) or next((words for node in seen if (words := labelled(node))), None)

    def remember(self, unit: Unit) -> None:
        """Take in which variables hold figures after a cell that trains or measures."""
        for statement in unit.body:
            self._take_in(statement, unit, self.figures)
            self.hits.remember(statement, unit)

    # -- what is computed -------------------------------------------------------------------------------------------

    def _words(self, node: ast.AST, unit: Unit) -> Iterator[str]:
        """Say by which sign *node* measures."""
        match node:
            case ast.Call():
                words = self._call(node, unit)
                if words is not None:
                    yield words
                elif (file := records(node)) is not None:
                    yield f"writes `{file}`"
                elif error(node) or distance(node) or self.hits.counts(node, unit):
                    yield _SHAPE
            case ast.Attribute(attr=name, value=base) if self._measured(name, base, unit) and not self._module(node):
                yield f"`{spelled(node)}`"
            case ast.BinOp() if relative(node):
                yield _SHAPE
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
        if any(origin.rpartition(".")[2] in _SLOPES for origin in names.origins(call.func, unit)):
            return None
        own = [
            callee for callee in self.fitting.callees(call, unit) if not callee.name.lower().startswith(training.SHOWS)
        ]
        for callee in own:
            inner = self._inside(callee)
            inner = inner or ("works out a figure" if self._says_so(callee) else None)
            if inner is not None:
                told = inner.partition(", which ")[2] or inner
                return f"calls `{callee.name}`, which {told}" if callee.name != "lambda" else inner
        if any(origin in names.functions or origin.startswith("type ") for origin in names.origins(call.func, unit)):
            return None
        made = (dotted, *origins, *names.origins(call.func, unit))
        called = {name, *(one.rpartition(".")[2] for one in (dotted, *(made if receiver is None else ())))}
        plain = library(dotted) not in libraries.DISPLAY_LIBRARIES
        if (
            any(one.rpartition(".")[2].endswith(("Evaluator", "evaluator")) for one in (*made, name))
            and name not in _MAKES
        ):
            return words
        measured = plain and any(training.is_measure(one) and not one[:1].isupper() for one in called)
        if measured or name in training.LOGGING:
            return words
        of = training.MEASURING_OF.get(name, ())
        if of and any(one.startswith(of) for one in (dotted, *origins)):
            return words
        if dotted in training.FOLDED:
            return words
        if any(training.LOSSES.match(origin) for origin in made) and not name[:1].isupper():
            return words
        return words if dotted == "pandas.crosstab" and any(predicted(argument) for argument in call.args) else None

    def _says_so(self, unit: Unit) -> bool:
        """Whether a function of the notebook is called like a measure, and gives or prints an average or a share."""
        if not training.MEASURES_BY_NAME.match(unit.name) and not training.names_a_measure(unit.name):
            return False
        nodes = (node for statement in unit.body for node in computing(statement))
        return any(
            (isinstance(node, ast.Call) and averages(node))
            or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not unit.name.endswith("error"))
            for node in nodes
        )

    def _inside(self, unit: Unit) -> str | None:
        """Say what a function of the notebook measures when it is called."""
        if unit not in self.told:
            self.told[unit] = None
            nodes = (node for statement in unit.body for node in computing(statement))
            self.told[unit] = next((words for node in nodes for words in self._words(node, unit)), None)
        return self.told[unit]

    def _measured(self, name: str, base: ast.expr, unit: Unit) -> bool:
        """Whether the attribute *name* of *base* is a measure."""
        if name in training.MEASURE_ATTRIBUTES:
            return True
        makers = training.FIGURES_OF.get(name, ())
        return bool(makers) and any(origin.startswith(makers) for origin in self.fitting.names.origins(base, unit))

    def _module(self, node: ast.Attribute) -> bool:
        return bool(self.fitting.names.dotted(node))

    # -- figures that were worked out before --------------------------------------------------------------------------

    def _figure(self, node: ast.expr, figures: set[str], unit: Unit) -> str | None:
        """Name the figure that *node* shows."""
        if isinstance(node, ast.Tuple) and node.elts:
            return next((found for part in node.elts if (found := self._figure(part, figures, unit))), None)
        if isinstance(node, ast.Attribute) and training.is_figure_attribute(node.attr):
            return spelled(node)
        if isinstance(node, ast.Attribute) and node.attr not in _WHOLE and not training.names_a_measure(node.attr):
            return None
        return self._mentions(node, figures, unit)

    def _going_through(self, unit: Unit) -> set[str]:
        """Find the variables of loops that go through figures."""
        return {
            part.id
            for statement in unit.body
            for loop in inside(statement)
            for target, value in bindings(loop)
            if isinstance(loop, ast.For | ast.comprehension) and self._mentions(value, self.figures, unit)
            for part in walk(target)
            if isinstance(part, ast.Name)
        }

    def _called_so(self, node: ast.expr, unit: Unit) -> str | None:
        """Name a variable in *node* that is called like a measure, where nothing else is known of it."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in _SHOWN_BY:
            return None
        names = (part.id for part in kept(node) if isinstance(part, ast.Name) and training.names_a_measure(part.id))
        known = self.fitting.names
        made = ((name, known.origins(ast.Name(name), unit) - {"(value)"}) for name in names)
        return next((name for name, origins in made if all(_is_metric(one) for one in origins)), None)

    def _mentions(self, node: ast.expr, figures: set[str], unit: Unit) -> str | None:
        """Name the first figure in *node* that is not only used to pick something."""
        waiting: list[ast.AST] = [node]
        while waiting:
            part = waiting.pop()
            if (isinstance(part, ast.Call) and (picks(part) or self._hides(part, unit))) or isinstance(
                part, ast.Compare
            ):
                continue
            if isinstance(part, ast.Attribute) and part.attr in training.PICKS:
                continue
            if isinstance(part, ast.Attribute) and part.attr in training.COURSES and not self._module(part):
                return spelled(part)
            if isinstance(part, ast.Attribute) and plain_column(part, node, figures):
                continue
            if isinstance(part, ast.Subscript):
                if not self._is_other(part, unit):
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
            waiting.extend(reversed(children(part)))
        return None

    def _is_other(self, part: ast.Subscript, unit: Unit) -> bool:
        """Whether *part* takes something else out of what also holds figures: `result["path"]`."""
        if not isinstance(part.value, ast.Name) or not isinstance(part.slice, ast.Constant):
            return False
        return str(part.slice.value) in self.other.get((unit.name, part.value.id), ())

    def _others(self, value: ast.expr, unit: Unit) -> frozenset[str]:
        """Find the keys of a dictionary, written out or given by a function, under which no figures are."""
        match value:
            case ast.Dict(keys=keys, values=values):
                pairs = zip(keys, values, strict=True)
                named = ((str(key.value), one) for key, one in pairs if isinstance(key, ast.Constant))
                figures = set() if unit.name else self.figures
                return frozenset(key for key, one in named if not self._holds(one, unit, figures))
            case ast.Call():
                called = (callee for callee in self.fitting.called(value, unit) if callee.name != "lambda")
                given = [(one, callee) for callee in called for one in callee.returned]
                return frozenset().union(*(self._others(one, at) for one, at in given if isinstance(one, ast.Dict)))
            case _:
                return frozenset()

    def _hides(self, call: ast.Call, unit: Unit) -> bool:
        """Whether a call of a function of the notebook gives back no figures, whatever it is given."""
        own = self._giving(call, unit)
        return bool(own) and not any(self._returns(callee, None) for callee in own)

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
                if isinstance(target, ast.Name):
                    self.other[unit.name, target.id] = self._others(value, unit)
                holds = not lost & root(target) and self._holds(value, unit, figures, of=place(target, node))
                if holds and not (isinstance(target, ast.Attribute) and root(target) <= {"self"}):
                    figures.update(root(target))
                elif not holds and isinstance(target, ast.Name) and node is statement:
                    figures.discard(target.id)

    def _holds(self, node: ast.expr, unit: Unit, figures: set[str], of: tuple[int, int] | None = None) -> bool:
        """Whether the value of *node* holds figures; *of* is its place where the value is taken apart."""
        if isinstance(node, ast.Call) and picks(node):
            return False
        if self.hits.same(node, unit):
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
        return self._mentions(node, figures, unit) is not None

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


def _is_metric(origin: str) -> bool:
    return ".metrics." in f"{origin}." or origin.startswith("torchmetrics")
