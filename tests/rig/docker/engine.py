"""Docker engines that belong to the tests, and the one that `DOCKER_HOST` names."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import docker
import requests
from docker.errors import DockerException

from tests.rig.docker import background, leftovers
from tests.rig.docker.background import PATH
from tests.rig.docker.ground import HERE, PREFIX, ROOT, RigError, locked, own_name, remove

PROGRAMS = ("dockerd", "containerd", "runc", "iptables", "ip", "mount")
PATIENCE = 30.0
"""Seconds that an engine has for going down or for an answer."""
NETWORK = "172.30.{}.1"
"""The gateways of the rig's networks."""


def missing() -> str | None:
    """Return what this machine lacks for an engine of the tests' own, or None."""
    if sys.platform != "linux":
        return "an engine of the tests' own needs Linux"
    if os.geteuid() != 0:
        return "an engine of the tests' own needs root; set DOCKER_HOST to use one that runs already"
    # What stands in another root was put there for being started.
    absent = [] if ROOT else [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]
    if absent:
        return f"an engine of the tests' own needs {', '.join(absent)} (Debian: docker.io, iptables, iproute2)"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """An engine to run containers on: *host* as in `DOCKER_HOST`, *gateway* as a container sees this machine."""

    host: str
    gateway: str

    @classmethod
    def running(cls, host: str) -> Engine:
        """Return the engine that listens on *host*; Podman calls its default network by its own name."""
        with contextlib.closing(docker.DockerClient(base_url=host, timeout=30)) as client:
            for network in client.networks.list(names=["bridge", "podman"]):
                for pool in network.attrs["IPAM"]["Config"] or ():
                    return cls(host=host, gateway=pool.get("Gateway", ""))
        return cls(host=host, gateway="")

    @property
    def is_rootless(self) -> bool:
        """Return whether it runs as somebody who is not root, in a network of its own."""
        with contextlib.closing(self.client()) as client:
            return any("rootless" in option for option in client.info()["SecurityOptions"] or ())

    def client(self) -> docker.DockerClient:
        """Return a client, to be closed by the caller."""
        return docker.DockerClient(base_url=self.host, timeout=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEngine(Engine):
    """An engine below *folder*, whose containers reach this machine's *gateway* and nothing else."""

    folder: Path

    @classmethod
    def start(
        cls, folder: Path, *, flags: tuple[str, ...] = (), settings: Mapping[str, object] | None = None, path: str = ""
    ) -> Self:
        """Start an engine in the existing *folder*; *path* is looked at first for programs that it calls.

        Raise `RigError`, with what it logged, when it does not come up.
        """
        bridge, gateway = add_bridge(folder)
        (folder / "daemon.json").write_text(json.dumps(settings or {}), encoding="utf-8")
        command = [
            *(["chroot", ROOT] if ROOT else []),
            *("dockerd", "--config-file", f"{folder}/daemon.json", "--host", f"unix://{folder}/docker.sock"),
            *("--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/dockerd.pid"),
            # A machine's own containerd would be shared: our containers must not mix with those that it has.
            *("--containerd-namespace", folder.name, "--containerd-plugins-namespace", f"{folder.name}-plugins"),
            *("--bridge", bridge, "--iptables=false", "--ip6tables=false", "--ip-masq=false", "--ip-forward=false"),
            # Nobody answers there, and says so at once: a look-up of a name fails instead of waiting.
            *("--dns", gateway, "--live-restore", "--log-level", "warn"),
            *flags,
        ]
        start = {"command": command, "path": f"{path}{os.pathsep}{PATH}" if path else PATH, "gateway": gateway}
        (folder / "start.json").write_text(json.dumps(start), encoding="utf-8")
        engine = cls.at(folder)
        try:
            engine.up()
        except BaseException:
            engine.stop()
            raise
        return engine

    @classmethod
    def at(cls, folder: Path) -> Self:
        """Return the engine that was started in *folder*."""
        start = json.loads((folder / "start.json").read_text(encoding="utf-8"))
        return cls(host=f"unix://{folder}/docker.sock", gateway=start["gateway"], folder=folder)

    def up(self) -> None:
        """Start the engine (again)."""
        start = json.loads((self.folder / "start.json").read_text(encoding="utf-8"))
        background.start(start["command"], self.folder, answers=self.answers, path=start["path"])

    def down(self) -> None:
        """End the engine's process; its containers run on."""
        pid = self._pid()
        if pid is None:
            return
        self._signal(signal.SIGTERM)
        until = time.monotonic() + PATIENCE
        while leftovers.alive(pid) and time.monotonic() < until:
            time.sleep(0.05)
        if not leftovers.alive(pid):
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)

    def restart(self) -> None:
        """End the engine's process and start it again; its containers run on."""
        self.down()
        self.up()

    def pause_answering(self) -> None:
        """Leave requests without an answer until `go_on`."""
        self._signal(signal.SIGSTOP)
        while (pid := self._pid()) and not leftovers.paused(pid):
            time.sleep(0.01)

    def go_on(self) -> None:
        """Answer again, also what was asked in the meantime."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """End the engine and its containers, and leave nothing of them."""
        self.go_on()
        with contextlib.suppress(DockerException, requests.RequestException, OSError):
            self._remove_containers()
        self.down()
        remove(self.folder)

    def answers(self) -> bool:
        """Return whether it answers."""
        return background.answers(self.folder / "docker.sock")

    def _remove_containers(self) -> None:
        if not self.answers():
            return
        with contextlib.closing(self.client()) as client:
            for container in client.containers.list(all=True, ignore_removed=True):
                with contextlib.suppress(DockerException):
                    container.remove(force=True, v=True)

    def _pid(self) -> int | None:
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.folder / "dockerd.pid").read_text(encoding="utf-8"))
            return pid if leftovers.alive(pid) else None
        return None

    def _signal(self, number: signal.Signals) -> None:
        if pid := self._pid():
            os.kill(pid, number)


def add_bridge(folder: Path) -> tuple[str, str]:
    """Make a network of one's own on this machine; return the bridge's name and its address."""
    bridge = own_name("al")[-15:]
    # Written first: what is not there is no harm to delete, what nobody knows of stays.
    (folder / "bridge").write_text(bridge, encoding="utf-8")
    with locked(HERE / f"{PREFIX}networks.lock"):
        taken = "".join(ip("-4", "-oneline", *what) for what in (("address",), ("route",)))
        gateway = next(each for each in map(NETWORK.format, range(256)) if each.removesuffix("1") not in taken)
        ip("link", "add", bridge, "type", "bridge")
        ip("address", "add", f"{gateway}/24", "dev", bridge)
        ip("link", "set", bridge, "up")
    return bridge, gateway


def ip(*arguments: str) -> str:
    """Run `ip` and return what it printed."""
    done = subprocess.run(["ip", *arguments], check=False, capture_output=True, text=True, env={"PATH": PATH})
    if done.returncode:
        raise RigError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout
