"""Load a model's file in the way of its library, and the safe way wherever there is one."""

from __future__ import annotations

import importlib
import json
import re
import warnings
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from alekseylearn.errors import InputError, MachineError

Load = Callable[[Path], Any]
_NOT_HERE = re.compile(r"^(?:Can't get|module '__main__' has no) attribute '(\w+)'")


class UnsafeFormatWarning(UserWarning):
    """What is about to be loaded may run code (`model.unsafe-format`)."""


def how_to_load(path: Path) -> str:
    """Say in a few words by what *path* is loaded; '' where nobody knows."""
    return _loader(path)[0]


def load_model(path: Path) -> Any:
    """Load the model in the file or folder *path*; of tensors alone, a dictionary from names to tensors.

    Pickles run whatever code they hold: those (`.pkl`, `.joblib`, and `.pt` files with more than tensors) are loaded
    after an `UnsafeFormatWarning`. Raises `InputError` (`model.format` where nobody knows the format, `model.class`
    where a class of the notebook is missing) and `MachineError` `model.library` where a library is.
    """
    how, load = _loader(path)
    if load is None:
        hint = f"open {path} with the library that wrote it"
        raise InputError("model.format", f"{path.name} is in no format that we can load", where=str(path), hint=hint)
    try:
        return load(path)
    except AttributeError as error:
        if (match := _NOT_HERE.search(str(error))) is None:
            raise
        what = f"{path.name} is made of `{match[1]}`, which the notebook that was trained defines and this one does not"
        hint = f"run the cell that defines {match[1]}, then load it again"
        raise InputError("model.class", what, where=str(path), hint=hint) from None
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        what = f"{path.name} is loaded by {how}, and {name} is not installed here"
        raise MachineError("model.library", what, where=str(path), hint=f"%pip install {name}") from None


def _loader(path: Path) -> tuple[str, Load | None]:
    if path.is_dir():
        return ("transformers from_pretrained", _pretrained) if (path / "config.json").is_file() else ("", None)
    return _BY_SUFFIX.get(path.suffix.lower(), ("", None))


def _joblib(path: Path) -> Any:
    import joblib

    _warn(path, "joblib file")
    return joblib.load(path)


def _pickle(path: Path) -> Any:
    import pickle

    _warn(path, "pickle")
    with path.open("rb") as file:
        return pickle.load(file)  # noqa: S301  # nosec B301 # whoever calls this was warned


def _torch(path: Path) -> Any:
    import pickle

    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        _warn(path, "pickle with more than tensors")
        return torch.load(path, map_location="cpu", weights_only=False)  # nosec B614 # whoever calls this was warned


def _safetensors(path: Path) -> Any:
    kind = "torch" if find_spec("torch") is not None else "numpy"
    return importlib.import_module(f"safetensors.{kind}").load_file(path)


def _numpy(path: Path) -> Any:
    import numpy as np

    found = np.load(path, allow_pickle=False)
    if path.suffix.lower() == ".npy":
        return found
    with found:
        arrays = {name: found[name] for name in found.files}
    return arrays["model"] if list(arrays) == ["model"] else arrays


def _keras(path: Path) -> Any:
    import keras

    return keras.models.load_model(path)


def _onnx(path: Path) -> Any:
    if find_spec("onnxruntime") is None and find_spec("onnx") is not None:
        return importlib.import_module("onnx").load(str(path))
    return importlib.import_module("onnxruntime").InferenceSession(str(path))


def _xgboost(path: Path) -> Any:
    import xgboost

    return xgboost.Booster(model_file=str(path))


def _lightgbm(path: Path) -> Any:
    import lightgbm

    return lightgbm.Booster(model_file=str(path))


def _catboost(path: Path) -> Any:
    import catboost

    return catboost.CatBoost().load_model(str(path))


def _pretrained(path: Path) -> Any:
    """Load a folder that `save_pretrained` has left: as the class that it names, where transformers has it."""
    import transformers

    named = json.loads((path / "config.json").read_bytes()).get("architectures") or [""]
    kind: Any = getattr(transformers, str(named[0]), None)
    if not (isinstance(kind, type) and issubclass(kind, transformers.PreTrainedModel)):
        kind = transformers.AutoModel
    # Code that comes with a model is never run, nothing is downloaded, and weights are no pickles.
    return kind.from_pretrained(path, local_files_only=True, trust_remote_code=False, use_safetensors=True)


def _json(path: Path) -> Any:
    """Load XGBoost's JSON: other JSON files are nobody's model."""
    head = path.read_bytes()[:4096]
    if b'"learner"' not in head and b'"gbtree"' not in head:
        hint = "read it with the json module"
        raise InputError("model.format", f"{path.name} is no model of XGBoost", where=str(path), hint=hint)
    return _xgboost(path)


def _warn(path: Path, kind: str) -> None:
    text = f"model.unsafe-format: {path.name} is a {kind}: loading it runs the code it holds. Load only what you trust."
    warnings.warn(text, UnsafeFormatWarning, stacklevel=5)


_BY_SUFFIX: Mapping[str, tuple[str, Load]] = {
    ".joblib": ("joblib.load", _joblib),
    ".pkl": ("pickle.load", _pickle),
    ".pickle": ("pickle.load", _pickle),
    ".pt": ("torch.load (weights only)", _torch),
    ".pth": ("torch.load (weights only)", _torch),
    ".ckpt": ("torch.load (weights only)", _torch),
    ".bin": ("torch.load (weights only)", _torch),
    ".safetensors": ("safetensors", _safetensors),
    ".npz": ("numpy.load", _numpy),
    ".npy": ("numpy.load", _numpy),
    ".keras": ("keras.models.load_model", _keras),
    ".onnx": ("onnxruntime", _onnx),
    ".json": ("xgboost.Booster", _json),
    ".ubj": ("xgboost.Booster", _xgboost),
    ".txt": ("lightgbm.Booster", _lightgbm),
    ".cbm": ("catboost", _catboost),
}
