"""Fetched models are loaded when somebody says so: unchanged, in the way of their library, and the safe way."""

from __future__ import annotations

import hashlib
import json
import pickle
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
from safetensors.numpy import save_file

from alekseylearn.errors import InputError, MachineError
from alekseylearn.live_loading import UnsafeFormatWarning, how_to_load, load_model
from alekseylearn.live_models import FetchedModel


def fetched(folder: Path, *names: str) -> FetchedModel:
    """Return what `%fetch` makes of files that lie in *folder*."""
    files = [
        {
            "name": name,
            "path": f"runs/{name}",
            "size": (folder / "runs" / name).stat().st_size,
            "sha256": hashlib.sha256((folder / "runs" / name).read_bytes()).hexdigest(),
        }
        for name in names
    ]
    run = {"run": "1a2b3c4d5e6f", "digest": "1a2b3c4d5e6f" + "0" * 52, "name": "churn", "folder": "runs"}
    return FetchedModel.of({**run, "files": files, "metrics": {"auc": 0.5}, "notes": ["of commit 4e1f0c2"]}, folder)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


class TestFormats:
    def test_arrays_come_without_pickles(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "many.npz", a=np.arange(3), b=np.ones(2))
        np.savez(tmp_path / "one.npz", model=np.arange(3))
        np.save(tmp_path / "bare.npy", np.arange(3))
        assert {name: value.tolist() for name, value in load_model(tmp_path / "many.npz").items()} == {
            "a": [0, 1, 2], "b": [1.0, 1.0],
        }  # fmt: skip
        assert load_model(tmp_path / "one.npz").tolist() == load_model(tmp_path / "bare.npy").tolist() == [0, 1, 2]
        np.savez(tmp_path / "evil.npz", model=np.array([{"a": 1}], dtype=object))
        with pytest.raises(ValueError, match="allow_pickle=False"):
            load_model(tmp_path / "evil.npz")

    def test_safetensors_are_a_dictionary_of_tensors(self, tmp_path: Path) -> None:
        save_file({"weight": np.arange(3)}, tmp_path / "model.safetensors")
        with warnings.catch_warnings():
            warnings.simplefilter("error", UnsafeFormatWarning)
            assert load_model(tmp_path / "model.safetensors")["weight"].tolist() == [0, 1, 2]

    @pytest.mark.parametrize(("name", "dump"), [("model.joblib", joblib.dump), ("model.pkl", None)])
    def test_pickles_are_loaded_after_a_warning(self, tmp_path: Path, name: str, dump: object) -> None:
        if dump is None:
            (tmp_path / name).write_bytes(pickle.dumps({"a": 1}))
        else:
            joblib.dump({"a": 1}, tmp_path / name)
        with pytest.warns(UnsafeFormatWarning, match=f"model.unsafe-format: {name}") as caught:
            assert load_model(tmp_path / name) == {"a": 1}
        assert len(caught) == 1

    def test_other_json_is_no_model(self, tmp_path: Path) -> None:
        (tmp_path / "model.json").write_text('{"a": 1}')
        with pytest.raises(InputError) as caught:
            load_model(tmp_path / "model.json")
        assert caught.value.slug == "model.format"

    def test_what_nobody_knows_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "model.xyz").write_bytes(b"")
        (tmp_path / "folder").mkdir()
        for name in ("model.xyz", "folder"):
            with pytest.raises(InputError) as caught:
                load_model(tmp_path / name)
            assert caught.value.slug == "model.format"
            assert how_to_load(tmp_path / name) == ""

    def test_a_library_that_is_missing_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "model.cbm").write_bytes(b"")
        with pytest.raises(MachineError) as caught:
            load_model(tmp_path / "model.cbm")
        assert (caught.value.slug, caught.value.hint) == ("model.library", "%pip install catboost")

    @pytest.mark.filterwarnings("ignore:BuiltinImporter")  # what pytest-xdist runs in has an odd `__main__`
    def test_a_class_of_another_notebook_is_named(self, tmp_path: Path) -> None:
        # What `pickle.dumps` writes of a class of the notebook.
        (tmp_path / "model.pkl").write_bytes(b"c__main__\nNet\n.")
        with pytest.warns(UnsafeFormatWarning), pytest.raises(InputError) as caught:
            load_model(tmp_path / "model.pkl")
        assert caught.value.slug == "model.class"
        assert "`Net`" in caught.value.what

    def test_a_model_of_the_library_that_misses_something_else_fails_as_it_does(self, tmp_path: Path) -> None:
        # getattr(os, 'no_such_thing'), as a pickle of another version may ask for.
        (tmp_path / "model.pkl").write_bytes(b"cos\nno_such_thing\n.")
        with pytest.warns(UnsafeFormatWarning), pytest.raises((AttributeError, InputError)):
            load_model(tmp_path / "model.pkl")


