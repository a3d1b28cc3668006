"""Hold the stand-in and our runtime against AWS's own code: `python -m tests.rig.sagemaker.sdk` (some 900 MB below `build/`).

One job is trained by AWS's SDK (`ModelTrainer` of sagemaker-train): it completes, so that the stand-in is what that SDK expects of the service.
One script is started twice in the same place, by AWS's `sagemaker-training` and by our boot: what both tell it in `SM_*` is compared. What
differs stands in `DIFFERENT`, with the reason; anything else is an error.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from alekseylearn.backends import connect
from alekseylearn.backends.base import Options
from alekseylearn.interpreters import find_uv
from alekseylearn.tables import read_sagemaker
from tests.contract.jobs import bundle_of, ended
from tests.fakes.sagemaker.control import told
from tests.fakes.sagemaker.desk import IMAGE, channel
from tests.fakes.sagemaker.service import SageMakerService
from tests.fakes.sagemaker.settings import Image

HERE = Path(__file__).parent
BUILD = HERE.parents[2] / "build" / "sagemaker-sdk"
PACKAGES = {"sdk": "sagemaker-train==1.27.0", "toolkit": "sagemaker-training==5.1.4"}
TOOLKIT = "763104351884.dkr.ecr.us-east-1.amazonaws.com/toolkit:1"
MARK = "environment: "
WIDTH = 200
"""Characters of a value that are shown."""
SCRIPT = f"""\
import json, os
print({MARK!r} + json.dumps({{name: value for name, value in os.environ.items() if name.startswith("SM_")}}), flush=True)
"""
OWN = "our bundle comes by a channel of its own, which is none of the notebook's"
DIFFERENT = {
    "SM_CHANNEL_CODE": OWN,
    "SM_CHANNELS": OWN,
    "SM_INPUT_DATA_CONFIG": OWN,
    "SM_TRAINING_ENV": "the parts above, and the job's name that the toolkit reads from a parameter",
    "SM_FRAMEWORK_MODULE": "ours has no framework's module",
    "SM_MODULE_DIR": "the toolkit names the address that the code came from, ours the folder where it is",
    "SM_CHECKPOINT_DIR": "AWS does not say it",
    "SM_MASTER_ADDR": "one machine by itself is found without a name",
    "SM_NUM_NEURONS": "ours knows no Trainium",
    "SM_STUDIO_LOCAL_MODE": "ours for the toolkit, which would wait for a name service",
}


def main() -> int:
    """Run both checks; return 1 where one of them fails."""
    for name in PACKAGES:
        install(name)
    with (
        tempfile.TemporaryDirectory(prefix="sagemaker-sdk-") as folder,
        SageMakerService.start(Path(folder), speed=20) as service,
    ):
        seen = train_by_sdk(service, Path(folder))
        return 0 if seen and compare(service, Path(folder), seen) else 1


def install(name: str) -> None:
    """Make the environment *name* below `build/`, unless it is there; say how large it is."""
    place, began = BUILD / name, time.monotonic()
    uv = find_uv(os.environ) or "uv"
    if not (place / "complete").exists():
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, place], check=True)
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--python", place / "bin" / "python", PACKAGES[name]], check=True
        )
        (place / "complete").touch()
    size = sum(path.lstat().st_size for path in place.rglob("*") if path.is_file() and not path.is_symlink())
    print(f"{PACKAGES[name]}: {size / 1e6:.0f} MB, made in {time.monotonic() - began:.0f} s", flush=True)


def train_by_sdk(service: SageMakerService, folder: Path) -> dict[str, str]:
    """Train with AWS's SDK; tell what it cost, and return the variables of the job, {} where it did not complete."""
    source = folder / "source"
    source.mkdir()
    saving = "open(os.environ['SM_MODEL_DIR'] + '/model.txt', 'w').write('m')\n"
    (source / "train.py").write_text(SCRIPT + saving, "utf-8")
    (folder / "service.json").write_text(json.dumps(told(service, "")), "utf-8")
    command = [BUILD / "sdk" / "bin" / "python", HERE / "by_sdk.py", folder / "service.json", source, IMAGE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout[-3000:], done.stderr[-6000:])
        return {}
    seen = json.loads(done.stdout.splitlines()[-1])
    calls = [call for call in service.calls if not call.by_job]
    print(
        f"SDK: {seen['status']}, import {seen['import_s']} s, trained in {seen['train_s']} s, {len(calls)} calls, {len(service.log(seen['name']))} log lines"
    )
    return environment(service, seen["name"]) if seen["status"] == "Completed" else {}


