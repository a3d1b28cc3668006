"""What the values of each library hold, as plainer values; None for a value that is not of that library."""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Iterable
from typing import Any

UNSAID = frozenset({"__dict__", "__weakref__", "__module__", "__doc__", "__annotations__", "_abc_impl", "__slots__",
                    "__firstlineno__", "__static_attributes__"})  # fmt: skip
"""What a class holds besides what its author wrote."""
_CLOCK = re.compile(
    r"((mean_|std_)?(re)?(fit|score)_times?_?|(\w+_)?(runtime|(samples|steps|tokens)_per_second)|dur)\Z"
)
"""What scikit-learn, transformers and skorch call the time that they measured."""


def is_of(kind: type, packages: Iterable[str]) -> bool:
    """Tell whether the class *kind* was made in one of *packages*."""
    module = str(getattr(kind, "__module__", ""))
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def is_clock(key: object) -> bool:
    """Tell whether *key* names seconds that a library measured."""
    return isinstance(key, str) and _CLOCK.match(key) is not None


def of_numpy(value: Any) -> tuple[object, ...] | None:
    """Take apart NumPy's arrays, scalars and random generators."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not any(is_of(kind, ("numpy",)) for kind in type(value).__mro__):
        return None
    if isinstance(value, numpy.ma.MaskedArray):
        return ("masked", value.filled(), numpy.ma.getmaskarray(value))
    if isinstance(value, numpy.ndarray):
        return (str(value.dtype), value.shape, *_array(numpy, value))
    if isinstance(value, numpy.generic):
        return (str(value.dtype), *_array(numpy, numpy.asarray(value)))
    if isinstance(value, numpy.dtype):
        return (str(value),)
    if isinstance(value, numpy.ufunc):
        return (value.__name__,)
    return _generator(numpy, value)


def _generator(numpy: Any, value: Any) -> tuple[object, ...] | None:
    if isinstance(value, numpy.random.RandomState):
        if value is getattr(numpy.random.mtrand, "_rand", None):
            return ("the global generator",)
        return (value.get_state(legacy=False),)
    if isinstance(value, numpy.random.Generator):
        return (value.bit_generator.state,)
    if isinstance(value, numpy.random.BitGenerator):
        return (value.state,)
    return None


def _array(numpy: Any, value: Any) -> tuple[object, ...]:
    if value.dtype.names:
        return tuple(numpy.asarray(value[name]) for name in value.dtype.names)
    if value.dtype.hasobject:
        return (value.ravel().tolist(),)
    if value.dtype.kind in "fc":
        lost = numpy.isnan(value)
        if lost.any():
            value = numpy.where(lost, value.dtype.type(0), value)
            return (numpy.packbits(lost).tobytes(), numpy.ascontiguousarray(value).tobytes())
    return (numpy.ascontiguousarray(value).tobytes(),)


def of_pandas(value: Any) -> tuple[object, ...] | None:
    """Take apart pandas' tables, columns and indexes."""
    pandas = sys.modules.get("pandas")
    if pandas is None or not hasattr(pandas, "DataFrame"):
        return None
    if isinstance(value, pandas.DataFrame):
        columns = [value.iloc[:, number] for number in range(value.shape[1])]
        names = list(value.columns)
        held = [None if is_clock(name) else _column(column) for name, column in zip(names, columns)]  # noqa: B905
        return (names, list(value.columns.names), value.index, held)
    if isinstance(value, pandas.Series):
        return (value.name, value.index, _column(value))
    if isinstance(value, pandas.MultiIndex):
        return (list(value.names), value.to_list())
    if isinstance(value, pandas.Index):
        return (value.name, _column(value))
    if isinstance(value, pandas.api.extensions.ExtensionArray):
        return (str(value.dtype), list(value))
    return None


def _column(value: Any) -> tuple[object, ...]:
    dtype = str(value.dtype)
    if dtype == "category":
        return (dtype, list(value.cat.categories) if hasattr(value, "cat") else list(value.categories), list(value))
    return (dtype, value.to_numpy() if getattr(value.dtype, "kind", "O") in "biufcmM" else list(value))


