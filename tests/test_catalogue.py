from __future__ import annotations

import re

import pytest

from alekseylearn.catalogue import Catalogue, has_gpu, private_registry
from alekseylearn.files import read_catalogue

TODAY = "2026-11-23"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return read_catalogue()


def test_what_the_notebook_needs_decides_where_nothing_is_named(catalogue: Catalogue) -> None:
    cpu = catalogue.public(None, {"numpy", "torch"}, gpu=False)
    gpu = catalogue.public(None, {"numpy", "torch"}, gpu=True)
    assert cpu is not None
    assert gpu is not None
    assert re.fullmatch(r"public\.ecr\.aws/deep-learning-containers/pytorch:[\d.]+-cpu-amzn2023", cpu)
    assert re.fullmatch(r"public\.ecr\.aws/deep-learning-containers/pytorch:[\d.]+-cu\d+-amzn2023", gpu)
    assert catalogue.public(None, set(), gpu=False) == cpu


@pytest.mark.parametrize("library", ["tensorflow", "keras", "jax", "flax", "paddle", "mxnet"])
def test_a_framework_that_no_public_image_carries_has_none(catalogue: Catalogue, library: str) -> None:
    assert catalogue.public(None, {"torch", library}, gpu=True) is None


def test_a_name_of_the_catalogue_stands_for_an_image_whatever_is_imported(catalogue: Catalogue) -> None:
    assert catalogue.public("pytorch", {"jax"}, gpu=False) == catalogue.public(None, {"torch"}, gpu=False)
    assert catalogue.public("pytorch:2.12", {"jax"}, gpu=False) == (
        "public.ecr.aws/deep-learning-containers/pytorch:2.12-cpu-amzn2023"
    )


@pytest.mark.parametrize("gpu", [False, True])
@pytest.mark.parametrize("name", ["python:3.12", "pytorch:9.99", "tensorflow"])
def test_any_other_name_is_an_images_own(catalogue: Catalogue, name: str, *, gpu: bool) -> None:
    assert catalogue.public(name, {"jax"}, gpu=gpu) == name


@pytest.mark.parametrize(
    ("libraries", "name"),
    [
        ({"torch", "transformers"}, "pytorch"),
        ({"sklearn", "pandas"}, "pytorch"),
        ({"xgboost"}, "pytorch"),
        ({"tensorflow", "numpy"}, "tensorflow"),
        ({"keras"}, "tensorflow"),
        ({"keras", "torch"}, "pytorch"),
        ({"autogluon"}, "autogluon"),
        (set(), "pytorch"),
    ],
)
@pytest.mark.parametrize("gpu", [False, True])
def test_what_is_imported_chooses_the_framework(
    catalogue: Catalogue, libraries: set[str], name: str, *, gpu: bool
) -> None:
    image = catalogue.pick(None, libraries, gpu=gpu)
    assert image is not None
    assert (image.name, image.gpu) == (name, gpu)
    assert not image.outdated(TODAY)


def test_the_newest_version_comes_first_unless_one_is_named(catalogue: Catalogue) -> None:
    newest, named = catalogue.pick("pytorch", set(), gpu=True), catalogue.pick("pytorch:2.6", set(), gpu=True)
    assert newest is not None
    assert named is not None
    assert [int(part) for part in newest.version.split(".")] > [2, 6]
    assert (named.version, named.python, named.cuda) == ("2.6", "3.12", "12.6")
    assert named.outdated(TODAY)
    assert not named.outdated("2026-01-29")


def test_who_names_no_image_of_the_catalogue_means_an_own_one(catalogue: Catalogue) -> None:
    assert catalogue.pick("111122223333.dkr.ecr.eu-west-1.amazonaws.com/churn:1", set(), gpu=True) is None


def test_an_image_has_an_address_in_every_region_with_a_registry(catalogue: Catalogue) -> None:
    image = catalogue.pick("pytorch:2.13", set(), gpu=True)
    assert image is not None
    near = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.13-cu133-amzn2023-sagemaker"
    assert catalogue.address(image, "us-east-1") == near
    china = catalogue.address(image, "cn-north-1")
    assert china is not None
    assert china.startswith("727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn/pytorch:")
    assert catalogue.address(image, "xx-nowhere-1") is None
    for region in catalogue.registries:
        address = catalogue.address(image, region)
        assert address is not None
        assert private_registry(address) == (catalogue.registries[region], region)


def test_every_image_can_be_asked_for_by_its_name_and_version(catalogue: Catalogue) -> None:
    assert set(catalogue.names) == {"pytorch", "tensorflow", "autogluon", "huggingface"}
    for image in catalogue.images:
        same = catalogue.pick(f"{image.name}:{image.version}", set(), gpu=image.gpu)
        assert same is not None
        assert (same.version, same.gpu) == (image.version, image.gpu)


@pytest.mark.parametrize(
    ("instance", "gpu"),
    [
        ("ml.g5.xlarge", True),
        ("ml.g6e.12xlarge", True),
        ("ml.p4d.24xlarge", True),
        ("ml.p6-b200.48xlarge", True),
        ("ml.m5.xlarge", False),
        ("ml.c7i-flex.large", False),
        ("ml.trn1.2xlarge", False),
        ("ml.t3.medium", False),
    ],
)
def test_the_families_g_and_p_have_gpus(instance: str, *, gpu: bool) -> None:
    assert has_gpu(instance) is gpu


def test_an_image_from_elsewhere_lies_in_no_region() -> None:
    assert private_registry("docker.io/library/python:3.12") is None
