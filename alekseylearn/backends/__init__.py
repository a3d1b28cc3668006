"""The places where a bundle can be trained, by name."""

from __future__ import annotations

from typing import assert_never

from alekseylearn.backends.base import Backend, Options
from alekseylearn.config import BackendName
from alekseylearn.errors import MachineError


def connect(name: BackendName, options: Options) -> Backend:
    """Reach the backend *name*; raises `MachineError` (`backend.missing`, and what the backend's `connect` raises)."""
    match name:
        case "process":
            from alekseylearn.backends.process import ProcessBackend

            return ProcessBackend.connect(options)
        case "docker" | "sagemaker":
            raise MachineError(
                "backend.missing",
                f"this release trains on this machine only, not with `{name}`",
                where=f"backend: {name}",
                hint="set `backend: process` in alekseylearn.yml, or leave the line out",
            )
        case _:
            assert_never(name)
