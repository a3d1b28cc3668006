"""Files that run code when they are loaded are known by their names, or by how they begin."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from datetime import date

import numpy as np
import pytest

from alekseylearn.unsafe_formats import code_in, code_in_zip


class Model:
    """A thing as people pickle it."""

    def __init__(self) -> None:
        self.weights = [1.5, 2.5]


@pytest.mark.parametrize(
    "name",
    [
        "model.pkl", "a/b/MODEL.PICKLE", "m.joblib", "m.pt", "m.pth", "last.ckpt", "pytorch_model.bin", "m.h5", "m.dill",
        "m.pkl.gz", "m.joblib.xz", "m.sav", "m.cloudpickle", "epoch=3.ckpt",
    ],
)  # fmt: skip
def test_a_name_tells(name: str) -> None:
    assert "pickle" in code_in(name, b"whatever")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("thing", [Model(), OrderedDict(a=1), {"a": Model()}, [date(2026, 1, 1)], (1, date.today)])
def test_a_pickle_is_known_under_any_name(thing: object, protocol: int) -> None:
    assert code_in("weights.dat", pickle.dumps(thing, protocol)) == "it is a pickle"


@pytest.mark.parametrize(
    "text", [b"cbuiltins\nprint\n(S'x'\ntR.", b"(ibuiltins\nprint\n.", b"cos\ngetcwd\n(tR.", b"(cos\ngetcwd\no."]
)
def test_a_pickle_that_was_written_by_hand_is_known(text: bytes) -> None:
    assert code_in("notes", text) == "it is a pickle"


def saved(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def test_an_array_of_objects_is_a_pickle_and_one_of_numbers_is_not() -> None:
    assert "pickle" in code_in("a.npy", saved(np.array([{}, []], dtype=object)))
    assert code_in("a.npy", saved(np.arange(5))) == ""


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("model.safetensors", b"\x40\0\0\0\0\0\0\0{"), ("metrics.jsonl", b'{"loss": 1}\n'), ("notes.txt", b"classes\nand more\n"),
        ("report.html", b"<!doctype html>"), ("model.onnx", b"\x08\x07"), ("README", b""), (".pkl/notes", b"(see below)"),
        ("a.csv", b"country\ncity,people\nx,1\n"), ("x.json", b"[]"), ("x.json", b"{}\n"), ("u", b"\x80"), ("tree.txt", b"]\n"),
    ],
)  # fmt: skip
def test_other_files_are_not_warned_of(name: str, head: bytes) -> None:
    assert code_in(name, head) == ""


def test_a_zip_is_known_by_what_is_in_it() -> None:
    assert code_in_zip(["archive/data.pkl", "archive/version"], b"") == "it holds a pickle"
    layers = b'{"config": {"layers": [{"module": "keras.layers", "class_name": "Lambda"}]}}'
    assert "Lambda" in code_in_zip(["config.json", "model.weights.h5"], layers)
    assert "Lambda" in code_in_zip(["config.json"], b'{"class_name":"__lambda__"}')
    assert "Lambda" in code_in_zip(["config.json"], b'{"class_name": "mine>Lambda"}')
    assert code_in_zip(["config.json", "model.weights.h5"], b'{"class_name": "Dense", "name": "Lambda"}') == ""
    assert code_in_zip(["arr_0.npy"], b"") == ""
