"""Train once with AWS's own SDK, in its own environment: `python by_sdk.py SERVICE.json SOURCE ROLE IMAGE` (run by `sdk.py`)."""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from pathlib import Path

warnings.simplefilter("ignore")


def main(about: Path, source: str, image: str) -> None:
    """Run one job, and tell what the SDK saw of it as the last line of stdout."""
    service = json.loads(about.read_text("utf-8"))
    os.environ.update(service["environ"])
    began = time.monotonic()
    from sagemaker.core.helper.session_helper import Session  # type: ignore[import-not-found]
    from sagemaker.train import ModelTrainer  # type: ignore[import-not-found]
    from sagemaker.train.configs import Compute, OutputDataConfig, SourceCode  # type: ignore[import-not-found]

    imported = time.monotonic()
    trainer = ModelTrainer(
        sagemaker_session=Session(default_bucket=service["bucket"]),
        role=service["role"],
        training_image=image,
        base_job_name="by-sdk",
        source_code=SourceCode(source_dir=source, entry_script="train.py"),
        compute=Compute(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=30),
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{service['bucket']}/runs"),
        hyperparameters={"epochs": 3, "name": "tall"},
    )
    trainer.train(wait=True, logs=True)
    job = trainer._latest_training_job
    job.refresh()
    told = {
        "name": job.training_job_name,
        "status": job.training_job_status,
        "model": job.model_artifacts.s3_model_artifacts,
        "import_s": round(imported - began, 1),
        "train_s": round(time.monotonic() - imported, 1),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
