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
        r".*AssertionError|RuntimeError|.*AcceleratorError",
        (
            r"(?i)torch not compiled with cuda|no cuda gpus are available|found no nvidia driver"
            r"|no cuda-capable device is detected"
        ),
        "the code asks for a GPU and this machine shows none: choose a backend with one, or fall back to the CPU",
    ),
    (
        r".*",
        (
            r"(?i)unable to (?:allocate|open) shared memory|insufficient shared memory|out of shared memory"
            r"|unexpected bus error encountered in worker"
        ),
        "the shared memory is full: raise `shm_size` under docker:, or use fewer DataLoader workers",
    ),
    (
        r".*",
        (
            r"Name or service not known|Temporary failure in name resolution|No address associated with hostname"
            r"|Network is unreachable|NameResolutionError|getaddrinfo failed"
        ),
        "the job has no network, or the name is wrong: in a container allow it with `docker: {{network: bridge}}`",
    ),
    (
        r".*",
        r"Read-only file system",
        "data sets are mounted read-only: write below $SM_OUTPUT_DATA_DIR",
    ),
    (
        r".*",
        r"No space left on device",
        "the disk is full: write less, remove old runs and images, or use a machine with a larger disk",
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


GPU_LOST = (
    "the GPU was there and went away: where the host's systemd reloads (daemon-reload), containers lose theirs; "
    "let the engine use CDI (`nvidia-ctk cdi generate`), and run it again"
)
LOST = re.compile(
    r"Failed to initialize NVML: Unknown Error|CUDA error: unknown error"
    r"|no CUDA-capable device is detected"
)


def gpu_lost(text: str) -> bool:
    """Tell whether a failure of that *text*, in a job that saw a GPU, says that it went away."""
    return LOST.search(text) is not None


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
