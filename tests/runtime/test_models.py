"""Which object is the model, and how it is written."""

from __future__ import annotations

import ast
import pickle
from pathlib import Path
from types import ModuleType
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from alekseylearn.runtime.models import Model, estimator, find, fitted
from alekseylearn.runtime.saving import contents, format_of, save

from .conftest import Make, train


class Net:
    def fit(self, *data: Any) -> Net:
        self.done = True
        return self

    def predict(self, rows: Any) -> Any:
        return rows


def found(text: str, **names: Any) -> str | None:
    model = find(names, [ast.parse(part) for part in text.split("---\n")])
    return None if model is None else model.name


def test_the_model_is_what_fit_is_called_on() -> None:
    assert found("model.fit(X, y)", model=Net(), other=Net()) == "model"
    assert found("a.fit(X)\nb.fit(X)", a=Net(), b=Net()) == "b"
    assert found("for _ in range(3):\n    self.net.fit(X)", self=ModuleType("m")) is None
    assert found("exp.net.fit(X)", exp=type("E", (), {"net": Net()})()) == "exp.net"


def test_the_last_cell_that_trains_counts() -> None:
    assert found("a.fit(X)\n---\nb.fit(X)", a=Net(), b=Net()) == "b"


def test_a_fit_that_is_assigned_at_once_counts() -> None:
    assert found("clf = Net().fit(X, y)", clf=Net(), Net=Net) == "clf"


def test_a_scaler_is_not_taken_for_the_model() -> None:
    names = {"scaler": StandardScaler(), "clf": LogisticRegression()}
    assert found("clf.fit(scaler.fit_transform(X), y)", **names) == "clf"
    assert found("clf.fit(X, y)\nscaler.fit(X)", **names) == "clf"
    assert found("scaler.fit(X)", **names) == "scaler"


def test_a_loop_by_hand_leaves_its_estimator_or_its_weights() -> None:
    w = np.zeros(2)
    assert found("for e in range(3):\n    step(net, X)", net=Net(), step=len) == "net"
    assert found("W = np.zeros(2)\nb = 0.0\nfor e in range(3):\n    W -= 1", W=w, b=0.0) == "W"
    assert found("W1, b1 = init()\nlosses = []", W1=w, b1=w, losses=w) == "W1, b1"
    assert found("params = train(X)", params={"w": w}, X=w) == "params"
    assert found("x = 1", x=1) is None


def test_what_looks_like_an_estimator() -> None:
    assert all(map(estimator, [Net(), LogisticRegression()]))
    assert not any(map(estimator, [Net, np, 3, {}]))


def test_fitted_estimators_are_told_from_fresh_ones() -> None:
    model = LogisticRegression()
    assert not fitted(model)
    assert fitted(model.fit([[0], [1]], [0, 1]))
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    assert not fitted(pipeline)
    assert fitted(pipeline.fit([[0], [1]], [0, 1]))
    assert fitted(Net())


@pytest.mark.parametrize(
    ("value", "name", "how"),
    [
        (LogisticRegression().fit([[0], [1]], [0, 1]), "model.joblib", "joblib"),
        (KMeans(2, random_state=0, n_init=1).fit([[0.0], [1.0]]), "model.joblib", "joblib"),
        (np.arange(3), "model.npz", "numpy"), ({"w": np.arange(3), "b": np.ones(1)}, "model.npz", "numpy"),
        (Net().fit(), "model.pkl", "pickle"), ({"k": 1}, "model.pkl", "pickle"),
    ],
)  # fmt: skip
def test_a_model_is_written_the_same_each_time(tmp_path: Path, value: object, name: str, how: str) -> None:
    hashes = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        assert save(Model("model", value), folder) == how
        (entry,) = contents(folder, how)
        assert entry["path"] == name
        hashes.append(entry["sha256"])
        assert sorted(path.name for path in folder.iterdir()) == [name]
    assert hashes[0] == hashes[1]


def test_what_was_written_can_be_read(tmp_path: Path) -> None:
    save(Model("model", LogisticRegression().fit([[0], [1]], [0, 1])), tmp_path)
    assert joblib.load(tmp_path / "model.joblib").predict([[1]]) == [1]
    save(Model("model", {"w": np.arange(3)}), tmp_path)
    with np.load(tmp_path / "model.npz") as arrays:
        assert arrays["w"].tolist() == [0, 1, 2]
    save(Model("model", Net().fit()), tmp_path)
    assert pickle.loads((tmp_path / "model.pkl").read_bytes()).done


def library(name: str, **members: Any) -> type:
    """A class as the library called *name* would define it."""
    return type("Booster", (), {"__module__": f"{name}.core", **members})