def of_scipy(value: Any) -> tuple[object, ...] | None:
    """Take apart SciPy's sparse matrices."""
    sparse = sys.modules.get("scipy.sparse")
    if sparse is None or not sparse.issparse(value):
        return None
    # Whether indices are sorted is found out late, and not part of the matrix.
    rows = value.tocsr().sorted_indices()
    return (value.format, value.shape, rows.data, rows.indices, rows.indptr)


def of_torch(value: Any) -> tuple[object, ...] | None:
    """Take apart PyTorch's tensors and generators."""
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "Tensor"):
        return None
    if isinstance(value, torch.Tensor):
        plain = value.detach().cpu()
        held = plain.to_dense() if plain.layout != torch.strided else plain
        array = (held.float() if held.dtype == torch.bfloat16 else held).resolve_conj().resolve_neg().numpy()
        return (str(value.dtype), value.requires_grad, array, value.grad if value.is_leaf else None)
    if isinstance(value, torch.Generator):
        return (value.get_state(),)
    if isinstance(value, (torch.dtype, torch.device, torch.layout)):
        return (str(value),)
    return None


def of_other_library(value: Any) -> tuple[object, ...] | None:
    """Take apart arrays and models of JAX, TensorFlow, Keras, CatBoost and polars."""
    kinds = type(value).__mro__
    if is_of(kinds[0], ("jax", "jaxlib")) and hasattr(value, "__wrapped__"):
        # A compiled function knows the line that it stood on.
        return (value.__wrapped__,)
    if any(is_of(kind, ("jax", "jaxlib")) for kind in kinds) and hasattr(value, "dtype"):
        jax = sys.modules["jax"]
        return (str(value.dtype), sys.modules["numpy"].asarray(_key_data(jax, value)))
    if any(is_of(kind, ("tensorflow",)) for kind in kinds) and hasattr(value, "numpy"):
        return (value.numpy(),)
    if any(is_of(kind, ("keras",)) for kind in kinds):
        # Layers are numbered through the whole process: their names say which others were made.
        if hasattr(value, "get_weights"):
            return tuple(value.get_weights())
        if hasattr(value, "dtype") and hasattr(value, "__array__"):
            return (str(value.dtype), sys.modules["numpy"].asarray(value))
    if is_of(kinds[0], ("catboost",)) and hasattr(value, "get_leaf_values"):
        # Its own state holds the time and a number drawn for each model.
        return (value.get_params(), value.get_leaf_values() if value.is_fitted() else None)
    if is_of(kinds[0], ("polars",)):
        if hasattr(value, "to_dict") and hasattr(value, "schema"):
            return (str(value.schema), value.to_dict(as_series=False))
        return (str(value.dtype), value.to_list()) if hasattr(value, "to_list") else (str(value),)
    return None


def _key_data(jax: Any, value: Any) -> Any:
    return jax.random.key_data(value) if jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key) else value


def of_code(value: Any) -> tuple[object, ...] | None:
    """Take apart functions, methods, generators and classes."""
    match value:
        case types.FunctionType():
            cells = [_inside(cell) for cell in value.__closure__ or ()]
            return (value.__qualname__, value.__code__, value.__defaults__, value.__kwdefaults__, cells, vars(value))
        case types.CodeType():
            names = (value.co_names, value.co_varnames, value.co_freevars, value.co_argcount, value.co_kwonlyargcount)
            return (value.co_name, value.co_code, list(value.co_consts), *names)
        case types.MethodType():
            return (value.__self__, value.__func__)
        case types.BuiltinFunctionType():
            owner = value.__self__
            return (value.__qualname__, None if isinstance(owner, types.ModuleType) else owner)
        case types.GeneratorType():
            frame = value.gi_frame
            return (value.gi_code, frame.f_lasti if frame else None, dict(frame.f_locals) if frame else None)
        case types.CoroutineType():
            return (value.cr_code,)
        case _:
            return _of_class(value)


def _of_class(value: Any) -> tuple[object, ...] | None:
    match value:
        case property():
            return (value.fget, value.fset, value.fdel)
        case staticmethod() | classmethod():
            return (value.__func__,)
        case type():
            if value.__module__ != "__main__":
                return (value.__module__, value.__qualname__)
            held = {key: item for key, item in vars(value).items() if key not in UNSAID}
            return (value.__qualname__, list(value.__bases__), sorted(held), [held[key] for key in sorted(held)])
        case _:
            return None


def _inside(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        return "empty"
