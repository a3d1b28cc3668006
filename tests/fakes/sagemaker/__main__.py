"""The service as a process of its own: `python -m tests.fakes.sagemaker --port 0 --speed 20` prints what `GET /_control` tells, as one line."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import tempfile
import threading
from pathlib import Path

from tests.fakes.sagemaker.control import told
from tests.fakes.sagemaker.service import SageMakerService


def main(arguments: list[str]) -> int:
    """Run until a signal comes, or standard input ends where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.sagemaker", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--folder", type=Path, help="where jobs have their files; else a temporary folder")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input does")
    options = parser.parse_args(arguments)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sagemaker-")))
        service = stack.enter_context(SageMakerService.start(folder, port=options.port, speed=options.speed))
        print(json.dumps(told(service, "")), flush=True)
        if options.until_eof:
            sys.stdin.read()
        else:
            ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
