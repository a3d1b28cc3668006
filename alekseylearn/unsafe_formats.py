"""Whether loading a file may run code that is in it: by its name, and by how it begins; nothing is ever loaded here.

Python's manual on pickle warns of it; PyTorch's `weights_only` was no boundary before 2.6 (CVE-2025-32434); layers
of Keras called Lambda hold Python; joblib and NumPy's arrays of objects are pickles inside.
"""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Mapping
from types import MappingProxyType

HEAD = 4096
"""So many bytes of a file's beginning are looked at."""
CONFIG = "config.json"
"""The member of a Keras model, which is a zip, that tells its layers."""
_LOOKED_AT = (".npy", ".pkl", ".pickle", ".joblib")
"""Members of a zip that may be pickles: PyTorch's `data.pkl`, NumPy's arrays of objects."""
_MEMORY = 64 * 1024 * 1024
_PICKLE = "it is a pickle"
_INSIDE = "it holds a pickle"
_ENDINGS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("pkl", "pickle", "pck", "p", "dill", "cloudpickle", "joblib", "jbl", "sav"), _PICKLE),
        **dict.fromkeys(("pt", "pth", "ckpt", "bin", "mar", "t7"), "such files hold a pickle, as PyTorch writes them"),
        **dict.fromkeys(("h5", "hdf5"), "such files may hold Python in layers of Keras, or a pickle"),
        **dict.fromkeys(("pyc", "pyo", "marshal"), "it is compiled Python"),
        **dict.fromkeys(("rds", "rda", "rdata"), "R runs what such files promise"),
        "nemo": _INSIDE,
    }
)
_PACKED = re.compile(r"\.(?:gz|bz2|xz|lzma|zst|z|lz4)\Z")
# Protocols 0 and 1 have no mark of their own: what they begin with when they are not a plain number or text. A list of
# words may begin with the same letters; what follows in a pickle is no word.
_NEXT = rb"(?=p\d+\n|q[^A-Za-z]|\x94|[()\]}.]|S'|[oR][.p]|[VIFLMN][^\n]*\n?[\x85-\x87])"
_OLD = re.compile(
    rb"\(?[ci][A-Za-z_][\w.]*\n[A-Za-z_][\w.]*\n" + _NEXT + rb"|\([dlt]p\d+\n|[\]}(]q.|ccopy_reg\n", re.DOTALL
)
# What pickles reach for most, wherever it stands in one: GLOBAL of a module's name.
_REACHED = re.compile(
    rb"c(?:os|posix|nt|sys|subprocess|builtins|__builtin__|copyreg|copy_reg|collections|datetime|importlib|runpy|pty"
    rb"|(?:numpy|sklearn|pandas|torch|xgboost|lightgbm)[\w.]*)\n[A-Za-z_][\w.]*\n" + _NEXT,
    re.DOTALL,
)
_OBJECTS = re.compile(rb"'descr':[^}]*\|O")
_LAMBDA = re.compile(rb'"class_name"\s*:\s*"(?:Lambda|[^"]*>Lambda)"|"class_name"\s*:\s*"__lambda__"')


def code_in(name: str, head: bytes) -> str:
    """Tell why loading the file called *name*, which begins with *head*, may run code; '' where nothing says so."""
    ending = _PACKED.sub("", name.rpartition("/")[2].lower()).rpartition(".")
    if ending[1] and ending[2] in _ENDINGS:
        return _ENDINGS[ending[2]]
    head = _unpacked(head)
    if (
        (head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05" and len(head) > 2)
        or _OLD.match(head)
        or _REACHED.search(head)
    ):
        return _PICKLE
    if head.startswith(b"\x93NUMPY") and _OBJECTS.search(head):
        return "it is an array of objects, which is a pickle"
    return ""


def _unpacked(head: bytes) -> bytes:
    """Unpack the beginning of a packed file; what is not packed, or damaged, is returned as it is."""
    try:
        match head[:2]:
            case b"\x1f\x8b" | b"x\x01" | b"x^" | b"x\x9c" | b"x\xda":
                return zlib.decompressobj(wbits=47).decompress(head, HEAD)
            case b"BZ":
                return bz2.BZ2Decompressor().decompress(head, HEAD)
            case b"\xfd7" | b"]\0":
                return lzma.LZMADecompressor(memlimit=_MEMORY).decompress(head, HEAD)
            case _:
                pass
    except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError):
        pass
    return head


def may_be_pickle(member: str) -> bool:
    """Tell by the name of a *member* of a zip whether its beginning has to be looked at."""
    return member.lower().endswith(_LOOKED_AT)


def code_in_zip(members: Mapping[str, bytes], config: bytes) -> str:
    """Tell the same of a file that is a zip; *config* is what `CONFIG` in it holds.

    *members* are those that may be pickles, by their names, each with its beginning.
    """
    if any("pickle" in code_in(name, head) for name, head in members.items()):
        return _INSIDE
    return "it holds a Lambda layer, which is Python" if _LAMBDA.search(config) else ""
