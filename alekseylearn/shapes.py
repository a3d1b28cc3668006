"""Shapes of code that learns: gradients taken and followed, equations solved for weights, tests that stand around."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from alekseylearn.knowledge import training
from alekseylearn.syntax import children, walk
from alekseylearn.units import Unit, inside, spelled

Guards = tuple[tuple[ast.expr, bool], ...]
"""Tests that stand around a piece of code, and how they must turn out for it to run."""
Given = Mapping[str, ast.expr | None]
"""What a function's parameters are given; None where that is not known."""


def guarded(nodes: Sequence[ast.stmt], guards: Guards) -> Iterator[tuple[ast.AST, Guards]]:
    """Go through all that runs in *nodes*, each part with the tests around it."""
    for node in nodes:
        if isinstance(node, ast.If):
            yield from ((part, guards) for part in inside(node.test))
            yield from guarded(node.body, (*guards, (node.test, True)))
            yield from guarded(node.orelse, (*guards, (node.test, False)))
            if isinstance(node.body[-1], ast.Return | ast.Continue | ast.Raise) and not node.orelse:
                guards = (*guards, (node.test, False))
            continue
        if isinstance(node, ast.For | ast.AsyncFor | ast.While | ast.With | ast.AsyncWith | ast.Try):
            yield node, guards
            for child in children(node):
                if not isinstance(child, ast.stmt):
                    yield from ((part, guards) for part in inside(child))
            for block in ("body", "orelse", "finalbody"):
                yield from guarded(getattr(node, block, []), guards)
            continue
        yield from ((part, guards) for part in inside(node))


def steps(node: ast.AST) -> bool:
    """Whether *node* moves weights along gradients: `anything.step()`, or an update in which `.grad` stands."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        name, receiver = node.func.attr, spelled(node.func.value).lower()
        if name == "step":
            return "sched" not in receiver and "env" not in receiver
        in_place = name.endswith("_") and name != "zero_" and not name.startswith("requires")
        return in_place and any(has_gradient(argument) for argument in node.args)
    if isinstance(node, ast.AugAssign):
        return has_gradient(node.value)
    if isinstance(node, ast.Assign) and has_gradient(node.value):
        itself = {ast.unparse(target) for target in node.targets}
        parts = {ast.unparse(part) for part in walk(node.value) if isinstance(part, ast.Name | ast.Attribute)}
        return bool(itself & parts)
    return False


def goes_back(node: ast.AST) -> bool:
    """Whether *node* works out gradients: `loss.backward()`."""
    return isinstance(node, ast.Call) and spelled(node.func).endswith("backward")


_RATE = re.compile(r"(?:^|_)(?:lr|eta|learning_rate|learn_rate|step_size|lernrate|taux|tasa|rate)(?:$|_)")
_LEARNS = re.compile(r"_*(?:learn|update|train|fit|adapt|adjust|descend|optimi[sz]e|reinforce)(?:$|_)")


def moved(node: ast.AST, unit: Unit) -> bool:
    """Whether *node*, in a function of the notebook, moves what an object or a table holds at a learning rate."""
    if not unit.name or not isinstance(node, ast.AugAssign) or not isinstance(node.op, ast.Add | ast.Sub):
        return False
    if not isinstance(node.target, ast.Attribute | ast.Subscript):
        return False
    factors = [
        spelled(side).rpartition(".")[2].lower()
        for part in walk(node.value)
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult)
        for side in (part.left, part.right)
    ]
    return any(_RATE.search(name) or (name == "alpha" and _LEARNS.match(unit.name)) for name in factors)


def blends(loop: ast.For | ast.AsyncFor | ast.While, measures: Callable[[ast.Call], bool]) -> bool:
    """Whether *loop* tries out weights: what is tried is multiplied, the result measured, and the best is kept."""
    nodes = [part for statement in loop.body for part in inside(statement)]
    drawn = {
        name
        for node in nodes
        if isinstance(node, ast.Assign) and not measured(node.value, measures)
        for name in _set(node)
    }
    tried = drawn | (
        {part.id for part in walk(loop.target) if isinstance(part, ast.Name)}
        if not isinstance(loop, ast.While)
        else set()
    )
    kept = {
        part.id
        for node in nodes
        if isinstance(node, ast.If) and isinstance(node.test, ast.Compare)
        for statement in node.body
        if isinstance(statement, ast.Assign)
        for part in walk(statement.value)
        if isinstance(part, ast.Name)
    }
    weighed = {
        part.id
        for node in nodes
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.MatMult)
        for part in walk(node)
        if isinstance(part, ast.Name)
    }
    return bool(tried & kept & weighed) and any(measures(node) for node in nodes if isinstance(node, ast.Call))


def measured(node: ast.expr, measures: Callable[[ast.Call], bool]) -> bool:
    """Whether something in *node* measures."""
    return any(measures(part) for part in walk(node) if isinstance(part, ast.Call))


def _set(node: ast.Assign) -> set[str]:
    return {target.id for target in node.targets if isinstance(target, ast.Name)}


def has_gradient(node: ast.AST) -> bool:
    """Whether `.grad` stands in *node*."""
    return any(isinstance(part, ast.Attribute) and part.attr == "grad" for part in walk(node))


def gradient(node: ast.AST) -> bool:
    """Whether *node* makes or takes a gradient."""
    return isinstance(node, ast.Call) and spelled(node.func).rpartition(".")[2].rstrip("()") in training.GRADIENTS


def computes(node: ast.AST) -> bool:
    """Whether *node* takes a gradient, or a figure over all data."""
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.MatMult)
    return gradient(node) or (
        isinstance(node, ast.Call)
        and spelled(node.func).rpartition(".")[2] in ("mean", "sum", "dot", "einsum", "average")
    )


def squared(node: ast.expr) -> bool:
    """Whether *node* holds `X.T @ X`, as the normal equations do."""
    return any(
        (isinstance(part, ast.BinOp) and isinstance(part.op, ast.MatMult) and transposed(part.left))
        or (isinstance(part, ast.Call) and spelled(part.func).endswith("T.dot"))
        for part in walk(node)
    )


def transposed(node: ast.expr) -> bool:
    """Whether something in *node* is transposed."""
    return any(isinstance(part, ast.Attribute) and part.attr in ("T", "mT") for part in walk(node))


def normal_equation(node: ast.BinOp) -> bool:
    """Whether *node* is `inv(X.T @ X) @ ...` or `pinv(X) @ y`."""
    left = node.left
    while isinstance(left, ast.BinOp) and isinstance(left.op, ast.MatMult):
        left = left.left
    if not isinstance(node.op, ast.MatMult) or not isinstance(left, ast.Call):
        return False
    name = spelled(left.func)
    return name.endswith("pinv") or (name.endswith("linalg.inv") and bool(left.args) and squared(left.args[0]))


def slope(node: ast.BinOp) -> bool:
    """Whether *node* is a covariance divided by a variance."""
    if not isinstance(node.op, ast.Div):
        return False
    above = [part for part in walk(node.left) if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult)]
    below = [part for part in walk(node.right) if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Pow)]
    rooted = any(isinstance(part, ast.Call) and spelled(part.func).endswith("sqrt") for part in walk(node.right))
    return (
        not rooted
        and any(centred(part.left) and centred(part.right) for part in above)
        and any(centred(part.left) for part in below)
    )


def centred(node: ast.expr) -> bool:
    """Whether *node* is `x - x.mean()`."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Sub):
        return False
    return isinstance(node.right, ast.Call) and spelled(node.right.func).endswith("mean")


