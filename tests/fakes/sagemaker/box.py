"""One machine of a job: Linux namespaces in which `/opt/ml` is true, and the entrypoint is the first process."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

SETUP = Path(__file__).with_name("box.sh")
PATIENCE = 30.0
"""Seconds that the namespaces may take."""
SYSTEM = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}


class BoxError(RuntimeError):
    """The namespaces could not be made."""


def missing() -> str:
    """Return what this machine lacks for jobs, or nothing."""
    programs = [
        name
        for name in ("unshare", "setpriv", "mount", "umount", "pivot_root")
        if not shutil.which(name, path=SYSTEM["PATH"])
    ]
    if programs:
        return f"there is no {', '.join(programs)} (util-linux)"
    return "" if os.geteuid() == 0 else "training jobs of the stand-in need root, for namespaces"


class Box:
    """A started machine; its end is known by `poll`."""

    def __init__(
        self,
        folder: Path,
        command: Sequence[str],
        environ: dict[str, str],
        *,
        host: str,
        isolated: bool = False,
        network: int | None = None,
        shared: Sequence[Path] = (),
        start: str = "/",
    ) -> None:
        """Start *command* in *folder*, which has `ml` (becomes /opt/ml) and `hosts` (becomes /etc/hosts); raise `BoxError`.

        *network* is the id of a process whose network is used instead of this machine's.
        """
        self._said, ready = folder / "setup.log", folder / "ready"
        stage = folder / "stage"
        stage.mkdir(exist_ok=True)
        join = ["nsenter", f"--net=/proc/{network}/ns/net", "--"] if network else []
        spaces = ["--mount", "--uts", "--ipc", "--pid", *(["--net"] if isolated else [])]
        # The end of whoever started it, even a violent one, ends it all: first unshare, then the first process, then the namespace.
        bound = ["setpriv", "--pdeathsig", "SIGKILL", *join, "unshare", *spaces, "--fork", "--kill-child=SIGKILL", "--"]
        what = [
            str(stage),
            host,
            str(folder),
            str(ready),
            "yes" if isolated else "no",
            "--",
            *map(str, shared),
            "--",
            start,
        ]
        given = [f"{name}={value}" for name, value in environ.items()]
        # Output and errors of the job are pipes of their own, as a container's are; what the setup says is kept apart.
        aside = ["sh", "-c", 'exec 4>&2 2>"$0"; exec "$@"', str(self._said)]
        self._process = subprocess.Popen(
            [*aside, *bound, "sh", str(SETUP), *what, *given, *command],
            env=SYSTEM,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        until = time.monotonic() + PATIENCE
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                self.close()
                raise BoxError(
                    f"a training job's namespaces could not be made: {self._said.read_text('utf-8', 'replace').strip()}"
                )
            time.sleep(0.002)
        ready.unlink()

    @property
    def pipes(self) -> list[int]:
        """Output and errors of the first process."""
        return [pipe.fileno() for pipe in (self._process.stdout, self._process.stderr) if pipe]

    def poll(self) -> int | None:
        """Return the exit code, 128 + N where signal N ended it, or None while it runs."""
        code = self._process.poll()
        # unshare of util-linux 2.38 stumbles over a first process that was killed, and says so.
        if code == 1 and b"sigprocmask" in self._said.read_bytes():
            return 128 + signal.SIGKILL
        return code if code is None or code >= 0 else 128 - code

    def wait(self, seconds: float) -> None:
        """Wait for the end, at most *seconds*."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def signal(self, number: int) -> None:
        """Send a signal to the first process, as an engine does."""
        own = self._process.pid
        with contextlib.suppress(OSError, ValueError, IndexError):
            first = Path(f"/proc/{own}/task/{own}/children").read_text("ascii").split()[0]
            os.kill(int(first), number)

    def kill(self) -> None:
        """End it at once, with all that runs in it."""
        self.signal(signal.SIGKILL)
        self.wait(5)
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Close the pipes."""
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()
