"""GPUs: which ways an engine says it knows, and what each way asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import pytest

from alekseylearn.gpu_requests import Way, devices, host_config, variables, ways
from alekseylearn.tables import AUTO, GpuRequest

ALL, TWO, NAMED = GpuRequest(), GpuRequest(count=2), GpuRequest(ids=("GPU-8f6e", "3"))
LISTED = {
    "DiscoveredDevices": [{"Source": "cdi", "ID": "nvidia.com/gpu=0"}, {"Source": "cdi", "ID": "nvidia.com/gpu=all"}]
}


@pytest.mark.parametrize(
    ("info", "found"),
    [
        # Any docker may have NVIDIA's hook: /info does not tell.
        ({}, ("gpus",)),
        ({"DiscoveredDevices": None, "Runtimes": None, "CDISpecDirs": None}, ("gpus",)),
        ({"Runtimes": {"runc": {}, "nvidia": {}}}, ("gpus", "runtime")),
        # Engines before 28.2 know CDI and do not list it.
        ({"CDISpecDirs": ["/etc/cdi"]}, ("gpus", "cdi")),
        ({"CDISpecDirs": []}, ("gpus",)),
        (LISTED, ("cdi", "gpus")),
        ({**LISTED, "CDISpecDirs": ["/etc/cdi"], "Runtimes": {"nvidia": {}}}, ("cdi", "gpus", "runtime")),
        # A device of somebody else's is none of ours.
        ({"DiscoveredDevices": [{"ID": "intel.com/gpu=all"}, {}], "CDISpecDirs": ["/etc/cdi"]}, ("gpus", "cdi")),
    ],
)
def test_the_surest_way_that_the_engine_speaks_of_comes_first(info: Mapping[str, Any], found: tuple[Way, ...]) -> None:
    assert ways("docker", info) == found


def test_podman_gives_gpus_by_its_own_api_alone() -> None:
    assert ways("podman", {**LISTED, "Runtimes": {"nvidia": {}}}) == ("libpod",)


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        (ALL, ("nvidia.com/gpu=all",)),
        (AUTO, ("nvidia.com/gpu=all",)),
        (TWO, ("nvidia.com/gpu=0", "nvidia.com/gpu=1")),
        (NAMED, ("nvidia.com/gpu=GPU-8f6e", "nvidia.com/gpu=3")),
        (GpuRequest(ids=("example.com/gpu=x",)), ("example.com/gpu=x",)),
    ],
)
def test_cdi_devices_are_named_one_by_one(request_: GpuRequest, named: tuple[str, ...]) -> None:
    assert devices(request_) == named
    assert host_config("cdi", request_) == {"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": list(named)}]}


@pytest.mark.parametrize(
    ("request_", "asked"),
    [(ALL, {"Count": -1}), (TWO, {"Count": 2}), (NAMED, {"DeviceIDs": ["GPU-8f6e", "3"]})],
)
def test_the_hook_is_asked_as_the_option_gpus_asks_it(request_: GpuRequest, asked: Mapping[str, Any]) -> None:
    assert host_config("gpus", request_) == {"DeviceRequests": [{**asked, "Capabilities": [["gpu"]]}]}


@pytest.mark.parametrize(("request_", "visible"), [(ALL, "all"), (TWO, "0,1"), (NAMED, "GPU-8f6e,3")])
def test_the_runtime_reads_variables(request_: GpuRequest, visible: str) -> None:
    assert host_config("runtime", request_) == {"Runtime": "nvidia"}
    assert variables("runtime", request_) == {
        "NVIDIA_VISIBLE_DEVICES": visible,
        "NVIDIA_DRIVER_CAPABILITIES": "compute,utility",
    }


def test_no_other_way_needs_variables_and_podman_no_host_config() -> None:
    assert [way for way in get_args(Way) if variables(way, ALL)] == ["runtime"]
    assert host_config("libpod", ALL) == {}
