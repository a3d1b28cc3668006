"""Which object of the notebook is the fitted model."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import NamedTuple

FITS = frozenset(
    {
        "fit",
        "fit_generator",
        "partial_fit",
        "fit_transform",
        "fit_predict",
        "train",
        "learn",
        "fit_one_cycle",
        "fine_tune",
    }
)
"""Methods whose receiver is what gets trained."""
WEIGHTS = re.compile(r"model|net|network|params|parameters|weights?|theta|coef\w*|bias(es)?|intercept|[wWbB]\d*")
"""Names under which notebooks that train by hand keep what they learn."""
FAMILIES = ("xgboost", "lightgbm", "catboost", "keras", "tf_keras", "transformers", "sklearn")


class Model(NamedTuple):
    """An object to save, and the name it is known by."""

    name: str
    value: object


def family(value: object) -> str | None:
    """Tell by its classes which library made *value*; None for anything else."""
    for kind in type(value).__mro__:
        if f"{kind.__module__}.{kind.__name__}" == "torch.nn.modules.module.Module":
            return "torch"
    tops = [kind.__module__.partition(".")[0] for kind in type(value).__mro__]
    return next((name for name in FAMILIES if name in tops), None)


def estimator(value: object) -> bool:
    """Tell whether *value* looks like something that can be trained and then used."""
    if isinstance(value, (type, ModuleType)):
        return False
    kind = family(value)
    if kind == "torch":
        return not type(value).__module__.startswith("torch.nn.modules.loss")
    learns = any(callable(getattr(type(value), name, None)) for name in ("fit", "train", "partial_fit"))
    uses = any(hasattr(type(value), name) for name in ("predict", "transform", "predict_proba", "forward", "__call__"))
    return learns and uses


def fitted(value: object) -> bool:
    """Tell whether a scikit-learn estimator carries what `fit` learns (names that end with `_`); True for others."""
    if family(value) != "sklearn":
        return True
    if hasattr(value, "__sklearn_is_fitted__"):
        return bool(value.__sklearn_is_fitted__())
    steps = getattr(value, "steps", None)
    if isinstance(steps, list) and steps:
        return fitted(steps[-1][1])
    return any(name.endswith("_") and not name.startswith("__") for name in vars(value))


def find(namespace: Mapping[str, object], trees: Sequence[ast.Module]) -> Model | None:
    """Find the fitted model among *namespace* from the cells that train, given as *trees* in notebook order.

    First what the last cell calls `.fit` on, then an estimator that it names, last the weights of a loop by hand.
    """
    for tree in reversed(trees):
        model = _receiver(namespace, tree) or _named(namespace, tree) or _weights(namespace, tree)
        if model is not None:
            return model
    return None


def _receiver(namespace: Mapping[str, object], tree: ast.Module) -> Model | None:
    calls = [
        (node, statement)
        for statement in tree.body
        for node in ast.walk(statement)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in FITS
    ]
    # By where they end: in `model.fit(scaler.fit_transform(X), y)` the scaler comes first.
    calls.sort(key=lambda pair: (pair[0].end_lineno or 0, pair[0].end_col_offset or 0))
    found = [model for call, statement in calls if (model := _trained(namespace, call, statement)) is not None]
    return next((model for model in reversed(found) if not prepares(model.value)), found[-1] if found else None)


def prepares(value: object) -> bool:
    """Tell whether *value* only transforms data for a model, as a scaler does."""
    return hasattr(type(value), "transform") and not hasattr(type(value), "predict")


def _trained(namespace: Mapping[str, object], call: ast.Call, statement: ast.stmt) -> Model | None:
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else call.func
    value = lookup(namespace, receiver)
    top = type(value).__module__.partition(".")[0]
    if top in {"lightning", "pytorch_lightning"} and call.args:
        # Lightning's Trainer is given what it trains.
        receiver, value = call.args[0], lookup(namespace, call.args[0])
    if value is None or isinstance(value, ModuleType):
        # `clf = Classifier().fit(X, y)` and `booster = xgb.train(...)`: the result is the model.
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            return None
        receiver = statement.targets[0]
        value = namespace.get(receiver.id)
        if family(value) is None and not estimator(value):
            return None
    return None if value is None else Model(ast.unparse(receiver), value)


def lookup(namespace: Mapping[str, object], expression: ast.expr) -> object:
    """Return what a name or a chain of attributes stands for; None where it is anything else."""
    if isinstance(expression, ast.Name):
        return namespace.get(expression.id)
    if isinstance(expression, ast.Attribute):
        owner = lookup(namespace, expression.value)
        return None if owner is None else getattr(owner, expression.attr, None)
    return None


def _named(namespace: Mapping[str, object], tree: ast.Module) -> Model | None:
    for name in _names(tree):
        value = namespace.get(name)
        if value is not None and estimator(value):
            return Model(name, value)
    return None


def _weights(namespace: Mapping[str, object], tree: ast.Module) -> Model | None:
    arrays = {}
    for name in _names(tree):
        value = namespace.get(name)
        if not WEIGHTS.fullmatch(name) or value is None or callable(value) or isinstance(value, ModuleType):
            continue
        if is_array(value):
            arrays[name] = value
        elif is_arrays(value) or type(value).__module__ == "__main__":
            return Model(name, value)
    return Model(", ".join(sorted(arrays)), dict(sorted(arrays.items()))) if arrays else None


def is_array(value: object) -> bool:
    """Tell whether *value* is a NumPy array."""
    return any(f"{kind.__module__}.{kind.__name__}" == "numpy.ndarray" for kind in type(value).__mro__)


def is_arrays(value: object) -> bool:
    """Tell whether *value* is a dict from names to NumPy arrays."""
    return (
        isinstance(value, dict)
        and len(value) > 0
        and all(isinstance(name, str) and is_array(entry) for name, entry in value.items())
    )


def _names(tree: ast.Module) -> Iterator[str]:
    """Yield the names of a cell: first those it binds, the last one first, then those it reads, in order."""
    nodes: list[ast.Name] = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    nodes.sort(key=lambda node: (node.lineno, node.col_offset))
    bound = [node.id for node in nodes if isinstance(node.ctx, ast.Store)]
    yield from dict.fromkeys([*reversed(bound), *(node.id for node in nodes if isinstance(node.ctx, ast.Load))])
