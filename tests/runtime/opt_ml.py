"""A machine of SageMaker as a training job finds it: /opt/ml in a folder of the test's, and the channel `code`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alekseylearn.bundle import Bundle

from .conftest import RUNTIME, Job

LAST = "alekseylearn: that was all"
FILE = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}


@dataclass(slots=True, kw_only=True)
class Machine(Job):
    """A job whose first process is boot.py; *folder* stands for /opt/ml."""

    @property
    def train(self) -> Path:
        return self.folder / "code" / "train.py"

    @property
    def boot(self) -> Path:
        return self.folder / "input" / "data" / "code" / "boot.py"

    @property
    def command(self) -> list[str]:
        return [self.python, str(self.boot)]

    @property
    def mirror(self) -> Path:
        return self.folder / "checkpoints" / "alekseylearn"

    def configure(self, name: str, told: Any) -> None:
        (self.folder / "input" / "config" / f"{name}.json").write_text(json.dumps(told))


def bundle_of(job: Job) -> Bundle:
    """The files of *job* as the client packs them."""
    code = job.folder / "code"
    files = {path.relative_to(code).as_posix(): path for path in code.rglob("*") if path.is_file()}
    return Bundle({name: path.read_bytes() for name, path in files.items() if "__pycache__" not in name})


def machine(
    job: Job,
    folder: Path,
    *,
    hosts: Sequence[str] = ("algo-1",),
    host: str = "algo-1",
    parameters: Mapping[str, str] | None = None,
    channels: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
) -> Machine:
    """Prepare in *folder* what SageMaker prepares on one of *hosts* for a job that trains the bundle of *job*."""
    bundle = bundle_of(job)
    # As a job of SageMaker does, it sees no folders of anybody's but boot.py's.
    clean = {name: value for name, value in job.environ.items() if not name.startswith("SM_")}
    environ = {
        **clean,
        "SAGEMAKER_BASE_DIR": str(folder),
        "TRAINING_JOB_NAME": "alekseylearn-9c1d77a05b20-1",
        "ALEKSEYLEARN_BUNDLE": bundle.digest,
        "ALEKSEYLEARN_LAST_LINE": LAST,
        "ALEKSEYLEARN_MIRROR": str(folder / "checkpoints" / "alekseylearn"),
        **(env or {}),
    }
    made = Machine(folder=folder, environ=environ, python=job.python)
    for name in ("input/config", "input/data/code", "model", "output/data", "checkpoints"):
        (folder / name).mkdir(parents=True)
    made.boot.write_bytes((RUNTIME / "boot.py").read_bytes())
    (made.boot.parent / "bundle.tar").write_bytes(bundle.tar())
    made.configure("hyperparameters", parameters or {})
    made.configure("inputdataconfig", dict.fromkeys(["code", *channels], FILE))
    group = {"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.xlarge", "hosts": list(hosts)}
    made.configure("resourceconfig", {
        "current_host": host, "current_instance_type": "ml.m5.xlarge", "current_group_name": "homogeneousCluster",
        "hosts": list(hosts), "instance_groups": [group], "network_interface_name": "eth0",
    })  # fmt: skip
    return made
