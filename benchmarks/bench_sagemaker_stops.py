"""How often a training job that is stopped at some moment keeps the model that it had: jobs of the stand-in service."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.fakes.sagemaker.box import missing  # noqa: E402
from tests.fakes.sagemaker.service import SageMakerService  # noqa: E402

RUNS = 100
LONGEST = 0.4
"""Seconds after the model is there in which the stop comes."""
CELLS = (
    """
    import os, pathlib, time
    model = pathlib.Path(os.environ["SM_MODEL_DIR"], "weights.bin")
    model.write_bytes(b"half")
    print("saved", flush=True)
    """,
    "import json",
    """
    for epoch in range(10_000):
        print("epoch", epoch)
        time.sleep(0.001)
    """,
)


def main() -> None:
    if lack := missing():
        print(lack)
        return
    from tests.contract.jobs import bundle_of, site_in

    draw = random.Random(7)
    kept, asked = 0, []
    with tempfile.TemporaryDirectory() as name, SageMakerService.start(Path(name), speed=20) as service:
        backend = site_in(service, Path(name)).connect()
        for number in range(RUNS):
            bundle, digest = bundle_of(f"number = {number}", *CELLS)
            job = backend.submit(bundle, name="toy", digest=digest)
            while "saved" not in backend.logs(job).lines:
                time.sleep(0.01)
            time.sleep(draw.uniform(0, LONGEST))
            start = time.perf_counter()
            backend.cancel(job)
            asked.append(time.perf_counter() - start)
            while not (state := backend.poll(job)).ended:
                time.sleep(0.01)
            into = backend.collect(job, Path(name) / str(number))
            model, result = into / "model" / "weights.bin", into / "output" / "data" / "result.json"
            kept += state.value == "stopped" and model.is_file() and '"stopped"' in result.read_text()
            backend.discard(job)
    asked.sort()
    print(f"stopped at some moment: the half-made model came home in {kept} of {RUNS} runs")
    print(f"the request to stop takes {asked[RUNS // 2]:.3f} s in the median, {asked[-1]:.3f} s at most")


if __name__ == "__main__":
    main()