def compare(service: SageMakerService, folder: Path, by_sdk: dict[str, str]) -> bool:
    """Start one script by the toolkit and by our boot; tell where their variables differ.

    What the toolkit does not say and ours does is as the SDK's driver said it.
    """
    s3, bucket = service.client("s3"), service.bucket
    s3.put_object(Bucket=bucket, Key="numbers/one.csv", Body=b"1\n")
    s3.put_object(Bucket=bucket, Key="toolkit/train.py", Body=SCRIPT.encode())
    service.settings.images[TOOLKIT] = Image(
        programs=BUILD / "toolkit" / "bin", environ={"SM_STUDIO_LOCAL_MODE": "true"}
    )
    ours = run_ours(service, folder)
    request = copy.deepcopy(service.jobs[ours].request)
    request["TrainingJobName"] = theirs = "by-toolkit"
    request["AlgorithmSpecification"] = {"TrainingImage": TOOLKIT, "TrainingInputMode": "File"}
    own = {
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": "/opt/ml/input/data/code",
        "sagemaker_region": "us-east-1",
    }
    request["HyperParameters"] |= {name: json.dumps(value) for name, value in own.items()}
    request["InputDataConfig"][0] = channel("code", f"s3://{bucket}/toolkit/")
    service.client("sagemaker").create_training_job(**request)
    service.job(theirs).wait(seconds=120)
    left, right = environment(service, theirs), environment(service, ours)
    if not left or not right:
        print(
            service.jobs[theirs].reason, *service.log(theirs), service.jobs[ours].reason, *service.log(ours), sep="\n"
        )
        return False
    return same({name: value for name, value in by_sdk.items() if name in right} | left, right)


def run_ours(service: SageMakerService, folder: Path) -> str:
    """Run the script as a notebook by the backend `sagemaker`; return the job's name."""
    own = {"role": service.role, "bucket": service.bucket, "prefix": "ours", "image": IMAGE}
    data = {"numbers": f"s3://{service.bucket}/numbers/"}
    options = Options(home=folder / "home", environ=service.environ, sagemaker=read_sagemaker(own), data=data)
    backend = connect("sagemaker", options)
    bundle, digest = bundle_of(SCRIPT)
    ended(backend, backend.submit(bundle, name="toy", digest=digest))
    return next(name for name in service.jobs if name.startswith("alekseylearn-"))


def environment(service: SageMakerService, name: str) -> dict[str, str]:
    """Return the variables that a job printed, {} where it printed none."""
    texts = [line.partition(MARK)[2] for line in service.log(name) if MARK in line and "print(" not in line]
    return dict(json.loads(texts[0])) if texts else {}


def same(aws: dict[str, str], ours: dict[str, str]) -> bool:
    """Tell where two environments differ, and whether all of that is known."""
    known = unknown = 0
    for name in sorted(aws.keys() | ours.keys()):
        left, right = plain(aws.get(name)), plain(ours.get(name))
        if left == right:
            continue
        reason = DIFFERENT.get(name)
        known, unknown = known + bool(reason), unknown + (not reason)
        print(f"{name}: {reason or 'UNKNOWN'}\n  AWS's {left!r:.{WIDTH}}\n  ours  {right!r:.{WIDTH}}")
    equal = len(aws.keys() | ours.keys()) - known - unknown
    print(f"SM_*: {equal} equal, {known} different for a reason, {unknown} different without one")
    return not unknown


def plain(value: str | None) -> Any:
    """Return what a variable says, whatever the order and the spaces of its JSON; what only the toolkit is told is left out."""
    if value is None:
        return None
    try:
        read = json.loads(value)
    except ValueError:
        return value
    return (
        {key: item for key, item in read.items() if not key.startswith("sagemaker_")}
        if isinstance(read, dict)
        else read
    )


if __name__ == "__main__":
    sys.exit(main())
