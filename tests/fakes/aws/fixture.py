"""Fixtures: `moto` (one server a worker), `cloud` (a wire to it for one test), `bucket_name` (one nobody else uses).

`quiet_s3` is a client for tests that want nothing to go wrong: making one takes longer than most of them.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.aws import Cloud


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """Start moto's server; yields host:port."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield "{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


@pytest.fixture
def cloud(moto: str) -> Iterator[Cloud]:
    with Cloud(moto) as cloud:
        yield cloud


@pytest.fixture
def bucket_name(cloud: Cloud) -> str:
    """Make a bucket in us-east-1."""
    from alekseylearn.aws import connect_aws

    name = f"models-{secrets.token_hex(6)}"
    connect_aws(cloud.environ).client("s3").create_bucket(Bucket=name)
    cloud.seen.clear()
    return name


@pytest.fixture(scope="session")
def quiet_s3(moto: str) -> Iterator[Any]:
    from alekseylearn.aws import connect_aws

    with Cloud(moto) as cloud:
        yield connect_aws(cloud.environ).client("s3")
