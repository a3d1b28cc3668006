"""What reading the metrics of a long training costs: a million points, in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

POINTS = 1_000_000
METRICS = 20
SECONDS, MEGABYTES = 15, 300

READ = """
import json, resource, sys, time
from pathlib import Path
from alekseylearn.collected import read_logged_metrics
start = time.perf_counter()
measured = read_logged_metrics(Path(sys.argv[1]))
seconds = time.perf_counter() - start
kept = sum(len(metric.series) for metric in measured.metrics)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps([seconds, peak, len(measured.metrics), kept]))
"""


def write(folder: Path, metrics: int) -> Path:
    """Write a metrics.jsonl of POINTS lines in all, as a job writes them."""
    path = folder / "output" / "data" / "metrics.jsonl"
    path.parent.mkdir(parents=True)
    with path.open("w") as file:
        for line in range(POINTS):
            step, metric = divmod(line, metrics)
            value = 1 / (1 + step * (metric + 1) / POINTS)
            file.write(
                f'{{"name":"train/loss_{metric}","value":{value!r},"step":{step},"time":{1.8e9 + line / 100!r},'
                f'"cell":14,"source":"log_metric"}}\n'
            )
    return path


def main() -> None:
    for metrics in (METRICS, 1):
        with tempfile.TemporaryDirectory() as name:
            size = write(Path(name), metrics).stat().st_size
            done = subprocess.run([sys.executable, "-c", READ, name], capture_output=True, text=True, check=True)
        seconds, peak, found, kept = json.loads(done.stdout)
        print(
            f"{POINTS:,} points of {found} metrics ({size / 1e6:.0f} MB): {seconds:.2f} s (limit {SECONDS}), "
            f"peak {peak / 1e6:.0f} MB (limit {MEGABYTES}), {kept:,} points kept"
        )


if __name__ == "__main__":
    main()