def fits(node: ast.AST) -> bool:
    """Whether *node* fits something, or moves weights."""
    name = spelled(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
    return name in training.FITTING or name in ("step", "backward", "fit_transform", "apply_gradients")


def is_optimizer(node: ast.expr) -> bool:
    """Whether *node* is called like an optimizer."""
    return spelled(node).rpartition(".")[2].lower().startswith(("opt", "optim"))


_MODES = frozenset({"mode", "training", "is_train", "train_mode", "is_training", "flag", "was_training", "train"})


def starts(call: ast.Call, receiver: ast.expr, name: str, makers: list[str]) -> bool:
    """Tell `trainer.train()` and `model.train(data)` from `net.train()`, which sets a mode."""
    known = [spelled(receiver), *makers]
    if any(word in maker.lower() for maker in known for word in training.TRAINERS):
        return True
    if name == "learn":
        return any(keyword.arg in ("total_timesteps", "timesteps") for keyword in call.keywords)
    if len(call.args) + len(call.keywords) == 1:
        only = (*call.args, *(keyword.value for keyword in call.keywords))[0]
        mode = any(keyword.arg == "mode" for keyword in call.keywords)
        plain = isinstance(only, ast.Constant | ast.Compare | ast.UnaryOp | ast.BoolOp)
        return not (mode or plain or spelled(only).rpartition(".")[2].lower() in _MODES)
    return bool(call.args or call.keywords)


def turns(call: ast.Call, receiver: ast.expr, name: str, makers: list[str]) -> bool:
    """Tell calls that train on optimizers, language pipelines, engines and tuners from those on others."""
    last = spelled(receiver).rpartition(".")[2].lower()
    keywords = {keyword.arg for keyword in call.keywords}
    optimizer = any("ptim" in maker and "lr_scheduler" not in maker for maker in makers)
    optimizer = optimizer or (("opt" in last or "ottim" in last) and "sched" not in last)
    match name:
        case "step":
            return (
                optimizer or last in ("svi", "engine", "model_engine") or any(is_optimizer(part) for part in call.args)
            )
        case "update":
            return bool({"sgd", "losses"} & keywords) or (optimizer and len(call.args) >= 2)
        case "apply" | "minimize":
            return optimizer
        case "run":
            return "trainer" in last and (bool({"max_epochs"} & keywords) or bool(call.args))
        case "search":
            return "tuner" in last
        case _:
            return "study" in last


def decide(test: ast.expr, unit: Unit, given: Given, deep: int = 4) -> bool | None:
    """Tell how *test* turns out, as far as the arguments that were given decide it."""
    match test:
        case ast.Constant(value=value):
            return bool(value)
        case ast.Name(id=name) if name in given:
            passed = given[name]
            return bool(passed.value) if isinstance(passed, ast.Constant) else None
        case ast.Name(id=name) if deep and len(unit.bound.get(name, ())) == 1:
            return decide(unit.bound[name][0], unit, given, deep - 1)
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            found = decide(inner, unit, given, deep)
            return None if found is None else not found
        case ast.BoolOp(op=ast.And(), values=parts):
            return False if any(decide(part, unit, given, deep) is False for part in parts) else None
        case ast.Compare(left=ast.Name(id=name), ops=[ast.Is() | ast.Eq()], comparators=[ast.Constant(value=value)]):
            return _equals(given.get(name), value)
        case ast.Compare(
            left=ast.Name(id=name), ops=[ast.IsNot() | ast.NotEq()], comparators=[ast.Constant(value=value)]
        ):
            found = _equals(given.get(name), value)
            return None if found is None else not found
        case _:
            return None


def _equals(value: ast.expr | None, wanted: object) -> bool | None:
    if isinstance(value, ast.Constant):
        return value.value == wanted
    return False if value is not None and wanted is None else None
