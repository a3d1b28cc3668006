"""Training loops written out by hand: what one round computes feeds back into the next, as weights do."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from alekseylearn.syntax import children, walk

_ROUNDS = re.compile(
    r"(?:^|_)(?:(?:epochs?|epoch?en?|epoca?s?|época?s?|époques?|epoques?|epoche|epoki|эпох\w*|num_epochs|max_iter|n_iter)(?:$|_|\d)"
    r"|(?:steps?|iters?|iterations?|iteraciones|iterac\w+|it|rounds?|episodes?|episod\w+|updates?|batches|num_updates|generations?|generaci[oó]n\w*|générations?|generationen|sweeps?"
    r"|pasos?|passos?|schritte?|vueltas?|voltas?|tours?|runden?|durchl\w+)(?:$|_|\d))",
    re.IGNORECASE,
)
_REDUCES = frozenset(
    {
        "mean",
        "sum",
        "dot",
        "average",
        "einsum",
        "matmul",
        "solve",
        "lstsq",
        "inv",
        "pinv",
        "outer",
        "argmin",
        "nanmean",
        "mm",
    }
)
_COLLECTS = frozenset(
    {"min", "max", "minimum", "maximum", "concat", "concatenate", "append", "vstack", "hstack", "stack", "union",
     "list", "sorted", "set", "dict", "cat", "merge", "join", "cumsum", "next", "drop", "copy", "pop"}
)  # fmt: skip
_APPLIES = frozenset(
    {"predict", "predict_proba", "generate", "forecast", "sample", "multinomial", "transform", "choice", "decode",
     "step", "reset"}
)  # fmt: skip
_IN_TIME = re.compile(r"(?:^|_)(?:dt|delta_t|timestep|time_step|gravity)(?:$|_|\d)")
_MOST_ROUNDS = 6

Learns = Callable[[ast.Call], bool]
"""Tells of a call whether it computes gradients, or a figure over all data, somewhere inside."""


Decides = Callable[[ast.expr], bool | None]
"""Tells how a test turns out, where that can be told."""


def _knows_nothing(_: ast.Call) -> bool:
    return False


def _decides_nothing(_: ast.expr) -> bool | None:
    return None


def training_loop(
    loop: ast.For | ast.AsyncFor | ast.While, learns: Learns = _knows_nothing, decides: Decides = _decides_nothing
) -> str | None:
    """Say what *loop* goes over if it looks like training, else None.

    It does when what it changes depends on itself, round by round, as weights do (totals, counters and lists that are
    filled do not), and when besides it counts epochs or steps, or computes a gradient or a sum over the data on the
    way, or adds a product to a variable as learning rules do. Simulations over time, and models that are only applied,
    do not.
    """
    rounds = _Rounds(decides)
    if not isinstance(loop, ast.While):
        rounds.fresh.update(part.id for part in walk(loop.target) if isinstance(part, ast.Name))
    rounds.read(loop.body, frozenset())
    cycle = rounds.cycle()
    if not cycle:
        return None
    heads = (loop.test,) if isinstance(loop, ast.While) else (loop.iter, loop.target)
    counter = next((name for head in heads for name in _names(head) if _ROUNDS.search(name)), None)
    nodes = [node for write in cycle for node in walk(write.value)]
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    ruled = any(write.rule for write in cycle)
    evolves = counter is not None and "gener" in counter.lower()
    if _in_time(loop) or (not (ruled or evolves) and any(_last(call) in _APPLIES for call in calls)):
        return None
    tells = (
        any(isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult) for node in nodes)
        or any(_last(call) in _REDUCES or learns(call) for call in calls)
        or ruled
    )
    if counter is None and not tells:
        return None
    return f"looks like a training loop over `{counter}`" if counter else "looks like a training loop"


def hand_overs(body: list[ast.stmt]) -> int:
    """Count the variables that *body* gives what others of them were, as in `a, b = b, c`: each takes a round."""
    pairs = [
        pair
        for statement in body
        for node in _inside(statement)
        if isinstance(node, ast.Assign)
        for target in node.targets
        for pair in _passed_on(target, node.value)
    ]
    moved = {name for name, _ in pairs}
    return min(len({name for name, value in pairs if moved & set(_names(value))}), _MOST_ROUNDS)


def _passed_on(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Pair the variables of *target* with what they are given, where this may be what another variable was."""
    many = ast.Tuple | ast.List
    if isinstance(target, many) and isinstance(value, many) and len(target.elts) == len(value.elts):
        for part, given in zip(target.elts, value.elts, strict=True):
            yield from _passed_on(part, given)
    elif not isinstance(value, ast.Call | ast.BinOp | ast.Constant | ast.Compare):
        yield from ((part.id, value) for part in walk(target) if isinstance(part, ast.Name))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Write:
    """A variable gets a value that depends on `reads`; `rule` when a product is added to it, as learning rules do."""

    name: str
    value: ast.expr
    reads: frozenset[str]
    rule: bool = False


