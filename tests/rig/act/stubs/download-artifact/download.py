"""Unpack artifacts of the same run as actions/download-artifact does, from `$ACT_RIG_ARTIFACTS`."""

from __future__ import annotations

import fnmatch
import os
import sys
import zipfile
from pathlib import Path


def main() -> int:
    name, target = os.environ["ARTIFACT_NAME"], Path(os.environ["DEST"]).absolute()
    archives = sorted(Path(os.environ["ACT_RIG_ARTIFACTS"]).glob("*/*.zip"))
    wanted = [path for path in archives if name == path.stem or (not name and fits(path.stem))]
    if name and not wanted:
        print(f"::error::Unable to download artifact(s): Artifact not found for name: {name}")
        return 1
    for path in wanted:
        alone = name or os.environ["MERGE"] == "true"
        with zipfile.ZipFile(path) as archive:
            archive.extractall(target if alone else target / path.stem)
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as output:
        output.write(f"download-path={target}\n")
    print(f"{len(wanted)} artifacts downloaded")
    return 0


def fits(name: str) -> bool:
    return fnmatch.fnmatchcase(name, os.environ["PATTERN"])


if __name__ == "__main__":
    sys.exit(main())
