"""Make `alekseylearn/containers.json` again: `python requirements/containers.py CHECKOUT`.

CHECKOUT is a working tree of the repository aws/deep-learning-containers, whose `docs/src/data/<repository>/*.yml`
describe each image and whose `docs/reference/region_availability.md` names the registry's account in each region.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

TARGET = Path(__file__).parents[1] / "alekseylearn" / "containers.json"
REPOSITORIES = (
    "pytorch",
    "pytorch-training",
    "tensorflow-training",
    "autogluon",
    "autogluon-training",
    "huggingface-pytorch-training",
)
OLDEST = {"huggingface-pytorch-training": (2, 9)}
"""What came before them has neither an end of its patches nor a Python that is still kept."""
ROW = re.compile(r"\| ([a-z]{2}(?:-[a-z]+)+-\d) \| (\d{12}) \|")


def main(checkout: Path) -> None:
    """Write the catalogue, one image a line."""
    told = (
        image(path) for name in REPOSITORIES for path in (checkout / "docs/src/data" / name).glob("*-sagemaker.yml")
    )
    images = sorted(filter(None, told), key=lambda one: (REPOSITORIES.index(one["repository"]), order(one), one["gpu"]))
    pages = (checkout / "docs/reference/region_availability.md").read_text("utf-8")
    registries = {account: [] for _, account in ROW.findall(pages)}
    for region, account in ROW.findall(pages.partition("## SageMaker Algorithm")[0]):
        registries[account].append(region)
    lines = ",\n  ".join(json.dumps(one, separators=(",", ":")) for one in images)
    accounts = json.dumps({account: sorted(regions) for account, regions in registries.items() if regions})
    made = datetime.now(UTC).date().isoformat()
    TARGET.write_text(f'{{"made": "{made}",\n "images": [\n  {lines}\n ],\n "registries": {accounts}}}\n', "utf-8")
    print(f"{len(images)} images, {TARGET.stat().st_size} bytes")


def image(path: Path) -> dict[str, Any] | None:
    """Read one image; None for one that is too old."""
    raw = yaml.safe_load(path.read_text("utf-8"))
    repository, version = path.parent.name, str(raw["version"])
    if tuple(map(int, version.split("."))) < OLDEST.get(repository, ()):
        return None
    # The tag of the minor version gets its patches.
    floating = [tag for tag in raw["tags"] if tag.startswith(f"{version}-")]
    name = "huggingface" if repository.startswith("huggingface") else raw["framework"].lower()
    return {
        "name": name,
        "version": version,
        "gpu": raw["accelerator"] == "gpu",
        "repository": repository,
        "tag": (floating or raw["tags"])[0],
        "python": re.sub(r"py(\d)(\d+)", r"\1.\2", raw["python"]),
        "cuda": re.sub(r"cu(\d+)(\d)", r"\1.\2", raw.get("cuda", "")),
        "end": raw.get("eop", ""),
    }


def order(one: dict[str, Any]) -> list[int]:
    """Put the newest version first."""
    return [-int(part) for part in one["version"].split(".")]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
