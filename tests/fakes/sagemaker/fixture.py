"""The fixtures `sagemaker_service` (one a worker: inject no faults) and `own_sagemaker` (one's own: inject any)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.fakes.sagemaker.service import SageMakerService

SPEED = 20.0
"""The fixtures' services give a job 6 seconds after SIGTERM, not 120; the limits of its runtime are true."""


@pytest.fixture(scope="session")
def sagemaker_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SageMakerService]:
    """Yield a service that all tests of a worker share: use names and buckets of your own."""
    yield from started(tmp_path_factory.mktemp("sagemaker"))


@pytest.fixture
def own_sagemaker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SageMakerService]:
    """Yield a service that this test alone uses."""
    yield from started(tmp_path_factory.mktemp("own-sagemaker"))


def started(folder: Path) -> Iterator[SageMakerService]:
    """Start a service where that is possible; a machine that cannot is a failure in continuous integration."""
    from tests.fakes.sagemaker.box import missing
    from tests.fakes.sagemaker.service import SageMakerService

    if lack := missing():
        if os.environ.get("CI"):
            pytest.fail(lack)
        pytest.skip(lack)
    with SageMakerService.start(folder, speed=SPEED, limits_speed=1.0) as service:
        yield service
