"""SageMaker's contract: what code that was written for it finds in its variables and files."""

from __future__ import annotations

import json
from typing import Any

from alekseylearn.bundle import Bundle
from alekseylearn.sm_contract import IN_CONTAINER, config_files, local_channels, sm_variables

CHANNELS = {"train": "/opt/ml/input/data/train", "test-2 set": "/opt/ml/input/data/test-2 set"}


def bundle(**manifest: Any) -> Bundle:
    return Bundle({"manifest.json": json.dumps(manifest).encode()})


def test_a_job_finds_its_folders_machine_and_parameters() -> None:
    made = sm_variables(bundle(parameters={"epochs": 3, "name": "x"}), IN_CONTAINER, cores=8, gpus=2, channels={})
    assert made == {
        "SM_MODEL_DIR": "/opt/ml/model",
        "SM_OUTPUT_DIR": "/opt/ml/output",
        "SM_OUTPUT_DATA_DIR": "/opt/ml/output/data",
        "SM_MODULE_DIR": "/opt/ml/code",
        "SM_MODULE_NAME": "train",
        "SM_CHANNELS": "[]",
        "SM_CURRENT_HOST": "algo-1",
        "SM_HOSTS": '["algo-1"]',
        "SM_HPS": '{"epochs": 3, "name": "x"}',
        "SM_LOG_LEVEL": "20",
        "SM_NUM_CPUS": "8",
        "SM_NUM_GPUS": "2",
    }


def test_each_data_set_has_a_variable_that_a_shell_can_name() -> None:
    made = sm_variables(bundle(), IN_CONTAINER, cores=1, gpus=0, channels=CHANNELS)
    assert json.loads(made["SM_CHANNELS"]) == ["test-2 set", "train"]
    assert made["SM_CHANNEL_TRAIN"] == "/opt/ml/input/data/train"
    assert made["SM_CHANNEL_TEST_2_SET"] == "/opt/ml/input/data/test-2 set"


def test_files_tell_the_same_as_the_variables() -> None:
    files = config_files(bundle(parameters={"epochs": 3, "name": "x", "layers": [1, 2]}), ["train", "test"])
    told = {path.rpartition("/")[2]: json.loads(data) for path, data in files.items()}
    assert all(path.startswith("input/config/") for path in files)
    # SageMaker hands every hyperparameter over as text.
    assert told["hyperparameters.json"] == {"epochs": "3", "name": '"x"', "layers": "[1, 2]"}
    assert told["resourceconfig.json"]["current_host"] == "algo-1"
    assert list(told["inputdataconfig.json"]) == ["test", "train"]
    assert told["inputdataconfig.json"]["train"]["TrainingInputMode"] == "File"


def test_a_bundle_without_parameters_has_none() -> None:
    for made in (Bundle({}), bundle(), bundle(parameters=[1])):
        assert sm_variables(made, IN_CONTAINER, cores=1, gpus=0, channels={})["SM_HPS"] == "{}"
        assert json.loads(config_files(made, [])["input/config/hyperparameters.json"]) == {}


def test_only_absolute_paths_are_folders_of_the_machine() -> None:
    data = {"train": "/srv/train", "remote": "s3://bucket/train", "odd": "data/train"}
    assert local_channels(data) == {"train": "/srv/train"}
