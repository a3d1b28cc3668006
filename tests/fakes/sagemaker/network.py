"""A network of a job's own machines: each has `eth0` with an address of its own, and nobody else is reached.

One process a network space holds it open; all end with whoever started them.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from tests.fakes.sagemaker.box import SYSTEM, BoxError

SUBNET = "10.77.0"
HOLD = (
    "setpriv",
    "--pdeathsig",
    "SIGKILL",
    "unshare",
    "--net",
    "sh",
    "-c",
    "ip link set lo up && echo up && exec sleep infinity",
)


class Network:
    """Network spaces for *hosts*, joined by a bridge in one of their own."""

    def __init__(self, hosts: Sequence[str]) -> None:
        """Make them; raise `BoxError`."""
        self._holders: list[subprocess.Popen[bytes]] = []
        self.addresses = {host: f"{SUBNET}.{number}" for number, host in enumerate(hosts, 1)}
        try:
            middle = self._hold()
            self.spaces = {host: self._hold() for host in hosts}
            inside(middle, "ip link add rig type bridge && ip link set rig up")
            for number, (host, space) in enumerate(self.spaces.items()):
                inside(
                    middle,
                    f"ip link add host{number} type veth peer name eth0 netns {space} && ip link set host{number} master rig up",
                )
                inside(space, f"ip address add {self.addresses[host]}/24 dev eth0 && ip link set eth0 up")
        except BaseException:
            self.close()
            raise

    def _hold(self) -> int:
        holder = subprocess.Popen(HOLD, env=SYSTEM, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self._holders.append(holder)
        if holder.stdout is None or holder.stdout.readline() != b"up\n":
            raise BoxError("a training job's network could not be made")
        return holder.pid

    def close(self) -> None:
        """End it; the kernel takes everything in it away."""
        for holder in self._holders:
            holder.kill()
            holder.wait()
            if holder.stdout is not None:
                holder.stdout.close()


def inside(space: int, commands: str) -> None:
    """Run *commands* in the network space of a process; raise `BoxError`."""
    done = subprocess.run(
        ["nsenter", f"--net=/proc/{space}/ns/net", "sh", "-c", commands],
        env=SYSTEM,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BoxError(f"a training job's network could not be made: {done.stderr.strip()}")
