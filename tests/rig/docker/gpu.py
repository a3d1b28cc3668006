"""An engine with a GPU that is not there: stand-ins for what NVIDIA's container toolkit installs."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.rig.docker.background import PATH
from tests.rig.docker.engine import OwnEngine
from tests.rig.docker.ground import ROOT

STUBS = Path(__file__).parent / "gpu_stubs"
KNOWS_CDI = 28
"""The first engine that lists what CDI specifications name; from 25 on it reads them if it is told to."""
KIND = "nvidia.com/gpu"
NODE = "toolkit/nvidia0"


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuEngine(OwnEngine):
    """An engine that gives a container GPUs by `--gpus`, by the runtime `nvidia`, and by CDI where it knows that."""

    @property
    def has_cdi(self) -> bool:
        return (self.folder / "cdi").exists()

    @contextmanager
    def driver_lost(self) -> Iterator[None]:
        """Fail, meanwhile, every container that asks for a GPU, as where the kernel's driver is not loaded."""
        switch, node = self.folder / "toolkit" / "no-driver", self.folder / NODE
        switch.touch()
        # What a specification names is gone, too, without a driver.
        node.unlink(missing_ok=True)
        try:
            yield
        finally:
            switch.unlink()
            if self.has_cdi:
                make_node(node)


def start(folder: Path) -> GpuEngine:
    """Start an engine with the stand-ins in *folder*; it looks the hook up on its path when it starts."""
    toolkit = folder / "toolkit"
    shutil.copytree(STUBS, toolkit)
    settings: dict[str, object] = {}
    if engine_version() >= KNOWS_CDI:
        write_cdi(folder)
        settings = {"features": {"cdi": True}, "cdi-spec-dirs": [f"{folder}/cdi"]}
    return GpuEngine.start(
        folder,
        flags=("--add-runtime", f"nvidia={toolkit}/nvidia-container-runtime"),
        settings=settings,
        path=str(toolkit),
    )


def write_cdi(folder: Path) -> None:
    """Write the specification of one GPU, by its number and by `all`."""
    smi = {
        "hostPath": f"{folder}/toolkit/nvidia-smi",
        "containerPath": "/usr/bin/nvidia-smi",
        "options": ["ro", "bind"],
    }
    make_node(folder / NODE)
    node = {"path": "/dev/nvidia0", "hostPath": f"{folder}/{NODE}"}
    specification = {
        "cdiVersion": "0.5.0",
        "kind": KIND,
        "devices": [{"name": name, "containerEdits": {"deviceNodes": [node]}} for name in ("0", "all")],
        "containerEdits": {"env": ["NVIDIA_VISIBLE_DEVICES=void"], "mounts": [smi]},
    }
    (folder / "cdi").mkdir()
    (folder / "cdi" / "nvidia.json").write_text(json.dumps(specification), encoding="utf-8")


def make_node(path: Path) -> None:
    """Make the device of the GPU that is not there: nothing comes out of it."""
    os.mknod(path, stat.S_IFCHR | 0o666, Path(os.devnull).stat().st_rdev)


def engine_version() -> int:
    """Return the first number of the version of the engine."""
    command = ["chroot", ROOT or "/", "dockerd", "--version"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, env={"PATH": PATH}).stdout
    found = re.search(r"\d+", printed)
    return int(found[0]) if found else 0
