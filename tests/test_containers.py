"""What an engine is asked for, in the words of both APIs, and what it says of a container."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from alekseylearn.containers import PIDS, Container, ContainerSpec, Gpus, deadline_command, engine_request
from alekseylearn.containers import libpod_request as libpod
from alekseylearn.gpu_requests import EngineKind
from alekseylearn.tables import GpuRequest

SPEC = ContainerSpec(
    image="sha256:" + "a" * 64,
    user="1000:1001",
    command=deadline_command(190, 40, "python3", "/opt/ml/code/_al/supervisor.py"),
    environ={"SM_NUM_GPUS": "0", "NOTE": "a=b"},
    labels={"io.alekseylearn.digest": "c0ffee"},
    shm_size=2**31,
)
LARGE = replace(
    SPEC, memory=2**33, cpus=1.5, network="team-net", binds={"/opt/ml/input/data/train": "/srv/train"}
)  # fmt: skip


def host_of(spec: ContainerSpec, kind: EngineKind = "docker") -> dict[str, Any]:
    host: dict[str, Any] = engine_request(spec, kind)["HostConfig"]
    return host


def test_the_deadline_stands_in_the_container_and_python_below_it() -> None:
    assert SPEC.command == (
        *("timeout", "--signal=TERM", "--kill-after=40", "190"),
        *("python3", "-u", "/opt/ml/code/_al/supervisor.py"),
    )


def test_an_images_own_entrypoint_is_passed_over_by_both_apis() -> None:
    asked = engine_request(SPEC, "docker")
    assert [*asked["Entrypoint"], *asked["Cmd"]] == list(SPEC.command)
    told = libpod(SPEC, "x")
    assert [*told["entrypoint"], *told["command"]] == list(SPEC.command)


def test_variables_and_labels_are_told_as_they_are() -> None:
    own = {"HOME": "/opt/ml/home", "TMPDIR": "/opt/ml/tmp", "USER": "alekseylearn", "LOGNAME": "alekseylearn"}
    told = libpod(SPEC, "x")["env"]
    assert told == {**own, "SM_NUM_GPUS": "0", "NOTE": "a=b"}
    assert engine_request(SPEC, "docker")["Env"] == [f"{name}={value}" for name, value in told.items()]
    assert libpod(replace(SPEC, environ={"HOME": "/srv"}), "x")["env"]["HOME"] == "/srv"
    assert engine_request(SPEC, "docker")["Labels"] == libpod(SPEC, "x")["labels"] == dict(SPEC.labels)


def test_a_container_is_its_user_and_has_no_rights_beyond_that() -> None:
    host, told = host_of(SPEC), libpod(SPEC, "x")
    assert engine_request(SPEC, "docker")["User"] == told["user"] == "1000:1001"
    assert (host["CapDrop"], host.get("CapAdd")) == (["ALL"], None)
    assert (told["cap_drop"], told.get("cap_add")) == (["all"], None)
    assert host["ReadonlyRootfs"]
    assert told["read_only_filesystem"]
    assert not {"Privileged", "PidMode", "IpcMode", "UTSMode", "UsernsMode", "CgroupnsMode"} & set(host)
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert told["no_new_privileges"]
    assert host["PidsLimit"] == told["resource_limits"]["pids"]["limit"] == PIDS
    assert host["NetworkMode"] == told["netns"]["nsmode"] == "none"
    # Nothing of the machine is in it, and its files go when it goes.
    assert host["Mounts"] == [{"Type": "volume", "Target": "/opt/ml"}]
    assert told["volumes"] == [{"Dest": "/opt/ml"}]
    assert set(host["Tmpfs"]) == {mount["destination"] for mount in told["mounts"]} == {"/tmp", "/var/tmp"}
    assert {mount["type"] for mount in told["mounts"]} == {"tmpfs"}


def test_data_sets_are_bound_so_that_nobody_can_write_to_them() -> None:
    bind = {"Type": "bind", "Source": "/srv/train", "Target": "/opt/ml/input/data/train", "ReadOnly": True}
    assert host_of(LARGE)["Mounts"][1:] == [bind]
    (mount,) = (mount for mount in libpod(LARGE, "x")["mounts"] if mount["type"] == "bind")
    assert (mount["source"], mount["destination"]) == ("/srv/train", "/opt/ml/input/data/train")
    assert "ro" in mount["options"]


def test_data_sets_can_be_read_where_selinux_watches() -> None:
    assert host_of(LARGE)["SecurityOpt"] == ["no-new-privileges", "label=disable"]
    assert libpod(LARGE, "x")["selinux_opts"] == ["disable"]
    assert libpod(SPEC, "x")["selinux_opts"] == []


def test_memory_and_cores_are_limited_where_a_limit_is_named() -> None:
    assert not {"Memory", "MemorySwap", "NanoCpus"} & set(host_of(SPEC))
    assert set(libpod(SPEC, "x")["resource_limits"]) == {"pids"}
    host = host_of(LARGE)
    # As much swap as memory in all means: no swap.
    assert (host["Memory"], host["MemorySwap"], host["NanoCpus"]) == (2**33, 2**33, 1_500_000_000)
    limits = libpod(LARGE, "x")["resource_limits"]
    assert limits["memory"] == {"limit": 2**33, "swap": 2**33}
    assert limits["cpu"] == {"period": 100_000, "quota": 150_000}
    assert host["ShmSize"] == libpod(LARGE, "x")["shm_size"] == 2**31


def test_resource_limits_are_written_as_each_api_reads_them() -> None:
    spec = replace(SPEC, limits=(("memlock", -1), ("nofile", 1024)))
    assert host_of(spec)["Ulimits"] == [
        {"Name": "memlock", "Soft": -1, "Hard": -1},
        {"Name": "nofile", "Soft": 1024, "Hard": 1024},
    ]
    assert libpod(spec, "x")["r_limits"] == [
        {"type": "RLIMIT_MEMLOCK", "soft": 2**64 - 1, "hard": 2**64 - 1},
        {"type": "RLIMIT_NOFILE", "soft": 1024, "hard": 1024},
    ]
    plain = replace(SPEC, limits=())
    assert host_of(plain)["Ulimits"] == libpod(plain, "x")["r_limits"] == []


def test_the_log_is_limited_where_the_engine_is_docker() -> None:
    assert host_of(SPEC)["LogConfig"]["Type"] == "local"
    assert "LogConfig" not in host_of(SPEC, "podman")


@pytest.mark.parametrize(
    ("network", "mode", "hosts"),
    [("none", "none", ["algo-1:127.0.0.1"]), ("bridge", "bridge", []), ("team-net", "bridge", [])],
)
def test_a_network_is_asked_for_by_name(network: str, mode: str, hosts: list[str]) -> None:
    spec = replace(SPEC, network=network)
    asked, told = engine_request(spec, "docker"), libpod(spec, "x")
    assert asked["HostConfig"]["NetworkMode"] == network
    assert asked["Hostname"] == told["hostname"] == "algo-1"
    assert asked["HostConfig"]["ExtraHosts"] == told["hostadd"] == hosts
    assert told["netns"] == {"nsmode": mode}
    assert told.get("Networks") == ({"team-net": {}} if network == "team-net" else None)


def test_gpus_are_asked_for_in_the_way_that_was_chosen() -> None:
    one = GpuRequest(count=1)
    host = host_of(replace(SPEC, gpus=Gpus(request=one, way="gpus")))
    assert host["DeviceRequests"] == [{"Count": 1, "Capabilities": [["gpu"]]}]
    asked = engine_request(replace(SPEC, gpus=Gpus(request=one, way="runtime")), "docker")
    assert asked["HostConfig"]["Runtime"] == "nvidia"
    assert "NVIDIA_VISIBLE_DEVICES=0" in asked["Env"]
    told = libpod(replace(SPEC, gpus=Gpus(request=one, way="libpod")), "x")
    assert told["devices"] == [{"path": "nvidia.com/gpu=0"}]
    assert "devices" not in libpod(SPEC, "x")


def test_podmans_api_is_told_the_name_in_the_body() -> None:
    assert libpod(SPEC, "alekseylearn-new-1")["name"] == "alekseylearn-new-1"


def described(status: str = "exited", **state: Any) -> Container:
    return Container({"Id": "f00", "State": {"Status": status, **state}, "Config": {"Labels": None}})


@pytest.mark.parametrize(
    ("statuses", "waiting", "ended"),
    [
        ("created configured initialized", True, False),
        ("running paused restarting stopping", False, False),
        ("exited dead stopped removing", False, True),
    ],
)
def test_a_container_waits_runs_or_has_ended(statuses: str, waiting: bool, ended: bool) -> None:
    for status in statuses.split():
        there = described(status)
        assert (there.waiting, there.ended) == (waiting, ended), status


def test_an_ending_is_read_with_care() -> None:
    bare = described().ending
    assert (bare.code, bare.out_of_memory, bare.error, bare.memory) == (0, False, "", None)
    killed = Container(
        {**described(ExitCode=137, OOMKilled=True, Error="x").raw, "HostConfig": {"Memory": 2**30}}
    ).ending
    assert (killed.code, killed.out_of_memory, killed.error, killed.memory) == (137, True, "x", 2**30)
    assert Container({**described().raw, "HostConfig": {"Memory": 0}}).ending.memory is None


def test_only_labels_of_ours_are_looked_up() -> None:
    labels = {"io.alekseylearn.digest": "c0ffee", "digest": "theirs"}
    there = Container({"Id": "f00", "Config": {"Labels": labels}})
    assert (there.id, there.label("digest"), there.label("name")) == ("f00", "c0ffee", "")
    assert described().label("digest") == ""
