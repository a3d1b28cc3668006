"""Shapes of code that measures: errors and their means, figures with a label, and what is drawn, picked or saved."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from alekseylearn.knowledge import libraries, training
from alekseylearn.syntax import children, walk
from alekseylearn.units import spelled

_WRITES = frozenset({"write_text", "write_bytes", "to_json", "dump", "safe_dump"})
_WRITING = re.compile(r"[wax][bt+]*\Z")
MEANS = frozenset({"mean", "sum", "average", "nanmean", "count_nonzero", "median", "percentile", "quantile", "rms"})


def keep(names: set[str], name: str, *, kept: bool) -> None:
    """Put *name* into *names*, or take it out."""
    if kept:
        names.add(name)
    else:
        names.discard(name)


def computing(statement: ast.stmt) -> Iterator[ast.AST]:
    """Go through the nodes of a statement, without what is drawn."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        yield node
        draws = isinstance(node, ast.Call) and drawn(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda) and not draws:
            waiting.extend(reversed(children(node)))


def drawn(call: ast.Call) -> bool:
    """Whether a call draws, by the way it is written, something else than how a model errs."""
    root = spelled(call.func).partition(".")[0]
    name = spelled(call.func).rpartition(".")[2]
    draws = root in ("plt", "sns", "ax", "axes", "axs", "fig", "px", "go") or name in training.DRAWING
    inner = (part for part in walk(call) if isinstance(part, ast.Call))
    return draws and not any(spelled(part.func).endswith("confusion_matrix") for part in inner)


def error(call: ast.Call) -> bool:
    """Whether a call takes the mean or sum of squares or amounts of differences."""
    name = spelled(call.func).rpartition(".")[2]
    if name in ("describe", "std") and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        return call.func.value.id.lower().startswith(("resid", "err"))
    return averages(call) and any(differs(one) for one in _amounts(call))


def records(call: ast.Call) -> str | None:
    """Name the file of metrics that a call writes; None where it writes none."""
    told = [part.value for part in walk(call) if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    file = next((text for text in told if training.METRICS_FILE.search(text)), None)
    name = spelled(call.func).rpartition(".")[2]
    writes = name in _WRITES or (name == "open" and any(_WRITING.match(text) for text in told))
    return file if writes else None


def averages(call: ast.Call) -> bool:
    """Whether a call takes one mean or sum over everything."""
    own = (
        call.args[1:]
        if isinstance(call.func, ast.Attribute) and spelled(call.func.value) in ("np", "jnp", "torch")
        else call.args
    )
    each = [*own, *(keyword.value for keyword in call.keywords if keyword.arg in ("axis", "dim"))]
    name = spelled(call.func).rpartition(".")[2]
    return name in MEANS and not any(isinstance(part, ast.Constant | ast.UnaryOp) for part in each)


def relative(node: ast.AST) -> bool:
    """Whether *node* is a difference of two totals over one of them: `(p.sum() - y.sum()) / y.sum()`."""
    match node:
        case ast.BinOp(
            left=ast.BinOp(left=ast.Call() as one, op=ast.Sub(), right=ast.Call() as two),
            op=ast.Div(),
            right=ast.Call() as total,
        ):
            return averages(total) and ast.unparse(total) in (ast.unparse(one), ast.unparse(two))
        case _:
            return False


def _amounts(call: ast.Call) -> Iterator[ast.expr]:
    """Find that of which *call* takes squares or amounts."""
    for part in walk(call):
        match part:
            case ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant(value=2)):
                yield base
            case ast.Call(func=ast.Attribute(value=base, attr="abs" | "pow" | "square"), args=arguments):
                yield from (base, *arguments)
            case ast.Call(func=ast.Name(id="abs"), args=arguments):
                yield from arguments
            case _:
                pass


def distance(call: ast.Call) -> bool:
    """Whether a call takes the norm of how far what a model gives is from the truth: `norm(A @ w - b)`."""
    name = spelled(call.func).rpartition(".")[2]
    if name not in ("norm", "vector_norm") or any(word.arg in ("axis", "dim") for word in call.keywords):
        return False
    own = [call.func.value] if isinstance(call.func, ast.Attribute) else []
    return any(_misses(part) for part in (*own, *call.args))


