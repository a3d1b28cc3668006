"""How a container is given GPUs: the ways that an engine may know, in the order in which they are tried.

Sources: Engine API 1.41 (`HostConfig.DeviceRequests`), Container Device Interface 0.5, libpod API 4.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, assert_never

from alekseylearn.tables import GpuRequest

Way = Literal["cdi", "gpus", "runtime", "libpod"]
"""By the engine's CDI devices, by `--gpus` (NVIDIA's hook), by the runtime `nvidia`, by podman's own API."""
EngineKind = Literal["docker", "podman"]

_VENDOR = "nvidia.com/gpu"


def ways(kind: EngineKind, info: Mapping[str, Any]) -> tuple[Way, ...]:
    """Return the ways in which an engine may give GPUs, the surest first, from what it says of itself (`/info`).

    Podman's Docker-compatible API takes such requests and gives no GPU, without a word: there only its own API counts.
    """
    if kind == "podman":
        return ("libpod",)
    found: list[Way] = ["gpus"]
    if any(device.get("ID") == f"{_VENDOR}=all" for device in info.get("DiscoveredDevices") or ()):
        found.insert(0, "cdi")
    elif info.get("CDISpecDirs"):
        # Engines before 28.2 read the specifications without listing them.
        found.append("cdi")
    if "nvidia" in (info.get("Runtimes") or {}):
        found.append("runtime")
    return tuple(found)


def devices(request: GpuRequest) -> tuple[str, ...]:
    """Name the CDI devices of *request*: `nvidia.com/gpu=all`."""
    return tuple(one if "=" in one else f"{_VENDOR}={one}" for one in _numbers(request))


def host_config(way: Way, request: GpuRequest) -> dict[str, Any]:
    """Return the part of the Engine API's HostConfig that asks for *request*; nothing for podman's own API."""
    match way:
        case "cdi":
            return {"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": list(devices(request))}]}
        case "gpus":
            chosen = {"DeviceIDs": list(request.ids)} if request.ids else {"Count": request.count or -1}
            return {"DeviceRequests": [{**chosen, "Capabilities": [["gpu"]]}]}
        case "runtime":
            return {"Runtime": "nvidia"}
        case "libpod":
            return {}
        case _:
            assert_never(way)


def variables(way: Way, request: GpuRequest) -> dict[str, str]:
    """Return the variables that the runtime `nvidia` reads; without them it gives no GPU."""
    if way != "runtime":
        return {}
    return {"NVIDIA_VISIBLE_DEVICES": ",".join(_numbers(request)), "NVIDIA_DRIVER_CAPABILITIES": "compute,utility"}


def _numbers(request: GpuRequest) -> tuple[str, ...]:
    return request.ids or tuple(str(number) for number in range(request.count)) or ("all",)
