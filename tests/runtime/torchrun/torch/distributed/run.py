"""torchrun as far as the runtime counts on it, with the ways of PyTorch 2: its variables, signals and patience.

`STAND_IN_LATE` seconds pass before it starts anything, as in an import or where other machines are waited for;
`STAND_IN_WAITS` seconds pass after its processes succeeded; with `STAND_IN_BROKEN` it fails with these words.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from types import FrameType
from typing import NoReturn

PATIENCE = 30


class SignalError(Exception):
    pass


def handle(number: int, frame: FrameType | None) -> NoReturn:
    raise SignalError(f"Process {os.getpid()} got signal: {number}")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ("nnodes", "node_rank", "nproc_per_node", "master_port", "max_restarts"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--monitor_interval", type=float, required=True)
    parser.add_argument("--master_addr", required=True)
    parser.add_argument("program")
    return parser.parse_args()


def start(asked: argparse.Namespace, local: int) -> subprocess.Popen[bytes]:
    variables = {
        "RANK": asked.node_rank * asked.nproc_per_node + local,
        "LOCAL_RANK": local,
        "GROUP_RANK": asked.node_rank,
        "WORLD_SIZE": asked.nnodes * asked.nproc_per_node,
        "LOCAL_WORLD_SIZE": asked.nproc_per_node,
        "MASTER_ADDR": asked.master_addr,
        "MASTER_PORT": asked.master_port,
        "TORCHELASTIC_RUN_ID": "none",
    }
    environ = {**os.environ, **{name: str(value) for name, value in variables.items()}}
    return subprocess.Popen([sys.executable, "-u", asked.program], env=environ, start_new_session=True)


def close(workers: list[subprocess.Popen[bytes]], number: signal.Signals) -> None:
    for worker in workers:
        if worker.poll() is None:
            print(f"W Sending process {worker.pid} closing signal {number.name}", file=sys.stderr, flush=True)
            os.killpg(worker.pid, number)
    end = time.monotonic() + PATIENCE
    for worker in workers:
        try:
            worker.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


def main() -> int:
    asked = parsed()
    time.sleep(float(os.environ.get("STAND_IN_LATE", "0")))
    if "STAND_IN_BROKEN" in os.environ:
        print(os.environ["STAND_IN_BROKEN"], file=sys.stderr)
        return 1
    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"):
        signal.signal(getattr(signal, name), handle)
    workers: list[subprocess.Popen[bytes]] = []
    try:
        workers += [start(asked, local) for local in range(asked.nproc_per_node)]
        while True:
            time.sleep(0.1)
            codes = [worker.poll() for worker in workers]
            if any(code not in {None, 0} for code in codes):
                close(workers, signal.SIGTERM)
                print(f"ChildFailedError: {asked.program} FAILED", file=sys.stderr)
                return 1
            if all(code == 0 for code in codes):
                time.sleep(float(os.environ.get("STAND_IN_WAITS", "0")))
                return 0
    except SignalError:
        close(workers, signal.SIGTERM)
        raise


if __name__ == "__main__":
    sys.exit(main())
