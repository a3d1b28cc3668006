"""SageMaker's training contract: the variables and the configuration files that a job finds, on any backend.

Source: ENVIRONMENT_VARIABLES.md of the SageMaker training toolkit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alekseylearn.bundle import Bundle

ROOT = "/opt/ml"
"""Where everything lies in a container."""
HOST = "algo-1"

_NOT_IN_NAMES = re.compile(r"[^A-Z0-9_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where the job finds its code and leaves its results; absolute paths as the job sees them."""

    code: str
    model: str
    output: str
    data: str


IN_CONTAINER = Folders(code=f"{ROOT}/code", model=f"{ROOT}/model", output=f"{ROOT}/output", data=f"{ROOT}/output/data")


def sm_variables(
    bundle: Bundle, folders: Folders, *, cores: int, gpus: int, channels: Mapping[str, str]
) -> dict[str, str]:
    """Return the `SM_*` variables of a training job; *channels* are paths of data sets by name."""
    return {
        "SM_MODEL_DIR": folders.model,
        "SM_OUTPUT_DIR": folders.output,
        "SM_OUTPUT_DATA_DIR": folders.data,
        "SM_CHANNELS": json.dumps(sorted(channels)),
        "SM_CURRENT_HOST": HOST,
        "SM_HOSTS": json.dumps([HOST]),
        "SM_HPS": json.dumps(_parameters(bundle)),
        "SM_LOG_LEVEL": "20",
        "SM_MODULE_DIR": folders.code,
        "SM_MODULE_NAME": "train",
        "SM_NUM_CPUS": str(cores),
        "SM_NUM_GPUS": str(gpus),
        **{f"SM_CHANNEL_{_NOT_IN_NAMES.sub('_', name.upper())}": path for name, path in channels.items()},
    }


def config_files(bundle: Bundle, channels: Sequence[str]) -> dict[str, bytes]:
    """Return the files below `/opt/ml/input/config` that code written for SageMaker may read."""
    hyperparameters = {name: json.dumps(value) for name, value in _parameters(bundle).items()}
    channel = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
    told = {
        "hyperparameters": hyperparameters,
        "resourceconfig": {"current_host": HOST, "hosts": [HOST], "network_interface_name": "eth0"},
        "inputdataconfig": dict.fromkeys(sorted(channels), channel),
    }
    return {f"input/config/{name}.json": json.dumps(value).encode() for name, value in told.items()}


def local_channels(data: Mapping[str, str]) -> dict[str, str]:
    """Return those data sets that lie in a folder of the machine: absolute paths, by the name of their channel."""
    return {name: path for name, path in data.items() if path.startswith("/")}


def _parameters(bundle: Bundle) -> dict[str, object]:
    found = json.loads(bundle.files.get("manifest.json", b"{}")).get("parameters", {})
    return found if isinstance(found, dict) else {}
