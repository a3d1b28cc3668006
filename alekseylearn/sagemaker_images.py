"""The image that a training job on SageMaker runs in: a prebuilt one of AWS, or somebody's own."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from alekseylearn.catalogue import Catalogue, has_gpu, private_registry
from alekseylearn.errors import MachineError
from alekseylearn.tables import SageMakerTable


def choose_image(
    table: SageMakerTable, libraries: AbstractSet[str], catalogue: Catalogue, *, region: str, today: str
) -> tuple[str, tuple[str, ...]]:
    """Return the address of the image for a notebook that imports *libraries*, and what is to be said about it.

    *today* is a day as ISO 8601. Raises `MachineError` `sm.image`.
    """
    image = catalogue.pick(table.image, libraries, gpu=any(map(has_gpu, table.instances)))
    if image is None:
        return _own(table, catalogue, region), ()
    address = catalogue.address(image, region)
    if address is None:
        hint = "take another region, or name an image of your own"
        raise MachineError("sm.image", f"AWS has no prebuilt images in {region}", where=image.name, hint=hint)
    told = f"the image {image.repository}:{image.tag} gets no patches since {image.end}: name a newer one"
    return address, (told,) if image.outdated(today) else ()


def _own(table: SageMakerTable, catalogue: Catalogue, region: str) -> str:
    name = table.image or ""
    stem, _, _ = name.partition(":")
    if stem in catalogue.names:
        kind = "GPU" if any(map(has_gpu, table.instances)) else "CPU"
        there = ", ".join(f"{one.name}:{one.version}" for one in catalogue.images if one.name == stem)
        what = f"AWS has no prebuilt image {name} for machines with a {kind}"
        raise MachineError("sm.image", what, where="sagemaker: {image: ...}", hint=f"there are {there}")
    registry = private_registry(name)
    if registry is not None and registry[1] != region:
        what = f"the image lies in {registry[1]}, and the job runs in {region}"
        raise MachineError("sm.image", what, where=name, hint="copy it, or change `region`")
    return name
