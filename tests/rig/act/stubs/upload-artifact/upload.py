"""Pack files as actions/upload-artifact does, into `$ACT_RIG_ARTIFACTS/<id>/<name>.zip`."""

from __future__ import annotations

import glob
import hashlib
import os
import shutil
import sys
import zipfile
import zlib
from pathlib import Path

FORBIDDEN = '":<>|*?\r\n\\/'
"""Characters that no artifact's name may have."""


def main() -> int:
    name = os.environ["ARTIFACT_NAME"]
    if any(character in FORBIDDEN for character in name):
        return fail(f"the artifact name is not valid: {name}")
    searched, files = find(os.environ["ARTIFACT_PATH"], hidden=os.environ["HIDDEN"] == "true")
    if not files:
        return nothing_found()
    folder = Path(os.environ["ACT_RIG_ARTIFACTS"])
    if taken := [*folder.glob(f"*/{glob.escape(name)}.zip")]:
        if os.environ["OVERWRITE"] != "true":
            return fail("Conflict: an artifact with this name already exists on the workflow run")
        shutil.rmtree(taken[0].parent)
    run = os.environ["GITHUB_RUN_ID"]
    number = zlib.crc32(f"{run}/{os.environ['GITHUB_RUN_ATTEMPT']}/{name}".encode())
    digest = pack(folder / str(number) / f"{name}.zip", Path(os.path.commonpath(searched)), files)
    page = f"{os.environ['GITHUB_SERVER_URL']}/{os.environ['GITHUB_REPOSITORY']}/actions/runs/{run}"
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as output:
        output.write(f"artifact-id={number}\nartifact-url={page}/artifacts/{number}\nartifact-digest={digest}\n")
    print(f"Artifact {name} has been successfully uploaded! {len(files)} files, id {number}")
    return 0


def find(paths: str, *, hidden: bool) -> tuple[list[Path], list[Path]]:
    """Return the folders that were searched and the files found there."""
    searched: list[Path] = []
    files: set[Path] = set()
    for line in filter(None, map(str.strip, paths.splitlines())):
        matches = glob.glob(line.removeprefix("!"), recursive=True, include_hidden=True)  # noqa: PTH207 (from anywhere)
        found = [Path(match).absolute() for match in matches]
        inside = {file for path in found for file in ([path] if path.is_file() else path.rglob("*"))}
        if line.startswith("!"):
            files -= inside
            continue
        fixed = Path(line.split("*")[0].split("?")[0]).absolute()
        searched.append(fixed if fixed.is_dir() else fixed.parent)
        files |= {file for file in inside if file.is_file()}
    if not hidden:
        root = Path(os.path.commonpath(searched))
        files = {file for file in files if not any(part.startswith(".") for part in file.relative_to(root).parts)}
    return searched, sorted(files)


def pack(target: Path, root: Path, files: list[Path]) -> str:
    """Write the archive and return its sha256."""
    target.parent.mkdir(parents=True)
    part = target.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.relative_to(root).as_posix())
    part.replace(target)
    return hashlib.sha256(target.read_bytes()).hexdigest()


def nothing_found() -> int:
    text = f"No files were found with the provided path: {os.environ['ARTIFACT_PATH']}. No artifacts will be uploaded."
    match os.environ["NO_FILES"]:
        case "error":
            return fail(text)
        case "warn":
            print(f"::warning::{text}")
    return 0


def fail(text: str) -> int:
    print(f"::error::{text}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
