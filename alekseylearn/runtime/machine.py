"""What the job ran on: Python, packages, memory and GPU."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from .hints import DISTRIBUTIONS


def environment(packages: Mapping[str, str]) -> dict[str, Any]:
    """Describe the Python of this process, for result.json."""
    system = os.uname()
    version = ".".join(map(str, sys.version_info[:3]))
    return {
        "python": version,
        "platform": f"{system.sysname}-{system.release}-{system.machine}",
        "packages": dict(packages),
    }


def packages(modules: Iterable[str]) -> dict[str, str]:
    """Return the versions of those *modules* (top-level names) that were imported and have one, by package name."""
    found = {}
    for name in sorted(set(modules)):
        module = sys.modules.get(name)
        if module is None or name == "alekseylearn" or standard(module):
            continue
        version = getattr(module, "__version__", None)
        package = DISTRIBUTIONS.get(name, name)
        if not isinstance(version, str):
            version = _installed(package)
        if version:
            found[package] = version
    return found


def standard(module: ModuleType) -> bool:
    """Tell whether *module* comes with Python: it has no file, or one beside those of the standard library."""
    file = getattr(module, "__file__", None)
    if file is None:
        return module.__name__ in sys.builtin_module_names
    path = Path(file).resolve()
    library = Path(os.__file__).resolve().parent
    return library in path.parents and not {"site-packages", "dist-packages"} & set(path.parts)


def _installed(package: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def peak_bytes(maxrss: int) -> int:
    """Convert `ru_maxrss`, which is bytes on macOS and KiB elsewhere (getrusage(2))."""
    return maxrss if sys.platform == "darwin" else maxrss * 1024


def gpu_of_torch() -> dict[str, Any] | None:
    """Describe the GPU that PyTorch used in this process; None where it was not loaded or sees none."""
    cuda: Any = getattr(sys.modules.get("torch"), "cuda", None)
    try:
        if cuda is None or not cuda.is_available():
            return None
        return {
            "name": str(cuda.get_device_name(0)),
            "count": int(cuda.device_count()),
            "memory": int(cuda.get_device_properties(0).total_memory),
            "peak_memory": max(int(cuda.max_memory_allocated(device)) for device in range(cuda.device_count())),
        }
    except (AttributeError, RuntimeError, AssertionError, ValueError):
        return None


def gpu_of_driver() -> dict[str, Any] | None:
    """Describe the GPU that the driver's own tool shows; None where there is no such tool or it fails."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    command = [program, "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return gpu_listed(done.stdout)


def gpu_listed(text: str) -> dict[str, Any] | None:
    """Read nvidia-smi's lines `name, MiB`."""
    rows = [line.rpartition(",") for line in text.splitlines() if "," in line]
    sizes = [(name.strip(), size.strip()) for name, _, size in rows]
    if not sizes:
        return None
    name, size = sizes[0]
    memory = int(size) * 2**20 if size.isdigit() else None
    return {"name": name, "count": len(sizes), "memory": memory, "peak_memory": None}
