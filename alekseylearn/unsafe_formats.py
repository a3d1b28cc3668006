"""Whether loading a file may run code that is in it: by its name, and by how it begins; nothing is ever loaded here.

Python's manual on pickle warns of it; PyTorch's `weights_only` was no boundary before 2.6 (CVE-2025-32434); layers
of Keras called Lambda hold Python; joblib and NumPy's arrays of objects are pickles inside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

HEAD = 4096
"""So many bytes of a file's beginning are looked at."""
CONFIG = "config.json"
"""The member of a Keras model, which is a zip, that tells its layers."""
_PICKLE = "it is a pickle"
_INSIDE = "it holds a pickle"
_ENDINGS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("pkl", "pickle", "pck", "p", "dill", "cloudpickle", "joblib", "jbl", "sav"), _PICKLE),
        **dict.fromkeys(("pt", "pth", "ckpt", "bin", "mar", "t7"), "such files hold a pickle, as PyTorch writes them"),
        **dict.fromkeys(("h5", "hdf5"), "such files may hold Python in layers of Keras, or a pickle"),
    }
)
_PACKED = re.compile(r"\.(?:gz|bz2|xz|lzma|zst|z|lz4)\Z")
# Protocols 0 and 1 have no mark of their own: what they begin with when they are not a plain number or text.
_OLD = re.compile(rb"\(?[ci][A-Za-z_][\w.]*\n[A-Za-z_][\w.]*\n|\([dlt]p\d+\n|[\]}(]q.|ccopy_reg\n")
# What pickles reach for most, wherever it stands in one: GLOBAL of a module's name.
_REACHED = re.compile(
    rb"c(?:os|posix|nt|sys|subprocess|builtins|__builtin__|copyreg|copy_reg|collections|datetime|importlib|runpy|pty"
    rb"|(?:numpy|sklearn|pandas|torch|xgboost|lightgbm)[\w.]*)\n[A-Za-z_][\w.]*\n"
)
_OBJECTS = re.compile(rb"'descr':[^}]*\|O")
_LAMBDA = re.compile(rb'"class_name"\s*:\s*"(?:Lambda|[^"]*>Lambda)"|"class_name"\s*:\s*"__lambda__"')


def code_in(name: str, head: bytes) -> str:
    """Tell why loading the file called *name*, which begins with *head*, may run code; '' where nothing says so."""
    ending = _PACKED.sub("", name.rpartition("/")[2].lower()).rpartition(".")
    if ending[1] and ending[2] in _ENDINGS:
        return _ENDINGS[ending[2]]
    if (
        (head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05" and len(head) > 2)
        or _OLD.match(head)
        or _REACHED.search(head)
    ):
        return _PICKLE
    if head.startswith(b"\x93NUMPY") and _OBJECTS.search(head):
        return "it is an array of objects, which is a pickle"
    return ""


def code_in_zip(names: Iterable[str], config: bytes) -> str:
    """Tell the same of a file that is a zip with the members *names*; *config* is what `CONFIG` in it holds."""
    if any(code_in(name, b"") == _PICKLE for name in names):
        return _INSIDE
    return "it holds a Lambda layer, which is Python" if _LAMBDA.search(config) else ""
