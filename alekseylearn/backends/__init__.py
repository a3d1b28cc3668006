"""The places where a bundle can be trained, by name."""

from __future__ import annotations

from typing import assert_never

from alekseylearn.backends.base import Backend, Options
from alekseylearn.config import BackendName


def connect(name: BackendName, options: Options) -> Backend:
    """Reach the backend *name*; raises `MachineError` (what the backend's `connect` raises)."""
    match name:
        case "process":
            from alekseylearn.backends.process import ProcessBackend

            return ProcessBackend.connect(options)
        case "docker":
            from alekseylearn.backends.docker import DockerBackend

            return DockerBackend.connect(options)
        case "sagemaker":
            from alekseylearn.backends.sagemaker import SageMakerBackend

            return SageMakerBackend.connect(options)
        case _:
            assert_never(name)
