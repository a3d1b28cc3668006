"""The kernel that a notebook names, and the language that it is written in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alekseylearn.cell_text import writable
from alekseylearn.notebook_files import kind_of, no_notebook
from alekseylearn.text import clean

PYTHON = "python"
"""The language that is trained."""
# Kernels as their projects name them, where a notebook tells no language: Jupyter asks the kernel then.
_LANGUAGES: Mapping[str, re.Pattern[str]] = {
    "R": re.compile(r"ir|xr|conda-env-.*-r"),
    "Julia": re.compile(r"i?julia.*|conda-env-.*-julia.*"),
    "Scala": re.compile(r"(?:.*-|apache_toree_)?scala(?:[\d.]*)|almond|spylon-kernel"),
    "JavaScript": re.compile(r"javascript|jslab|nodejs|deno"),
    "TypeScript": re.compile(r"typescript|tslab"),
    "Bash": re.compile(r"bash|zsh|ksh"),
    "C++": re.compile(r"x?(?:cpp|cling-cpp|cplusplus)\d*"),
    "C#": re.compile(r"\.net-csharp"),
    "F#": re.compile(r"\.net-fsharp|ifsharp"),
    "PowerShell": re.compile(r"\.net-powershell|powershell"),
    "Java": re.compile(r"i?java|jjava|rapaio-jupyter-kernel"),
    "Go": re.compile(r"gophernotes|gonb"),
    "Ruby": re.compile(r"i?ruby.*"),
    "Haskell": re.compile(r"i?haskell"),
    "another language": re.compile(
        r"octave|i?matlab.*|rust|evcxr|kotlin|sas|sos|stata|xsqlite|sql|sparkkernel|sparkrkernel|perl|iperl|raku|php"
        r"|lua|xlua|ocaml.*|elixir|erlang|fortran.*|maxima|wolfram.*|prolog.*|clojure|coq|agda|sagemath.*|gnuplot|swift"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """What runs a notebook; `language` is in small letters, `named` as people call it."""

    name: str
    language: str
    named: str


def read_kernel(path: str, document: Mapping[str, Any]) -> Kernel:
    """Read the kernel out of a notebook's metadata; raises `InputError` `nb.schema`."""
    metadata = document.get("metadata", {})
    if not isinstance(metadata, dict):
        raise no_notebook(path, f"metadata is {kind_of(metadata)}, not an object")
    spec = metadata.get("kernelspec", {})
    info = metadata.get("language_info", {})
    if not isinstance(spec, dict) or not isinstance(info, dict):
        raise no_notebook(path, "kernelspec or language_info is not an object")
    texts = {f"kernelspec.{key}": spec.get(key) for key in ("name", "language", "display_name")}
    for key, value in (texts | {"language_info.name": info.get("name")}).items():
        if value is not None and not isinstance(value, str):
            raise no_notebook(path, f"{key} is {kind_of(value)}, not text")
    told = writable(info.get("name") or spec.get("language") or _language_of(spec.get("name") or ""))
    language = PYTHON if told.lower() in ("ipython", "python3") else clean(told.lower(), 40)
    named = writable(spec.get("display_name") or ("Python 3" if language == PYTHON else told))
    return Kernel(
        name=writable(spec.get("name") or "python3"),
        language=language,
        named=named if language == PYTHON else clean(named, 40),
    )


def _language_of(kernel: str) -> str:
    """Tell the language from the name of a *kernel* alone; one that nobody knows runs Python."""
    return next((name for name, pattern in _LANGUAGES.items() if pattern.fullmatch(kernel.lower())), PYTHON)
