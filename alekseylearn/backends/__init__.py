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
        case "docker":
            from alekseylearn.backends.docker import DockerBackend

            return DockerBackend.connect(options)
        case "sagemaker":
            raise MachineError(
                "backend.missing",
                f"this release does not train with `{name}` yet",
                where=f"backend: {name}",
                hint="set `backend: process` or `backend: docker` in alekseylearn.yml",
            )
        case _:
            assert_never(name)
