"""What it takes to hand a bundle to SageMaker: cold, from a process that has imported nothing of AWS, to its answer.

The peer is plain boto3 in a process of its own: two objects written, one job started, in the same service on loopback.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from alekseylearn.disk import write_files  # noqa: E402
from tests.fakes.sagemaker.box import missing  # noqa: E402
from tests.fakes.sagemaker.service import SageMakerService  # noqa: E402

RUNS = 9
LIMIT = 3.0
OURS = """
import hashlib, json, os, sys, time, uuid
from pathlib import Path
table, folder, files = json.loads(sys.argv[1])
from alekseylearn.bundle import Bundle
digest = hashlib.sha256(uuid.uuid4().bytes).hexdigest()
bundle = Bundle({name: Path(folder, name).read_bytes() for name in files} | {"token": digest.encode()})
start = time.perf_counter()
from alekseylearn.backends import connect
from alekseylearn.backends.base import Options
from alekseylearn.tables import read_sagemaker
options = Options(home=Path(folder, "home"), environ=dict(os.environ), sagemaker=read_sagemaker(table))
connect("sagemaker", options).submit(bundle, name="toy", digest=digest)
print(time.perf_counter() - start)
"""
PEER = """
import json, sys, time, uuid
request, url, bucket = json.loads(sys.argv[1])
start = time.perf_counter()
import boto3
s3, sagemaker = boto3.client("s3", endpoint_url=url), boto3.client("sagemaker", endpoint_url=url)
name = f"peer-{uuid.uuid4().hex[:12]}"
for key in ("bundle.tar", "boot.py"):
    s3.put_object(Bucket=bucket, Key=f"{name}/{key}", Body=bytes(200_000))
request["TrainingJobName"] = name
request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] = f"s3://{bucket}/{name}/"
sagemaker.create_training_job(**request)
print(time.perf_counter() - start)
"""


def main() -> None:
    if lack := missing():
        print(lack)
        return
    from tests.contract.jobs import bundle_of, site_in

    with tempfile.TemporaryDirectory() as name, SageMakerService.start(Path(name), speed=20) as service:
        site = site_in(service, Path(name), instances=["ml.m5.large"])
        bundle, _ = bundle_of("x = 1")
        write_files(Path(name), bundle.files)
        told = json.dumps([dict(site.sagemaker), name, list(bundle.files)])
        ours = [seconds(OURS, told, service) for _ in range(RUNS)]
        job = next(iter(service.jobs.values()))
        peer_told = json.dumps([job.request, service.url, service.bucket], default=str)
        peer = [seconds(PEER, peer_told, service) for _ in range(RUNS)]
    print("bundle ready -> CreateTrainingJob answered, cold process, wall time, median (largest)")
    mine, theirs = statistics.median(ours), statistics.median(peer)
    print(f"{'alekseylearn':<14} {mine:6.3f} s ({max(ours):.3f})  limit {LIMIT:.0f} s")
    print(f"{'plain boto3':<14} {theirs:6.3f} s ({max(peer):.3f})  ours takes {mine / theirs:.2f} times as long")


def seconds(program: str, argument: str, service: Any) -> float:
    """Run *program* in a process of its own; return what it tells."""
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": "/nonexistent", **service.environ}
    command = [sys.executable, "-c", program, argument]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=environ)
    return float(done.stdout)


if __name__ == "__main__":
    main()
