"""What to do about failures that many notebooks share."""

from __future__ import annotations

import re

DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "cv2": "opencv-python-headless",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "Crypto": "pycryptodome",
    "umap": "umap-learn",
    "hdbscan": "hdbscan",
    "pytorch_lightning": "pytorch-lightning",
    "faiss": "faiss-cpu",
    "google": "google-cloud",
    "psycopg2": "psycopg2-binary",
    "MySQLdb": "mysqlclient",
    "serial": "pyserial",
    "attr": "attrs",
    "git": "gitpython",
    "implicit": "implicit",
}
"""Import names whose package has another name on PyPI."""

RULES = (
    (
        r"NameError",
        r"name '(?P<x>[^']+)' is not defined",
        "no kept cell defines {x}: mark the cell that does with #| keep, or look at `alekseylearn slice --why`",
    ),
    (
        r"FileNotFoundError",
        r"",
        "a job has only files that are tracked and named by the notebook: commit the file, or name it under data:",
    ),
    (
        r".*OutOfMemory.*|RuntimeError",
        r"(?i)cuda.*out of memory|out of memory.*cuda",
        "the GPU's memory is full: make the batches smaller, or ask for a larger machine",
    ),
    (
        r"MemoryError|.*ArrayMemoryError",
        r"",
        "the machine's memory is full: use less data at a time, or a larger machine",
    ),
    (
        r".*AssertionError|RuntimeError",
        r"(?i)torch not compiled with cuda|no cuda gpus are available|found no nvidia driver",
        "the code asks for a GPU and this machine shows none: choose a backend with one, or fall back to the CPU",
    ),
    (
        r"EOFError",
        r"reading a line",
        "nobody answers input() in a job: set the value in the parameters cell",
    ),
    (
        r"SyntaxError|IndentationError",
        r"",
        "this Python does not read the code: compare its version with the notebook's",
    ),
)
"""Patterns for the exception's name (the whole of it) and for a part of its message, and the advice."""


def hint_for(exception: str, message: str) -> str | None:
    """Return one line of advice for a failure, where there is one that helps."""
    missing = re.search(r"No module named '([^'.]+)", message)
    if missing and exception in {"ModuleNotFoundError", "ImportError"}:
        return f"add {DISTRIBUTIONS.get(missing[1], missing[1])} to requirements.txt"
    for kind, text, advice in RULES:
        hit = re.search(text, message)
        if re.fullmatch(kind, exception) and hit:
            return advice.format(**hit.groupdict())
    return None
