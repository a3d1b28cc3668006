"""Which results a command sees: those in our own folder, and those in S3 where a bucket is shared."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from alekseylearn.config import BackendName, Config
from alekseylearn.errors import MachineError, UsageError
from alekseylearn.stores.base import Store
from alekseylearn.stores.folder import FolderStore
from alekseylearn.tables import SageMakerTable

_ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([A-Za-z0-9._/-]*))?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A part of a bucket that results are shared in; *region* None for the one that the environment names."""

    bucket: str
    prefix: str
    region: str | None = None


def is_address(store: str) -> bool:
    """Tell whether *store* is meant as an address in S3, not as a folder."""
    return store.startswith("s3://")


def parse_address(store: str) -> Shared:
    """Read `s3://bucket/prefix`; raises `UsageError` `usage.store`."""
    match = _ADDRESS.match(store)
    if match is None:
        raise UsageError("usage.store", f"{store!r} is no address in S3", hint="s3://BUCKET/PREFIX")
    return Shared(bucket=match[1], prefix=(match[2] or "").strip("/"))


def sagemaker_table(config: Config, backend: BackendName | None = None) -> SageMakerTable | None:
    """Return how jobs on SageMaker are made, where any notebook trains there; *backend* stands for all of them.

    Models may differ in their machines; the first one with a bucket says where all of them are looked for.
    """
    named = {backend} if backend else {config.defaults.backend, *(one.backend for one in config.models.values())}
    if "sagemaker" not in named:
        return None
    tables = [config.sagemaker(model) for model in config.models.values()]
    whole = [table for table in tables if table.bucket is not None]
    return next(iter(whole), None) or config.sagemaker(config.model_for("")[1])


def shared_in(config: Config, backend: BackendName | None) -> Shared | None:
    """Return where results are shared by themselves: in the bucket that jobs on SageMaker use."""
    table = sagemaker_table(config, backend)
    if table is None or table.bucket is None:
        return None
    return Shared(bucket=table.bucket, prefix=table.prefix, region=table.region)


def open_results(
    home: Path, shared: Shared | None, environ: Mapping[str, str], warn: Callable[[MachineError], None]
) -> Store:
    """Open the results below *home*, before those that are *shared*; where AWS cannot be reached *warn* is told."""
    near = FolderStore(home / "results")
    if shared is None:
        return near
    from alekseylearn.aws import connect_aws
    from alekseylearn.s3 import Bucket
    from alekseylearn.stores.layered import LayeredStore
    from alekseylearn.stores.s3 import S3Store

    try:
        client = connect_aws(environ, shared.region).client("s3")
    except MachineError as error:
        warn(error)
        return near
    return LayeredStore(near, S3Store(Bucket(client, shared.bucket, shared.prefix), home / "shared"), warn)
