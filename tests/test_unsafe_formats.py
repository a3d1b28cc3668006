"""Files that run code when they are loaded are known by their names, or by how they begin."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import zlib
from collections import OrderedDict
from collections.abc import Callable
from datetime import date

import numpy as np
import pytest

from alekseylearn.unsafe_formats import HEAD, code_in, code_in_zip, may_be_pickle


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
    "text", [b"cbuiltins\nprint\n(S'x'\ntR.", b"(ibuiltins\nprint\n.", b"cos\ngetcwd\n(tR.", b"(cos\ngetcwd\no.",
     b"cos\ngetcwd\nS'x'\n\x85R.", b"I1\n0cos\nsystem\n(Vx\ntR.", b"cmy.own\nThing\nVx\n\x85R.", b"cmy\nT\nN\x85R."],
)  # fmt: skip
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
    "pack", [gzip.compress, zlib.compress, bz2.compress, lzma.compress], ids=["gzip", "zlib", "bz2", "xz"]
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_packed_pickle_is_known_under_any_name(pack: Callable[[bytes], bytes], protocol: int) -> None:
    packed = pack(pickle.dumps([Model()] * 50 + [*range(500)], protocol))
    assert code_in("weights", packed[:HEAD]) == "it is a pickle"


@pytest.mark.parametrize(
    ("name", "why"), [("a.pyc", "compiled Python"), ("a.rds", "R runs"), ("a.nemo", "holds a pickle")]
)
def test_other_formats_that_run_code_are_known_by_their_names(name: str, why: str) -> None:
    assert why in code_in(name, b"")


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("model.safetensors", b"\x40\0\0\0\0\0\0\0{"), ("metrics.jsonl", b'{"loss": 1}\n'), ("notes.txt", b"classes\nand more\n"),
        ("report.html", b"<!doctype html>"), ("model.onnx", b"\x08\x07"), ("README", b""), (".pkl/notes", b"(see below)"),
        ("a.csv", b"country\ncity,people\nx,1\n"), ("x.json", b"[]"), ("x.json", b"{}\n"), ("u", b"\x80"), ("tree.txt", b"]\n"),
        ("labels.txt", b"cat\ndog\nfrog\n"), ("labels.txt", b"cow\nhen\nquail\n"), ("words.txt", b"sin\ncos\ntan\nlog\n"),
        ("words", b"cat\ndog\nox.\n"), ("notes.gz", b"\x1f\x8bno gzip"), ("notes.gz", gzip.compress(b"cat\ndog\n", mtime=0)), ("x", b"BZ"),
        ("notes.xz", lzma.compress(b"notes")), ("y", b"x\x9c"), ("z", b"\xfd7zXZ\0\0\0bad"),
    ],
)  # fmt: skip
def test_other_files_are_not_warned_of(name: str, head: bytes) -> None:
    assert code_in(name, head) == ""


def test_a_zip_is_known_by_what_is_in_it() -> None:
    assert code_in_zip({"archive/data.pkl": b"\x80"}, b"") == "it holds a pickle"
    layers = b'{"config": {"layers": [{"module": "keras.layers", "class_name": "Lambda"}]}}'
    assert "Lambda" in code_in_zip({}, layers)
    assert "Lambda" in code_in_zip({}, b'{"class_name":"__lambda__"}')
    assert "Lambda" in code_in_zip({}, b'{"class_name": "mine>Lambda"}')
    assert code_in_zip({}, b'{"class_name": "Dense", "name": "Lambda"}') == ""
    assert code_in_zip({"arr_0.npy": saved(np.arange(5))}, b"") == ""
    assert "pickle" in code_in_zip({"arr_0.npy": saved(np.array([{}], dtype=object))}, b"")


@pytest.mark.parametrize("name", ["archive/data.pkl", "DATA.PKL", "arr_0.npy", "model.joblib"])
def test_members_that_may_be_pickles_are_looked_at(name: str) -> None:
    assert may_be_pickle(name)
    assert not may_be_pickle(f"{name}.txt")
