"""Jobs that ask for GPUs, with an `nvidia-smi` that says what the test wants it to."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from alekseylearn.runtime import gpus
from alekseylearn.runtime.gpus import Seen, count_nodes, read_list, shortage

from .conftest import Make

ONE = "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-8932f937-d72c-4106-c12f-20bd9faed9f6)\n"
TWO = ONE + "GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-5a2f03aa-7b5f-4fcd-91f3-2b1a0d5e3ae0)\n"
SLICED = "GPU 0: NVIDIA A100 (UUID: GPU-1)\n  MIG 1g.5gb     Device  0: (UUID: MIG-1)\n  MIG 1g.5gb Device 1: (UUID: MIG-2)\n"
NVML = "Failed to initialize NVML: Unknown Error"
NO_DRIVER = (
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. "
    "Make sure that the latest NVIDIA driver is installed and running."
)

Smi = Callable[..., Mapping[str, str]]


@pytest.fixture
def smi(tmp_path: Path) -> Smi:
    """Write an `nvidia-smi` and return the environment in which a job finds it, that asks for *asked* GPUs."""

    def write(asked: str | None, listed: str = "", *, status: int = 0, memory: str = "") -> Mapping[str, str]:
        program = tmp_path / "bin" / "nvidia-smi"
        program.parent.mkdir()
        program.write_text(
            f"#!/bin/sh\ntouch '{tmp_path}/asked'\ncase $1 in\n"
            f"--list-gpus) cat <<'END'\n{listed}END\nexit {status};;\n"
            f"--query*) cat <<'END'\n{memory}END\n;;\nesac\n"
        )
        program.chmod(0o755)
        variable = {} if asked is None else {gpus.VARIABLE: asked}
        return {"PATH": f"{program.parent}:{os.environ['PATH']}", **variable}

    return write


def test_a_gpu_that_was_asked_for_is_told_of_even_if_nothing_imports_torch(run: Make, smi: Smi) -> None:
    job = run("1", env=smi("2", TWO, memory="NVIDIA H100 80GB HBM3, 81559\nNVIDIA H100 80GB HBM3, 81559\n"))
    assert job.code == 0, job.out
    assert job.result["gpu"] == {
        "name": "NVIDIA H100 80GB HBM3", "count": 2, "memory": 81559 * 2**20, "peak_memory": None,
    }  # fmt: skip
    assert job.result["warnings"] == []


def test_a_driver_that_no_longer_answers_leaves_what_it_listed_in_the_beginning(run: Make, smi: Smi) -> None:
    job = run("1", env=smi("1", ONE))
    assert job.result["gpu"] == {"name": "NVIDIA H100 80GB HBM3", "count": 1, "memory": None, "peak_memory": None}


@pytest.mark.parametrize(
    ("asked", "listed", "status", "message"),
    [
        ("1", "", 0, "1 GPU was asked for, and the job sees none"),
        ("2", ONE, 0, "2 GPUs were asked for, and the job sees 1"),
        ("1", f"{NVML}\n", 255, f"1 GPU was asked for, and the job sees none: {NVML}"),
        ("3", f"{NO_DRIVER}\n", 9, f"3 GPUs were asked for, and the job sees none: {NO_DRIVER}"),
    ],
)
def test_fewer_gpus_than_asked_for_fail_before_any_cell(
    run: Make, smi: Smi, asked: str, listed: str, status: int, message: str
) -> None:
    job = run("print('ran')", "2", env=smi(asked, listed, status=status))
    assert job.code == 4
    assert (job.result["state"], job.states) == ("failed", ["not-reached", "not-reached"])
    failure = job.result["failure"]
    assert (failure["cell"], failure["exception"], failure["message"]) == (None, "NoGPU", message)
    assert "alekseylearn doctor --backend docker" in failure["hint"]
    assert job.failure is not None
    assert job.failure.startswith(f"NoGPU: {message}\n")
    assert [event["event"] for event in job.events] == ["run-start", "run-end"]
    assert [cell.outputs for cell in job.notebook.cells] == [[], []]
    assert f"NoGPU: {message}" in job.log
    assert "ran" not in job.log


def test_a_gpu_only_where_there_is_one_is_a_warning_where_there_is_none(run: Make, smi: Smi) -> None:
    job = run("1", env=smi("auto"))
    assert job.code == 0
    assert job.result["warnings"] == ["no GPU is seen inside the job: it trained on the CPU"]
    assert job.result["gpu"] is None


def test_a_gpu_where_there_is_one_is_used_without_a_word(run: Make, smi: Smi) -> None:
    job = run("1", env=smi("auto", ONE))
    assert (job.code, job.result["warnings"], job.result["gpu"]["count"]) == (0, [], 1)


@pytest.mark.parametrize("asked", [None, "", "0"])
def test_a_job_that_asks_for_nothing_runs_no_program(run: Make, smi: Smi, asked: str | None, tmp_path: Path) -> None:
    job = run("1", env=smi(asked, ONE))
    assert (job.code, job.result["gpu"], job.result["warnings"]) == (0, None, [])
    assert not (tmp_path / "asked").exists()


def test_a_word_that_is_no_number_is_a_mistake_of_whoever_set_it(run: Make, smi: Smi) -> None:
    job = run("1", env=smi("all"))
    assert job.code == 1
    assert "ALEKSEYLEARN_GPUS is a number or auto, and not 'all'" in job.out


@pytest.mark.parametrize(
    ("raised", "listed", "lost"),
    [
        ("CUDA error: unknown error", ONE, True),
        ("CUDA error: no CUDA-capable device is detected", ONE, True),
        (NVML, ONE, True),
        ("CUDA error: unknown error", "", False),
        ("CUDA error: device-side assert triggered", ONE, False),
    ],
)
def test_a_gpu_that_goes_away_is_told_with_its_cure(run: Make, smi: Smi, raised: str, listed: str, lost: bool) -> None:
    job = run(f"raise RuntimeError({raised!r})", env=smi("auto", listed))
    assert job.code == 4
    hint = job.result["failure"]["hint"] or ""
    assert ("nvidia-ctk cdi generate" in hint) == lost
    assert job.failure is not None
    assert ("nvidia-ctk cdi generate" in job.failure) == lost


def test_a_slice_of_a_gpu_is_no_further_gpu() -> None:
    assert read_list(0, SLICED) == Seen(1, ("NVIDIA A100",))


def test_a_tool_that_fails_by_itself_says_nothing_about_gpus() -> None:
    assert read_list(127, "nvidia-smi: error while loading shared libraries: libc.so.6") is None
    assert read_list(6, "No devices were found\n") == Seen(0, words="No devices were found")


def test_device_files_are_counted_where_no_tool_lists_gpus() -> None:
    assert count_nodes(["nvidia0", "nvidia1", "nvidia11", "nvidiactl", "nvidia-uvm", "null"]) == 3
    assert count_nodes(["dxg", "null"]) == 1
    assert count_nodes([]) == 0


def test_device_files_stand_in_for_a_tool_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\nexec sleep 30\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    (tmp_path / "nvidia0").touch()
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(gpus, "PATIENCE", 0.2)
    monkeypatch.setattr(gpus, "DEVICES", tmp_path)
    assert gpus.look() == Seen(1)


def test_a_job_from_which_the_gpus_are_hidden_sees_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nvidia0").touch()
    monkeypatch.setattr(gpus, "DEVICES", tmp_path)
    assert [gpus.look_at_devices(environ).total for environ in ({}, {"CUDA_VISIBLE_DEVICES": ""})] == [1, 0]
    monkeypatch.setattr(gpus, "DEVICES", tmp_path / "nowhere")
    assert gpus.look_at_devices({}) == Seen(0)


def test_as_many_as_were_asked_for_or_more_are_enough() -> None:
    assert shortage(1, Seen(8)) is None
    assert shortage(0, Seen(0)) is None
