"""Which image a training job gets."""

from __future__ import annotations

import pytest

from alekseylearn.errors import MachineError
from alekseylearn.files import read_catalogue
from alekseylearn.sagemaker_images import choose_image
from alekseylearn.tables import SageMakerTable

TODAY = "2026-11-23"


def chosen(
    image: str | None, *libraries: str, instance: str = "ml.m5.xlarge", region: str = "eu-west-1", today: str = TODAY
) -> tuple[str, tuple[str, ...]]:
    table = SageMakerTable(image=image, instances=(instance,))
    return choose_image(table, frozenset(libraries), read_catalogue(), region=region, today=today)


def test_imports_and_machine_choose_a_prebuilt_image_of_the_region() -> None:
    cpu, _ = chosen(None, "sklearn")
    gpu, notes = chosen(None, "torch", instance="ml.g5.xlarge")
    assert cpu.startswith("763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch:")
    assert "-cpu-" in cpu
    assert "-cu" in gpu
    assert notes == ()
    assert "/tensorflow-training:" in chosen(None, "tensorflow")[0]


def test_an_image_past_the_end_of_its_patches_is_taken_with_a_word() -> None:
    image, (note,) = chosen("pytorch:2.6")
    assert "/pytorch-training:2.6-cpu-" in image
    assert (
        note
        == "the image pytorch-training:2.6-cpu-py312-ubuntu22.04-sagemaker-v1 gets no patches since 2026-01-29: name a newer one"
    )


def test_an_own_image_is_taken_as_it_is() -> None:
    for own in ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/churn:1", "registry.example/churn@sha256:" + "a" * 64):
        assert chosen(own) == (own, ())


@pytest.mark.parametrize(
    ("image", "instance", "region", "words"),
    [
        ("pytorch:9.9", "ml.m5.xlarge", "eu-west-1", "no prebuilt image pytorch:9.9 for machines with a CPU"),
        ("huggingface", "ml.m5.xlarge", "eu-west-1", "no prebuilt image huggingface for machines with a CPU"),
        ("pytorch:9.9", "ml.g5.xlarge", "eu-west-1", "for machines with a GPU"),
        (None, "ml.m5.xlarge", "xx-nowhere-1", "AWS has no prebuilt images in xx-nowhere-1"),
        (
            "111122223333.dkr.ecr.us-east-1.amazonaws.com/churn:1",
            "ml.m5.xlarge",
            "eu-west-1",
            "the image lies in us-east-1, and the job runs in eu-west-1",
        ),
    ],
)
def test_an_image_that_cannot_be_had_is_named_before_anything_is_started(
    image: str | None, instance: str, region: str, words: str
) -> None:
    with pytest.raises(MachineError, match=r"sm\.image") as caught:
        chosen(image, instance=instance, region=region)
    assert words in caught.value.what
    assert caught.value.hint
