"""Write a model to a file in the way of its library."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Callable, NamedTuple

from .models import Model, family, is_array, is_arrays

FOUND_SAVED = "saved by the notebook"


class Format(NamedTuple):
    """How one kind of model is written: the *suffix* of its file, the words for *how*, and what writes it."""

    suffix: str
    how: str
    write: Callable[[Any, Path], None]


def format_of(value: object) -> Format:
    """Choose the format for *value*, by its library and by what it is."""
    kind = family(value)
    if kind in {"xgboost", "lightgbm", "catboost"} and callable(getattr(value, "save_model", None)):
        suffix = {"xgboost": ".ubj", "lightgbm": ".txt", "catboost": ".cbm"}[kind]
        return Format(suffix, f"{kind} save_model", lambda model, path: model.save_model(str(path)))
    if kind in {"torch", "transformers"} and callable(getattr(value, "save_pretrained", None)):
        return Format("", "save_pretrained", lambda model, path: model.save_pretrained(str(path)))
    if kind == "torch":
        return Format(".pt", "torch state_dict", _torch)
    if kind in {"keras", "tf_keras"} and callable(getattr(value, "save", None)):
        return Format(".keras", "keras", lambda model, path: model.save(str(path)))
    if kind == "transformers" and callable(getattr(value, "save_model", None)):
        return Format("", "transformers save_model", lambda model, path: model.save_model(str(path)))
    if is_array(value) or is_arrays(value):
        return Format(".npz", "numpy", _numpy)
    if kind in {"sklearn", "xgboost", "lightgbm", "catboost"} and find_spec("joblib") is not None:
        return Format(".joblib", "joblib", _joblib)
    return Format(".pkl", "pickle", _pickle)


def save(model: Model, folder: Path) -> str:
    """Write *model* into *folder* and say how; nothing is left there where writing fails."""
    chosen = format_of(model.value)
    staging = folder / ".saving"
    staging.mkdir(parents=True)
    try:
        # Under its final name, because some formats write that name into the file.
        staged = staging / f"model{chosen.suffix}"
        chosen.write(model.value, staged)
        staged.replace(folder / staged.name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return chosen.how


def contents(folder: Path, how: str) -> list[dict[str, Any]]:
    """List the files of *folder* with their size and sha256, as the `model` of result.json."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return [
        {
            "path": path.relative_to(folder).as_posix(),
            "size": path.stat().st_size,
            "sha256": sha256(path),
            "how": how,
        }
        for path in paths
    ]


def sha256(path: Path) -> str:
    """Hash one file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1_048_576), b""):
            digest.update(block)
    return digest.hexdigest()


def copy(places: Sequence[Path], folder: Path) -> bool:
    """Copy the first of *places* that exists, a file or a folder, into *folder*; False where there is none."""
    for path in places:
        if path.is_dir():
            shutil.copytree(path, folder / path.name)
            return True
        if path.is_file():
            shutil.copyfile(path, folder / path.name)
            return True
    return False


def _torch(model: Any, path: Path) -> None:
    import torch

    # On the CPU, so that a model trained on a GPU opens where there is none.
    state: Mapping[str, Any] = model.state_dict()
    torch.save({name: value.cpu() if hasattr(value, "cpu") else value for name, value in state.items()}, path)


def _numpy(value: Any, path: Path) -> None:
    import numpy as np

    np.savez(path, **(value if isinstance(value, dict) else {"model": value}))


def _joblib(model: Any, path: Path) -> None:
    import joblib

    joblib.dump(model, path)


def _pickle(model: Any, path: Path) -> None:
    import pickle

    path.write_bytes(pickle.dumps(model, protocol=4))
