"""What a model's file is by its name: how it is loaded, and whether loading it runs code that is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A kind of file. *load* is Python that loads `{path}`; *runs_code* says that loading may run what is in it."""

    load: str
    runs_code: bool = False


_JOBLIB = ModelFile(load="import joblib; model = joblib.load({path})", runs_code=True)
_PICKLE = ModelFile(load='import pickle; model = pickle.load(open({path}, "rb"))', runs_code=True)
_TORCH = ModelFile(load="import torch; state = torch.load({path}, weights_only=True)", runs_code=True)
_KERAS = ModelFile(load="import keras; model = keras.saving.load_model({path})")
_XGBOOST = ModelFile(load="import xgboost; model = xgboost.Booster(model_file={path})")
_NUMPY = ModelFile(load="import numpy; arrays = numpy.load({path})")

KINDS: Mapping[str, ModelFile] = MappingProxyType(
    {
        ".joblib": _JOBLIB,
        ".pkl": _PICKLE,
        ".pickle": _PICKLE,
        ".pt": _TORCH,
        ".pth": _TORCH,
        ".ckpt": _TORCH,
        ".keras": _KERAS,
        ".h5": ModelFile(load="import keras; model = keras.saving.load_model({path})", runs_code=True),
        ".safetensors": ModelFile(load="from safetensors.numpy import load_file; tensors = load_file({path})"),
        ".onnx": ModelFile(load="import onnxruntime; session = onnxruntime.InferenceSession({path})"),
        ".ubj": _XGBOOST,
        ".cbm": ModelFile(load="import catboost; model = catboost.CatBoost().load_model({path})"),
        ".npy": _NUMPY,
        ".npz": _NUMPY,
    }
)
"""The kinds by the ending of the name."""


def model_file(name: str) -> ModelFile | None:
    """Return what the file called *name* is; None for one that is no model, as far as its name tells."""
    stem, dot, ending = name.rpartition("/")[2].rpartition(".")
    return KINDS.get(f".{ending.lower()}") if stem and dot else None


def how_to_load(name: str, path: str) -> str:
    """Return Python that loads the file at *path*, '' where nobody knows how."""
    found = model_file(name)
    return "" if found is None else found.load.format(path=repr(path))
