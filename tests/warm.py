"""Commands started from a process that has everything imported already: what a fork costs, instead of half a second.

Each worker of the tests keeps one such process, `Warm`. It imports what the commands import and nothing else, runs
nothing of ours, and forks for every command; the child gets the command's folder, environment and pipes, and then goes on
as `python -m alekseylearn` does. Where a variable says how Python itself starts, it cannot stand for a real start, and
`serves` says so. That commands start by themselves, and how fast, is tested by those tests that start them.
"""

from __future__ import annotations

import array
import atexit
import functools
import json
import os
import re
import runpy
import select
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

IMPORTED = """
    alekseylearn.cli.workflow alekseylearn.cli.carrying alekseylearn.cli.collector alekseylearn.cli.fit
    alekseylearn.cli.look alekseylearn.cli.runs alekseylearn.cli.fetch alekseylearn.cli.doctor alekseylearn.outbox
    alekseylearn.backends.process alekseylearn.backends.docker alekseylearn.backends.sagemaker alekseylearn.forges.github
    boto3 botocore.httpsession botocore.signers docker github nbdime.diffing.notebooks pydantic rich.markdown rich.progress yaml
""".split()  # noqa: SIM905 - a list of words reads better
# What a fork would take over from the process that it is made of, and not from the command's environment.
_HOW_PYTHON_STARTS = re.compile(r"PYTHON|LD_|LC_|LANG|MALLOC_|GLIBC_|COVERAGE|_ALEKSEYLEARN|TZ\Z")
_HEADER = 4


class Warm:
    """The process that forks; one for each worker."""

    def __init__(self) -> None:
        self.address = Path(tempfile.mkdtemp(prefix="warm-")) / "socket"
        self.started = {name: value for name, value in os.environ.items() if _HOW_PYTHON_STARTS.match(name)}
        # It ends with its worker, whose end of this pipe is closed then.
        self.process = subprocess.Popen([sys.executable, __file__, self.address], stdin=subprocess.PIPE, cwd="/")
        while not self.address.exists():
            time.sleep(0.01)
            if self.process.poll() is not None:
                raise RuntimeError("the process that was to be forked did not start")

    def serves(self, environ: Mapping[str, str]) -> bool:
        """Tell whether a command with this environment would start as this process did."""
        return {name: value for name, value in environ.items() if _HOW_PYTHON_STARTS.match(name)} == self.started

    def run(
        self, arguments: Sequence[str], *, cwd: Path, environ: Mapping[str, str], timeout: float
    ) -> tuple[int, str, str]:
        """Run a command to its end; return its exit code and what it printed."""
        outputs = [os.pipe(), os.pipe()]
        with socket.socket(socket.AF_UNIX) as caller, Path(os.devnull).open("rb") as nothing:
            caller.connect(str(self.address))
            handles = array.array("i", [nothing.fileno(), *(write for _, write in outputs)])
            order = json.dumps({"arguments": list(arguments), "cwd": str(cwd), "environ": dict(environ)}).encode()
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, handles)]
            caller.sendmsg([len(order).to_bytes(_HEADER, "big")], ancillary)
            caller.sendall(order)
            for _, write in outputs:
                os.close(write)
            texts = _read_all([read for read, _ in outputs], time.monotonic() + timeout)
            caller.settimeout(timeout)
            code = int(caller.recv(16) or b"255")
        return (code, *(text.decode().replace("\r\n", "\n") for text in texts))


@functools.cache
def warm() -> Warm:
    """Return this worker's process."""
    return Warm()


def _read_all(handles: Sequence[int], deadline: float) -> list[bytes]:
    """Read all of several pipes; raises `TimeoutError`."""
    found: dict[int, list[bytes]] = {handle: [] for handle in handles}
    with selectors.DefaultSelector() as waiting:
        for handle in handles:
            waiting.register(handle, selectors.EVENT_READ)
        while waiting.get_map():
            ready = waiting.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError("the command goes on and on")
            for key, _ in ready:
                data = os.read(key.fd, 1 << 16)
                found[key.fd].append(data)
                if not data:
                    waiting.unregister(key.fd)
                    os.close(key.fd)
    return [b"".join(parts) for parts in found.values()]


def serve(address: str) -> None:
    """Import everything, and fork for whoever asks, until the worker is gone."""
    for name in IMPORTED:
        __import__(name)
    # Beside this file lie modules of the tests.
    sys.path.remove(str(Path(__file__).parent))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{address}.new")
        listening.listen(64)
        Path(f"{address}.new").rename(address)
        while True:
            # No thread may wait for the worker's end: a fork would inherit the locks that it holds.
            if sys.stdin in select.select([listening, sys.stdin], [], [])[0]:
                shutil.rmtree(Path(address).parent)
                return
            caller, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _answer(caller)
            caller.close()


def _answer(caller: socket.socket) -> None:
    """Start the command in one more process, and tell its exit code when it has ended."""
    header, ancillary, _, _ = caller.recvmsg(_HEADER, socket.CMSG_SPACE(3 * array.array("i").itemsize))
    handles = array.array("i")
    handles.frombytes(ancillary[0][2])
    order = b""
    while len(order) < int.from_bytes(header, "big"):
        order += caller.recv(1 << 16)
    child = os.fork()
    if child == 0:
        caller.close()
        _become(json.loads(order), handles)
    for handle in handles:
        os.close(handle)
    _, status = os.waitpid(child, 0)
    caller.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(order: Mapping[str, object], handles: Sequence[int]) -> None:
    """Go on as the command."""
    code: object = 1
    try:
        for place, handle in enumerate(handles):
            os.dup2(handle, place)
            os.close(handle)
        os.chdir(str(order["cwd"]))
        os.environ.clear()
        os.environ.update(order["environ"])  # type: ignore[call-overload]
        tempfile.tempdir = None
        sys.argv = ["alekseylearn", *order["arguments"]]  # type: ignore[misc]
        sys.stdin, sys.stdout, sys.stderr = _text(0, "r"), _text(1, "w"), _text(2, "w", "backslashreplace")
        sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
        runpy.run_module("alekseylearn", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - as Python itself, at its end
        traceback.print_exc()
    finally:
        _end(0 if code is None else code if isinstance(code, int) else 1)


def _text(handle: int, mode: str, errors: str = "strict") -> Any:
    buffering = 1 if handle == 2 else -1
    return os.fdopen(handle, mode, buffering, encoding="utf-8", errors=errors, closefd=False)


def _end(code: int) -> None:
    """Do what Python does at its end."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - as Python itself, at its end
        code = code or 120
    os._exit(code & 0xFF)


if __name__ == "__main__":
    serve(sys.argv[1])
