from __future__ import annotations

import pytest

from alekseylearn.catalogue import image_for


def test_what_the_notebook_needs_decides_where_nothing_is_named() -> None:
    cpu = image_for(None, {"numpy", "torch"}, gpu=False)
    gpu = image_for(None, {"numpy", "torch"}, gpu=True)
    assert cpu is not None
    assert gpu is not None
    assert "cpu" in cpu
    assert "cu" in gpu.rpartition(":")[2].split("-")[1]
    assert image_for(None, set(), gpu=False) == cpu


@pytest.mark.parametrize("library", ["tensorflow", "keras", "jax", "flax", "paddle", "mxnet"])
def test_a_framework_that_no_image_carries_has_none(library: str) -> None:
    assert image_for(None, {"torch", library}, gpu=True) is None


def test_a_name_of_the_catalogue_stands_for_an_image_whatever_is_imported() -> None:
    assert image_for("pytorch", {"jax"}, gpu=False) == image_for(None, {"torch"}, gpu=False)


@pytest.mark.parametrize("gpu", [False, True])
def test_any_other_name_is_an_images_own(gpu: bool) -> None:
    assert image_for("python:3.12", {"jax"}, gpu=gpu) == "python:3.12"