def _misses(node: ast.expr) -> bool:
    """Whether *node* is what a model gives, less something."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Sub):
        return False
    parts = [part for side in (node.left, node.right) for part in walk(side)]
    applied = any(
        isinstance(part, ast.Call) or (isinstance(part, ast.BinOp) and isinstance(part.op, ast.MatMult))
        for part in parts
    )
    return applied or predicted(node) or any(isinstance(part, ast.Name) and part.id.endswith("hat") for part in parts)


def differs(node: ast.expr) -> bool:
    """Whether *node* is a difference of two things that are no constants, or is named like one."""
    for part in walk(node):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub):
            return not any(isinstance(side, ast.Constant) for side in (part.left, part.right))
        if isinstance(part, ast.Name) and part.id.lower().startswith(("resid", "err", "fehler", "diff")):
            return True
    return False


def labelled(node: ast.expr) -> str | None:
    """Find a printed figure whose label names a measure."""
    match node:
        case ast.JoinedStr(values=values):
            texts = [part.value for part in values if isinstance(part, ast.Constant)]
            rest: list[ast.expr] = [part for part in values if isinstance(part, ast.FormattedValue)]
        case ast.BinOp(left=ast.Constant(value=text), op=ast.Mod(), right=right):
            texts, rest = [text], [right]
        case ast.Tuple(elts=parts):
            inner = next((words for part in parts if (words := labelled(part))), None)
            texts = [part.value for part in parts if isinstance(part, ast.Constant)]
            rest = [part for part in parts if not isinstance(part, ast.Constant | ast.JoinedStr)]
            if inner is not None:
                return inner
        case ast.Dict(keys=keys, values=values):
            texts = [str(key.value).replace("_", " ") for key in keys if isinstance(key, ast.Constant)]
            rest = [value for value in values if isinstance(value, ast.Call | ast.BinOp)]
        case ast.Call(func=function, args=arguments):
            named = spelled(function).endswith("alias")
            texts = [part.value for part in arguments if named and isinstance(part, ast.Constant)]
            rest = [node]
            if not texts:
                return next((words for part in (function, *arguments) if (words := labelled(part))), None)
        case ast.Attribute(value=base):
            return labelled(base)
        case _:
            return None
    text = " ".join(str(text) for text in texts)
    found = training.TELLS_MEASURE.search(text)
    return f"prints {found[0]}" if found and rest else None


def trained_on(node: ast.AST) -> set[str]:
    """Find the variables that *node* takes gradients of: `loss.backward()`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "backward":
        return set()
    return {part.id for one in (node.func.value, *node.args) for part in walk(one) if isinstance(part, ast.Name)}


def saves(node: ast.AST) -> bool:
    """Whether *node* only puts something into a file."""
    name = spelled(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
    return name in libraries.WRITING or name.startswith("save")


def predicted(node: ast.expr) -> bool:
    """Whether *node* holds what a model gave back, by its name."""
    return any(
        (isinstance(part, ast.Name) and "pred" in part.id.lower())
        or (isinstance(part, ast.Attribute) and part.attr.startswith(("predict", "labels_")))
        for part in walk(node)
    )


def picks(call: ast.Call) -> bool:
    """Whether a call only picks something by figures."""
    name = spelled(call.func).rpartition(".")[2]
    return name in training.PICKS or (name in ("max", "min") and any(word.arg == "key" for word in call.keywords))


def kept(node: ast.expr) -> Iterator[ast.AST]:
    """Go through the parts of an expression that end up in its value."""
    waiting: list[ast.AST] = [node]
    while waiting:
        part = waiting.pop()
        yield part
        if not isinstance(part, ast.Lambda) and not (isinstance(part, ast.Call) and picks(part)):
            waiting.extend(reversed(children(part)))


def plain_column(part: ast.Attribute, node: ast.expr, figures: set[str]) -> bool:
    """Whether *node* itself is a column that is not named like a measure."""
    of_figures = isinstance(part.value, ast.Name) and part.value.id in figures
    return of_figures and part is node and part.attr not in ("T", "values") and not training.names_a_measure(part.attr)


def result(node: ast.expr, figures: set[str]) -> bool:
    """Whether *node* is a figure, or what training keeps of its course."""
    return any(
        (isinstance(part, ast.Name) and part.id in figures)
        or (isinstance(part, ast.Attribute) and part.attr in ("history", "callback_metrics", "log_history", "metrics"))
        for part in walk(node)
    )


def root(node: ast.expr) -> set[str]:
    """Find the variables that are changed where *node* is set."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return {part.id for part in walk(node) if isinstance(part, ast.Name)}


def place(target: ast.expr, node: ast.AST) -> tuple[int, int] | None:
    """Find the place of *target* among the targets of an assignment that takes a value apart."""
    if isinstance(node, ast.Assign):
        for whole in node.targets:
            if isinstance(whole, ast.Tuple | ast.List) and target in whole.elts:
                return whole.elts.index(target), len(whole.elts)
    return None


def part_of(value: ast.expr, of: tuple[int, int] | None) -> ast.expr:
    """Take the part of a tuple that stands at a place, where *value* is such a tuple."""
    fits = of is not None and isinstance(value, ast.Tuple) and len(value.elts) == of[1]
    return value.elts[of[0]] if fits and of is not None and isinstance(value, ast.Tuple) else value
