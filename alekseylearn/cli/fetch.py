"""`fetch`: bring a model home, or unpack an archive that is home already."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alekseylearn.cli import completing
from alekseylearn.text import clean, number, size

if TYPE_CHECKING:
    from rich.console import Console

    from alekseylearn.fetching import Fetched, Sources
    from alekseylearn.pulled import Puller
    from alekseylearn.transfers import Transfer

_LARGE = 8 * 1024 * 1024
"""Bytes from which on a file's way is told."""
_SECONDS = 10
"""How long `gh` may take to tell its token."""


@click.command("fetch")
@click.argument("what", metavar="RUN|MODEL|pr/N|FILE", shell_complete=completing.models)
@click.option("--base", is_flag=True, help="Bring what it was measured against, too.")
@click.option("--to", "target", type=click.Path(file_okay=False), help="The folder to fill; runs/RUN when left out.")
@click.option("--repository", metavar="OWNER/NAME", help="Where pr/N is; the remote origin when left out.")
@click.option("--sha256", metavar="HEX", help="What the FILE must be; else a file beside it tells, if there is one.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def fetch_command(
    what: str, base: bool, target: str | None, repository: str | None, sha256: str | None, as_json: bool
) -> int:
    """Bring a model and its files into a folder, compared with what training left.

    WHAT is a run (its id, or the beginning of it), a MODEL (its newest result), the models of a pull request (pr/N,
    pr/N/MODEL or its address), or a FILE: a model.tar.gz, or the zip of an artifact. What was cut off is gone on with.
    A FILE is compared with what `expected.sha256` or FILE.sha256 beside it tells.
    """
    from alekseylearn.cli.screen import console, print_json
    from alekseylearn.errors import UsageError
    from alekseylearn.fetching import ARCHIVES, fetch_all, unpack

    out = console(stderr=True)
    into = None if target is None else Path(target)
    if what.endswith(ARCHIVES):
        if base:
            raise UsageError("usage.file", "--base and a file do not go together", hint="all of it is unpacked")
        _check_digest(sha256)
        found: tuple[Fetched, ...] = (unpack(Path(what), into or Path("runs", _stem(what)), sha256=sha256 or ""),)
    else:
        if sha256 is not None:
            hint = "the files of a run are compared with what its job wrote down"
            raise UsageError("usage.file", "--sha256 needs a file", hint=hint)
        with watching_transfers(out) as tell:
            found = fetch_all(what, sources_here(repository=repository), base=base, into=into, tell=tell)
    if as_json:
        print_json({**_document(found[0]), "more": [_document(one) for one in found[1:]]})
    else:
        for one in found:
            _tell(one, out)
    return 0


def _check_digest(sha256: str | None) -> None:
    from alekseylearn.errors import UsageError
    from alekseylearn.jobs import is_digest

    if sha256 is not None and not is_digest(sha256.lower()):
        raise UsageError(
            "usage.file", "--sha256 is no sha256", hint="64 hexadecimal digits, as `sha256sum FILE` prints"
        )


@contextmanager
def watching_transfers(out: Console) -> Iterator[Callable[[Transfer], None]]:
    """Draw how far large files have come on *out*; small ones are here before anybody has read of them."""
    from alekseylearn.cli.transfers import TransferBar

    with TransferBar(out, doing="fetching") as bar:
        yield lambda transfer: bar(transfer) if transfer.total >= _LARGE else None


def sources_here(folder: Path | None = None, *, repository: str | None = None) -> Sources:
    """Return where models are looked for from *folder*, else from the working folder.

    *repository* is the one on GitHub, `owner/name`, where another than the remote origin's is meant.
    """
    from alekseylearn.cli.place import config_of, find_place
    from alekseylearn.cli.runs import lookout_here
    from alekseylearn.finding import Sources

    place = find_place(folder)

    def puller(named: str | None) -> Puller:
        from alekseylearn.downloads import Downloader
        from alekseylearn.errors import UsageError
        from alekseylearn.forges.rest import open_rest
        from alekseylearn.forges.uploads import Uploads, is_repository
        from alekseylearn.pulled import Puller

        chosen = named or repository or (place.git.name_on_github() if place.git is not None else None)
        if chosen is None or not is_repository(chosen):
            what = "nobody tells which repository on GitHub the pull request is in"
            raise UsageError("usage.repository", what, hint="name it: --repository OWNER/NAME")
        rest = open_rest(os.environ.get("GITHUB_API_URL") or "https://api.github.com", _token(os.environ))
        uploads = Uploads(rest=rest, repository=chosen)
        return Puller(uploads=uploads, downloader=Downloader(), cache=place.home / "downloads", clock=time.time)

    return Sources(lookout=lookout_here(folder=folder), config=config_of(place), puller=puller)


def _token(environ: Mapping[str, str]) -> str:
    """Return a token for GitHub: out of the environment, else the one that `gh` has; raises `MachineError`."""
    from alekseylearn.errors import MachineError

    found = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN") or ""
    if not found:
        try:
            asked = subprocess.run(
                ["gh", "auth", "token"], capture_output=True, text=True, timeout=_SECONDS, check=False
            )
            found = asked.stdout if asked.returncode == 0 else ""
        except (OSError, subprocess.TimeoutExpired, ValueError):
            found = ""
    if not found.strip():
        what = "GitHub gives artifacts to nobody without a token"
        hint = "`gh auth login`, or set GITHUB_TOKEN to one that reads actions and pull requests"
        raise MachineError("github.token", what, hint=hint)
    return found.strip()


def _stem(path: str) -> str:
    from alekseylearn.fetching import ARCHIVES

    name = Path(path).name
    return next((name.removesuffix(ending) for ending in ARCHIVES if name.endswith(ending)), name) or "archive"


def _document(fetched: Fetched) -> dict[str, Any]:
    from alekseylearn.jobs import number_out

    return {
        "run": fetched.run,
        "digest": fetched.digest,
        "name": fetched.name,
        "folder": str(fetched.folder),
        "source": fetched.source,
        "files": [
            {"name": file.name, "path": str(file.path), "size": file.size, "sha256": file.sha256}
            for file in fetched.files
        ],
        "metrics": {name: number_out(value) for name, value in fetched.metrics.items()},
        "notes": list(fetched.notes),
        "warnings": list(fetched.warnings),
        "base": None if fetched.base is None else _document(fetched.base),
    }


def _tell(fetched: Fetched, out: Console) -> None:
    from alekseylearn.cli.screen import remark
    from alekseylearn.model_files import how_to_load, model_file

    def say(text: str) -> None:
        out.print(text, markup=False, soft_wrap=True)

    _tell_side("", fetched, say)
    if fetched.base is not None:
        _tell_side("base: ", fetched.base, say)
    models = [(file, kind) for file in fetched.files if (kind := model_file(file.name)) is not None]
    for file, _ in models[:3]:
        say(f"load it: {clean(how_to_load(file.name, str(file.path)), 400)}")
    for warning in fetched.warnings:
        remark(warning)


def _tell_side(word: str, side: Fetched, say: Callable[[str], None]) -> None:
    named = f"run {side.run} of {side.name}, from {side.source}" if side.run else side.source
    shown = ", ".join(f"{name} {number(value)}" for name, value in [*side.metrics.items()][:6])
    say(f"{word}{clean(named)}" + (f": {clean(shown)}" if shown else ""))
    paths = [clean(str(file.path), 400) for file in side.files]
    width = max(map(len, paths), default=0)
    for path, file in zip(paths, side.files, strict=True):
        say(f"  {path:{width}}  {size(file.size)}")
    for note in side.notes:
        say(f"  note: {clean(note, 400)}")
