from __future__ import annotations

from pathlib import Path

import pytest

from alekseylearn.runtime import compat
from alekseylearn.runtime.compat import newer, variables, works

CLOSED = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.161.08  Sat Feb 24 22:53:01 UTC 2024\nGCC version: 13\n"
OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (dvs-builder@U16)\n"
NAMES = ("libcuda.so", "libcuda.so.1", "libcudadebugger.so.1", "libnvidia-nvvm.so.999.1.1")


@pytest.mark.parametrize(
    ("library", "driver", "expected"),
    [
        ("libcuda.so.550.54.15", CLOSED, True),
        ("libcuda.so.535.161.08", CLOSED, False),
        ("libcuda.so.535.104.12", CLOSED, False),
        ("libcuda.so.1000.1", CLOSED, True),
        ("libcuda.so.550.54.15", OPEN, False),
        ("libcuda.so.575.51.03", OPEN, True),
        ("libcuda.so.575.51.03", "", False),
        ("libcuda.so.1", CLOSED, False),
    ],
)
def test_only_a_library_newer_than_the_driver_counts(library: str, driver: str, expected: bool) -> None:
    assert newer([*NAMES, library], driver) == expected


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image whose CUDA is newer than the driver of the host: `compat/` and `version`."""
    (tmp_path / "compat").mkdir()
    (tmp_path / "compat" / "libcuda.so.550.54.15").touch()
    (tmp_path / "version").write_text(CLOSED)
    return tmp_path


def test_the_image_library_stands_before_all_others(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compat, "works", lambda library: library == image / "compat" / "libcuda.so.1")
    folder, driver = image / "compat", image / "version"
    assert variables({}, folder, driver) == {"LD_LIBRARY_PATH": str(folder)}
    assert variables({"LD_LIBRARY_PATH": "/a:/b"}, folder, driver) == {"LD_LIBRARY_PATH": f"{folder}:/a:/b"}


def test_a_library_that_this_machine_cannot_use_is_left_alone(image: Path) -> None:
    assert not works(image / "compat" / "libcuda.so.550.54.15")
    assert variables({"LD_LIBRARY_PATH": "/a"}, image / "compat", image / "version") == {}


def test_without_the_library_or_without_a_driver_nothing_is_set(image: Path) -> None:
    assert variables({}, image / "none", image / "version") == {}
    assert variables({}, image / "compat", image / "none") == {}