@pytest.mark.parametrize(
    ("module", "method", "suffix", "how"),
    [
        ("xgboost", "save_model", ".ubj", "xgboost save_model"),
        ("lightgbm", "save_model", ".txt", "lightgbm save_model"),
        ("catboost", "save_model", ".cbm", "catboost save_model"),
        ("keras", "save", ".keras", "keras"),
        ("transformers", "save_model", "", "transformers save_model"),
        ("transformers", "save_pretrained", "", "save_pretrained"),
    ],
)
def test_libraries_write_their_own_formats(tmp_path: Path, module: str, method: str, suffix: str, how: str) -> None:
    kind = library(module, **{method: lambda self, path: Path(path).write_text("written")})
    chosen = format_of(kind())
    assert (chosen.suffix, chosen.how) == (suffix, how)
    assert save(Model("model", kind()), tmp_path) == how
    assert (tmp_path / f"model{suffix}").read_text() == "written"


def test_an_object_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        save(Model("model", lambda: 0), tmp_path)
    assert list(tmp_path.iterdir()) == []


FIT = """
class Net:
    def fit(self):
        self.w = 1
        return self
    def predict(self): ...
model = Net().fit()
"""


def test_what_the_notebook_saved_is_kept_as_it_is(run: Make) -> None:
    job = run(train(FIT), "import os\nos.makedirs(os.environ['SM_MODEL_DIR'] + '/sub')\n"
              "open(os.environ['SM_MODEL_DIR'] + '/sub/weights.bin', 'w').write('x');")  # fmt: skip
    (file,) = job.result["model"]
    assert (file["path"], file["size"], file["how"]) == ("sub/weights.bin", 1, "saved by the notebook")
    assert [event["path"] for event in job.events if event["event"] == "model"] == ["sub/weights.bin"]


def test_a_file_that_the_manifest_names_is_taken_from_the_working_folder(run: Make) -> None:
    job = run(
        train(FIT + "\nopen('net.bin', 'w').write('new');"),
        files={"notebooks/net.bin": "of the bundle"},
        model="net.bin",
    )
    (file,) = job.result["model"]
    assert (file["path"], file["how"]) == ("net.bin", "saved by the notebook")
    assert (job.model / "net.bin").read_text() == "new"


def test_a_file_that_came_with_the_bundle_is_no_result(run: Make) -> None:
    job = run(train(FIT), files={"notebooks/net.bin": "of the bundle"}, model="net.bin")
    assert job.result["model"] == []
    assert job.result["warnings"] == ["no model: the run wrote no file 'net.bin' and has no variable of that name"]
    assert job.code == 0


def test_a_named_file_outside_of_the_run_is_not_taken(run: Make) -> None:
    job = run(train(FIT), model="../../../../../etc/hostname")
    assert job.result["model"] == []


def test_a_folder_can_be_the_model(run: Make) -> None:
    job = run(train("import os\nos.mkdir('saved')\nopen('saved/a', 'w').write('1');"), model="saved")
    assert [file["path"] for file in job.result["model"]] == ["saved/a"]


def test_a_variable_that_the_manifest_names_is_saved(run: Make) -> None:
    job = run(train(FIT), "best = {'k': 1}", model="best")
    assert pickle.loads((job.model / "model.pkl").read_bytes()) == {"k": 1}


def test_a_model_that_cannot_be_saved_is_a_warning(run: Make) -> None:
    job = run(train(FIT.replace("self.w = 1", "self.w = lambda: 0")))
    assert (job.code, job.result["model"]) == (0, [])
    (warning,) = job.result["warnings"]
    assert warning.startswith("the model could not be saved: ")
    assert list(job.model.iterdir()) == []


def test_training_that_leaves_no_model_is_a_warning(run: Make) -> None:
    assert "none was found in the cells that train" in run(train("x = 1")).result["warnings"][0]


TORCH = """
import pickle
__version__ = "9.9"
class nn: ...
def save(state, path): pickle.dump(state, open(path, "wb"))
def manual_seed(seed): print("seeded", seed)
"""
MODULE = """
class Module:
    def forward(self, x): return x
    def train(self): return self
    def state_dict(self): return {"w": [1.0]}
"""


def test_torch_modules_are_saved_as_state_dict_and_seeded(run: Make) -> None:
    package = {"torch/__init__.py": TORCH, "torch/nn/__init__.py": "", "torch/nn/modules/__init__.py": "",
               "torch/nn/modules/module.py": MODULE}  # fmt: skip
    text = """
    import torch
    from torch.nn.modules.module import Module
    class Net(Module): ...
    net = Net()
    for epoch in range(2):
        net.train()
    """
    job = run(train(text), files=package, seed=5)
    assert job.code == 0, job.out
    (file,) = job.result["model"]
    assert (file["path"], file["how"]) == ("model.pt", "torch state_dict")
    assert pickle.loads((job.model / "model.pt").read_bytes()) == {"w": [1.0]}
    assert job.log == "seeded 5\n"
    assert job.result["environment"]["packages"] == {"torch": "9.9"}