@dataclass(slots=True)
class _Rounds:
    """What one round of a loop writes, and what it reads before: `carried` are variables of the round before."""

    decides: Decides
    writes: list[_Write] = field(default_factory=list)
    fresh: set[str] = field(default_factory=set)
    carried: set[str] = field(default_factory=set)

    def read(self, body: list[ast.stmt], tests: frozenset[str], *, surely: bool = True) -> None:
        """Read statements that run when something that depends on *tests* allows it."""
        for node in body:
            match node:
                case ast.Assign(targets=targets, value=value):
                    self._assign(targets, value, tests, surely=surely)
                case ast.AnnAssign(target=target, value=ast.expr() as value):
                    self._assign([target], value, tests, surely=surely)
                case ast.AugAssign(target=target, value=value):
                    self._update(target, value, tests)
                case ast.Expr(value=ast.Call(func=ast.Attribute(value=target, attr=name)) as call) if _in_place(name):
                    self._update(target, call, tests)
                case ast.If(test=test):
                    under = tests | self._reads(test)
                    for block, wanted in ((node.body, True), (node.orelse, False)):
                        if self.decides(test) is not (not wanted):
                            self.read(block, under, surely=False)
                case ast.For(target=target, iter=items) | ast.AsyncFor(target=target, iter=items):
                    self._assign([target], items, tests, surely=surely)
                    self.read(node.body, tests, surely=surely)
                case ast.While(test=test):
                    self.read(node.body, tests | self._reads(test), surely=surely)
                case ast.With() | ast.AsyncWith() | ast.Try():
                    self.read(node.body, tests, surely=surely)
                case _:
                    pass

    def cycle(self) -> list[_Write]:
        """Find the writes by which a variable of the round before decides what it becomes."""
        feeds: dict[str, set[str]] = {}
        for write in self.writes:
            feeds.setdefault(write.name, set()).update(write.reads)
        found: list[_Write] = []
        for name in self.carried & set(feeds):
            around = {other for other in _reached(name, feeds) if name in _reached(other, feeds)}
            found += [write for write in self.writes if write.name in around]
        return found

    def _assign(self, targets: list[ast.expr], value: ast.expr, tests: frozenset[str], *, surely: bool) -> None:
        reads = self._reads(value)
        for target, part in [pair for whole in targets for pair in _pairs(whole, value)]:
            name = _key(target)
            mine = self._reads(part) | tests
            if _only_adds(name, part) or (isinstance(part, ast.Call) and _last(part) in _COLLECTS):
                mine -= {name}
            self.writes.append(_Write(name=name, value=part, reads=mine, rule=_learning_rule(target, part)))
        for whole in targets:
            for part, _ in _pairs(whole, value):
                if surely and not isinstance(part, ast.Subscript | ast.Attribute) and _key(part) not in reads:
                    self.fresh.add(_key(part))

    def _update(self, target: ast.expr, value: ast.expr, tests: frozenset[str]) -> None:
        name = _key(target)
        reads = self._reads(value if not isinstance(value, ast.Call) else ast.Tuple(elts=[*value.args])) | tests
        if name not in self.fresh:
            self.carried.add(name)
        product = any(isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) for node in walk(value))
        self.writes.append(_Write(name=name, value=value, reads=reads, rule=product))

    def _reads(self, node: ast.expr) -> frozenset[str]:
        found = frozenset(_read(node))
        self.carried |= found - self.fresh
        return found


def _reached(name: str, feeds: dict[str, set[str]]) -> set[str]:
    """Find all that *name* depends on."""
    seen: set[str] = set()
    waiting = list(feeds.get(name, ()))
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting += feeds.get(one, ())
    return seen


def _read(node: ast.expr) -> Iterator[str]:
    """Names of variables in *node*; calling a method of `self` may read all that `self` has."""
    for part in walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "self":
            yield "self"


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Take tuples of targets apart, together with those of values."""
    if not isinstance(target, ast.Tuple | ast.List):
        yield target, value
        return
    for number, part in enumerate(target.elts):
        alike = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
        yield from _pairs(part, value.elts[number] if alike and isinstance(value, ast.Tuple | ast.List) else value)


def _only_adds(name: str, value: ast.expr) -> bool:
    """Whether *value* is `total + ...`, where nothing else is computed with the total."""
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Add):
        return False
    rest = [side for side in (value.left, value.right) if not (isinstance(side, ast.Name) and side.id == name)]
    return len(rest) == 1 and name not in _read(rest[0])


def _learning_rule(target: ast.expr, value: ast.expr) -> bool:
    """Whether `target = value` is `Q[s] = Q[s] + rate * ...` or `w = w - rate * ...`."""
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Add | ast.Sub):
        return False
    parts = list(walk(value))
    if not any(isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult) for part in parts):
        return False
    itself = ast.unparse(target)
    if isinstance(target, ast.Subscript):
        return any(isinstance(part, ast.Subscript) and ast.unparse(part) == itself for part in parts)
    return isinstance(value.op, ast.Sub) and ast.unparse(value.left) == itself


def _in_time(loop: ast.AST) -> bool:
    return any(_IN_TIME.search(name) for name in _names(loop))


def _in_place(name: str) -> bool:
    return name.endswith("_") and not name.endswith("__") and name not in ("zero_", "requires_grad_")


def _last(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """All of *node*, without what stands in functions in it."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        if not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(children(part))


def _names(node: ast.AST) -> list[str]:
    return [
        part.id if isinstance(part, ast.Name) else part.attr
        for part in walk(node)
        if isinstance(part, ast.Name | ast.Attribute)
    ]


def _key(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
