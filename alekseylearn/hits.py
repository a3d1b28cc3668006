"""What tells where two things are the same, prediction and truth, and what counts how often."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from alekseylearn.figures import MEANS, keep
from alekseylearn.fitting import Fitting
from alekseylearn.units import Unit, bindings, inside, spelled

_SAME = (ast.Eq, ast.NotEq)
_ORDERS = (*_SAME, ast.Gt, ast.Lt, ast.GtE, ast.LtE)


@dataclass(slots=True)
class Hits:
    """Looks for hits: `names` are the variables of the notebook that hold them, `constants` those with plain values."""

    fitting: Fitting
    names: set[str] = field(default_factory=set)
    constants: set[str] = field(default_factory=set)
    compared: dict[Unit, bool] = field(default_factory=dict)

    def remember(self, statement: ast.stmt, unit: Unit) -> None:
        """Take in which variables hold hits after *statement*."""
        for target, value in (pair for node in inside(statement) for pair in bindings(node)):
            if isinstance(target, ast.Name):
                keep(self.names, target.id, kept=self.compares(value, unit))
                keep(self.constants, target.id, kept=isinstance(value, ast.Constant))

    def counts(self, call: ast.Call, unit: Unit) -> bool:
        """Whether a call counts how often two things are the same: `(p == y).mean()`, `sum(p == y)`."""
        if spelled(call.func).rpartition(".")[2] not in MEANS:
            return False
        parts = [*call.args[:1], *([call.func.value] if isinstance(call.func, ast.Attribute) else [])]
        return any(self.compares(part, unit) for part in parts)

    def same(self, node: ast.expr, unit: Unit) -> bool:
        """Whether the value of *node* tells where two things are the same."""
        return self.compares(node, unit, _SAME)

    def compares(self, node: ast.expr, unit: Unit, orders: tuple[type[ast.cmpop], ...] = _ORDERS) -> bool:
        """Whether the value of *node* tells where two things are the same, or which is greater."""
        match node:
            case ast.Compare(left=left, ops=[order], comparators=[right]) if isinstance(order, orders):
                return not any(self._constant(side) for side in (left, right))
            case ast.Call(func=function):
                own = self.fitting.callees(node, unit)
                if any(self._gives(callee) for callee in own):
                    return True
                return isinstance(function, ast.Attribute) and self.compares(function.value, unit, orders)
            case ast.Subscript(value=base) | ast.Attribute(value=base):
                return self.compares(base, unit, orders)
            case ast.GeneratorExp(elt=part) | ast.ListComp(elt=part):
                return self.compares(part, unit, orders)
            case ast.Name(id=name):
                values = unit.bound.get(name, [])
                there = name in self.names and not unit.name
                return there or any(
                    isinstance(value, ast.Compare) and self.compares(value, unit, orders) for value in values
                )
            case _:
                return False

    def _gives(self, unit: Unit) -> bool:
        """Whether a function of the notebook gives back where two things are the same."""
        if unit not in self.compared:
            self.compared[unit] = False
            self.compared[unit] = any(self.compares(value, unit) for value in unit.returned)
        return self.compared[unit]

    def _constant(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Constant | ast.UnaryOp) or (isinstance(node, ast.Call) and spelled(node.func) == "len"):
            return True
        return isinstance(node, ast.Name) and node.id in self.constants