class TestModels:
    def test_the_model_is_found_among_what_a_run_leaves(self, tmp_path: Path, runs: Path) -> None:
        joblib.dump(3, runs / "scaler.joblib")
        joblib.dump(4, runs / "model.joblib")
        for name in ("log.txt", "metrics.jsonl", "churn.executed.ipynb", "metrics.json"):
            (runs / name).write_text("{}")
        model = fetched(tmp_path, "log.txt", "metrics.json", "scaler.joblib", "model.joblib", "metrics.jsonl")
        assert model.path == runs / "model.joblib"
        with pytest.warns(UnsafeFormatWarning):
            assert (model.load(), model.load("scaler.joblib")) == (4, 3)
        assert model.folder == runs

    def test_a_model_of_several_files_is_its_folder(self, tmp_path: Path, runs: Path) -> None:
        (runs / "model").mkdir()
        (runs / "model" / "config.json").write_text(json.dumps({"architectures": ["Bert"]}))
        save_file({"weight": np.arange(3)}, runs / "model" / "model.safetensors")
        model = fetched(tmp_path, "model/model.safetensors", "model/config.json")
        assert model.path == runs / "model"
        assert "transformers from_pretrained" in repr(model)

    def test_it_shows_its_metrics_and_how_to_load_it(self, tmp_path: Path, runs: Path) -> None:
        joblib.dump(4, runs / "model.joblib")
        model = fetched(tmp_path, "model.joblib")
        lines = repr(model).splitlines()
        assert lines[:3] == ["churn, run 1a2b3c4d5e6f", "Metric  Value", "auc     0.500"]
        assert lines[-2:] == ["of commit 4e1f0c2", "model: model.joblib (5 B); .load() loads it by joblib.load"]
        assert "<td" in model._repr_html_()

    def test_a_run_without_a_model_says_so(self, tmp_path: Path, runs: Path) -> None:
        (runs / "log.txt").write_text("")
        model = fetched(tmp_path, "log.txt")
        assert model.path is None
        assert "model:" not in repr(model)
        with pytest.raises(InputError) as caught:
            model.load()
        assert (caught.value.slug, caught.value.where) == ("model.none", "log.txt")

    @pytest.mark.parametrize("name", ["other.pkl", "../secret.pkl", "/etc/passwd"])
    def test_only_what_was_fetched_is_loaded(self, tmp_path: Path, runs: Path, name: str) -> None:
        (tmp_path / "secret.pkl").write_bytes(pickle.dumps(1))
        joblib.dump(4, runs / "model.joblib")
        with pytest.raises(InputError) as caught:
            fetched(tmp_path, "model.joblib").load(name)
        assert caught.value.slug == "model.none"

    @pytest.mark.parametrize("change", [b"other", None])
    def test_a_file_that_is_not_what_was_fetched_is_never_opened(
        self, tmp_path: Path, runs: Path, change: bytes | None
    ) -> None:
        joblib.dump(4, runs / "model.joblib")
        model = fetched(tmp_path, "model.joblib")
        (runs / "model.joblib").unlink()
        if change is not None:
            (runs / "model.joblib").write_bytes(change)
        with pytest.raises(InputError) as caught:
            model.load()
        assert caught.value.slug == ("model.none" if change is None else "archive.mismatch")

    def test_a_file_that_was_put_beside_it_is_not_loaded(self, tmp_path: Path, runs: Path) -> None:
        joblib.dump(4, runs / "model.joblib")
        model = fetched(tmp_path, "model.joblib")
        (runs / "late.pkl").write_bytes(pickle.dumps(1))
        with pytest.raises(InputError) as caught:
            model.load("late.pkl")
        assert caught.value.slug == "model.none"
