"""What is fuzzed: each target takes bytes, and only our own errors may come out of the code that reads them.

A target also holds what it reads to its promises: a text that was cleaned has no command left in it, a secret that was
taken out is gone however the text was cut, what is read twice is read alike. Nothing here needs atheris, so that the
tests replay seeds, and inputs that once broke something, on every Python.
"""

from __future__ import annotations

import io
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alekseylearn import comment_state, trust
from alekseylearn.actions import Runner
from alekseylearn.analysed import read_analysis, tell
from alekseylearn.config import parse_config
from alekseylearn.diff import diff_notebooks, line_diff
from alekseylearn.errors import AlekseylearnError
from alekseylearn.gunzip import inflated
from alekseylearn.inputs import find_inputs
from alekseylearn.log_reading import Cursor
from alekseylearn.log_text import LogFilter
from alekseylearn.magics import translate
from alekseylearn.manifests import read_manifest
from alekseylearn.metric_lines import measure
from alekseylearn.notebook import Notebook, parse
from alekseylearn.redaction import MARKER, SHORTEST, Redactor
from alekseylearn.requirements import find_requirements
from alekseylearn.settings import EVENT_LIMITS
from alekseylearn.slicing import backward_slice
from alekseylearn.stream_reading import StreamCursor
from alekseylearn.strict import load_json
from alekseylearn.targets import find_targets
from alekseylearn.tars import members
from alekseylearn.unpacking import unpack_into
from alekseylearn.unsafe_formats import code_in, code_in_zip
from alekseylearn.workflow_reading import examine_workflow
from alekseylearn.zips import open_zip
from fuzz.editing import edited
from tests.trees import tree

SEEDS = Path(__file__).parent / "seeds"
BETWEEN = b"\n# %%\n"
"""Parts one cell, or one document, from the next."""
HERE = "octo/consumer"
"""The repository whose events are read."""
EVENTS = ("pull", "fork", "push", "run")
LONGEST_ERROR = 5
"""Lines that an error may have."""
MOST_READ = 1 << 22
"""Bytes of an archive that are read: a bomb is refused by what it says, or stops here."""
_SLUG = re.compile(r"[a-z0-9]{2,9}\.[a-z]+(?:-[a-z]+)*")
_UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_SCRATCH = Path("/dev/shm") if Path("/dev/shm").is_dir() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Something that reads: *words* are tokens of its language, *longest* the size in bytes that finds most."""

    read: Callable[[bytes], None]
    words: tuple[str, ...] = ()
    longest: int = 4096


@contextmanager
def refusals() -> Iterator[None]:
    """Let our own errors pass, if they are fit for a person; any other one is a finding."""
    try:
        yield
    except AlekseylearnError as error:
        text = str(error)
        assert _SLUG.fullmatch(error.slug), error.slug
        assert len(text.splitlines()) <= LONGEST_ERROR, text
        assert not _UNSEEN.search(text), repr(text)
        text.encode()


def loader(data: bytes) -> None:
    """A notebook's file, or after a `~` edits of one."""
    data = _document("loader/outputs.json", data)
    with refusals():
        notebook = parse("a.ipynb", data)
        again = parse("a.ipynb", data)
        assert notebook == again
        ids = [cell.id for cell in notebook.cells]
        assert len(set(ids)) == len(ids)
        for cell in notebook.cells:
            cell.source.encode()


def slicer(data: bytes) -> None:
    """A notebook's code, cell by cell."""
    with refusals():
        notebook = _of_cells(data)
        targets = find_targets(notebook)
        cut = backward_slice(notebook, targets)
        told = [reason.cell for reason in (*cut.kept, *cut.dropped)]
        assert len(told) == len(set(told))
        for cell in notebook.cells:
            translate(cell.source)
        find_inputs(notebook, cut, tree({"local.py": data, "rows.csv": b"a"}))


def requirements(data: bytes) -> None:
    """A file that names packages; the first line is its name."""
    name, _, text = data.partition(b"\n")
    notebook = _of_cells(b"import numpy\n#| train\nmodel = numpy.fit(1)")
    cut = backward_slice(notebook, find_targets(notebook))
    with refusals():
        find_requirements(tree({name.decode("ascii", "replace"): text}), notebook, cut)


def diff(data: bytes) -> None:
    """Two versions of a notebook: as files where they are such, else as cells."""
    before, _, after = data.partition(b"\0")
    with refusals():
        base, head = (_either(side) for side in (before, after))
        found = diff_notebooks(base, head)
        for change in found.changes:
            line_diff(change)
        assert diff_notebooks(head, head).changes == ()


def config(data: bytes) -> None:
    """The configuration."""
    with refusals():
        parsed = parse_config(data)
        for path in ("a.ipynb", "b/c.ipynb"):
            parsed.selects(path)
            parsed.model_for(path)


def tar(data: bytes) -> None:
    """A tar archive: the first byte says whether it is packed, and whether its checksums are made right."""
    how, body = data[:1], data[1:]
    with refusals():
        if how == b"z":
            count = 0
            for block in inflated(_blocks(body), "a.tgz"):
                count += len(block)
                if count > MOST_READ:
                    return
            return
        if how == b"=":
            body = _checked(body)
        for member in members(_blocks(body), "a.tar"):
            assert not member.name.startswith("/")
            assert ".." not in member.name.split("/")
            count = 0
            for chunk in member.chunks:
                count += len(chunk)
            assert count == member.size


def archive(data: bytes) -> None:
    """An archive that is unpacked: zip, or tar where its first byte says so."""
    with tempfile.TemporaryDirectory(dir=_SCRATCH) as name:
        folder = Path(name)
        path = folder / ("a.tar" if data[:1] == b"=" else "a.zip")
        path.write_bytes(_checked(data[1:]) if data[:1] == b"=" else data)
        with refusals():
            unpack_into(folder / "to", path, lambda made: made)
            assert all(one.is_dir() or one.is_file() for one in (folder / "to").rglob("*"))
            assert not any(one.is_symlink() for one in (folder / "to").rglob("*"))
        assert {one.name for one in folder.iterdir()} <= {"to", path.name}


def zipped(data: bytes) -> None:
    """A zip archive whose files are read in place."""
    with tempfile.NamedTemporaryFile(dir=_SCRATCH) as file:
        file.write(data)
        file.flush()
        with refusals(), open_zip(Path(file.name)) as opened:
            for name in opened.sizes:
                opened.read(name, MOST_READ)


def log(data: bytes) -> None:
    """What a training has printed, on its way to a log."""
    text = data.decode("utf-8", "surrogateescape")
    shown = io.StringIO()
    Runner.from_environ({"GITHUB_ACTIONS": "true"}, shown).echo(text.split("\n"))
    first, _, rest = shown.getvalue().partition("\n")
    name, _, token = first.rpartition("::")
    assert name == "::stop-commands"
    middle, end, behind = f"\n{rest}".partition(f"\n::{token}::\n")
    assert end
    assert "##[" not in middle
    assert token not in middle
    assert all(re.match(r"warning\[[a-z]+\.[a-z-]+\]: ", line) for line in behind.splitlines())
    hidden = LogFilter(Redactor.of(("s3cret-of-the-house",)))
    assert "s3cret-of-the-house" not in "".join(hidden.lines([text]))


def redaction(data: bytes) -> None:
    """A secret in a text: the first line is the secret, the second says where the text is cut."""
    secret, _, rest = data.decode("utf-8", "replace").partition("\n")
    cuts, _, text = rest.partition("\n")
    text = text.replace("@", secret)
    redactor = Redactor.of((secret,))
    whole = redactor.redact(text)
    stream, place, pieces = redactor.stream(), 0, []
    for step in (ord(letter) % 64 for letter in cuts[:64]):
        pieces.append(stream.feed(text[place : place + step]))
        place += step
    assert "".join((*pieces, stream.feed(text[place:]), stream.end())) == whole
    looked_for = secret.strip()
    if len(looked_for) >= SHORTEST and looked_for.isalnum() and looked_for not in MARKER:
        assert looked_for not in whole


def metrics(data: bytes) -> None:
    """The numbers that a training has written, and where a reader of its logs had come to."""
    with refusals():
        found = measure(data.split(b"\n"))
        "".join(found.warnings).encode()
    text = data.decode("utf-8", "replace")
    for cursor in (Cursor, StreamCursor):
        with refusals():
            cursor.parse(text)


def event(data: bytes) -> None:
    """The payload of one of GitHub's events; the first line is the event's name, and may be edits of a payload."""
    name, _, body = data.partition(b"\n")
    if data[:1] == b"~":
        first, _, document = _seed(f"event/{EVENTS[sum(data[1:2]) % len(EVENTS)]}.json").partition("\n")
        name, body = first.encode(), edited(document, data[2:])
    with refusals():
        payload = load_json(body, "event", EVENT_LIMITS)
        if not isinstance(payload, dict):
            return
        told = name.decode("utf-8", "replace")
        with refusals():
            trust.read_finished(told, payload, HERE)
        found = trust.read_event(told, payload, HERE)
        "".join(found.warnings).encode()
        if found.trusted and found.pull_request is not None:
            head = payload["pull_request"]["head"]["repo"]
            assert not found.pull_request.fork
            assert (head["full_name"].lower(), head["fork"]) == (HERE, False)


def comment(data: bytes) -> None:
    """A comment on a pull request that says it is ours."""
    body = data.decode("utf-8", "replace")
    for pull in (None, 7):
        comment_state.is_ours(body, pull)
    comment_state.is_running(body)
    state = comment_state.decode(body)
    if state is not None:
        assert comment_state.decode(comment_state.encode(state)) == state


def workflow(data: bytes) -> None:
    """A workflow of the repository."""
    with refusals():
        found = examine_workflow("w.yml", data)
        if found is not None:
            f"{found.told} {found.remedy}".encode()


def manifest(data: bytes) -> None:
    """The list of what a run left, or after a `~` edits of one."""
    data = _document("manifest/report.json", data)
    with refusals():
        read_manifest(data, "manifest.json")


def analysis(data: bytes) -> None:
    """What a fork's own run hands to the workflow that comments, or after a `~` edits of one."""
    data = _document("analysis/small.json", data)
    with refusals():
        read = read_analysis(data, "analysis.json")
        pull = trust.PullRequest(
            number=7, base_ref="main", base_sha="b" * 40, head_ref="x", head_sha="a" * 40, fork=True
        )
        run = trust.FinishedRun(
            id=3, order=(3, 1), event="pull_request", head_sha="a" * 40, head_repository=8, repository=7
        )
        body = tell(read, pull, run, address="https://example.org/run", when="2026-01-01T00:00:00Z", version="1")
        body.encode()
        # Ours at its first and its last line, and nowhere else does a line begin like one.
        assert [line for line in body.splitlines() if line.lstrip().startswith("<!--")] == [
            body.splitlines()[0],
            body.splitlines()[-1],
        ]
        assert comment_state.is_ours(body, 7)
        assert comment_state.decode(body) == comment_state.CommentState(order=run.order, head=run.head_sha)


def weights(data: bytes) -> None:
    """The beginning of a model's file: would loading it run code? The first line is the file's name."""
    name, _, head = data.partition(b"\n")
    code_in(name.decode("utf-8", "replace"), head)
    code_in_zip(dict.fromkeys(name.decode("utf-8", "replace").split(","), head), head)


TARGETS = {
    "loader": Target(
        read=loader,
        words=('"cells"', '"cell_type"', '"code"', '"source"', '"metadata"', '"nbformat"', '"outputs"', '"id"', "NaN"),
    ),
    "slicer": Target(
        read=slicer,
        words=("\n# %%\n", "#| train", ".fit(", "import ", "def ", "class ", "lambda ", "global ", "%%time", "!pip "),
    ),
    "requirements": Target(
        read=requirements,
        words=("requirements.txt\n", "pyproject.toml\n", "environment.yml\n", "-r ", "--hash=", " @ ", "dependencies"),
    ),
    "diff": Target(read=diff, words=("\n# %%\n", "\0", "x = ", '"cells"', '"source"', '"nbformat"'), longest=8192),
    "config": Target(
        read=config,
        words=(
            "defaults:",
            "models:",
            "notebook:",
            "backend:",
            "gates:",
            "docker:",
            "sagemaker:",
            "- ",
            "&a",
            "*a",
            "<<:",
        ),
    ),
    "tar": Target(read=tar, words=("ustar\0", "=", "z", "\x1f\x8b", " path=", "../"), longest=8192),
    "archive": Target(read=archive, words=("PK\x03\x04", "PK\x01\x02", "PK\x05\x06", "PK\x06\x06", "../", "ustar\0")),
    "zipped": Target(read=zipped, words=("PK\x03\x04", "PK\x01\x02", "PK\x05\x06", "PK\x06\x07", "../")),
    "log": Target(read=log, words=("::", "##[", "::stop-commands::", "::error::", "\x1b]8;;", "\u2028", "\r", "<<")),
    "redaction": Target(read=redaction, words=("@", "ghp_", "AKIA", "-----BEGIN ", "PRIVATE KEY-----", "%20")),
    "metrics": Target(read=metrics, words=('"name"', '"value"', '"step"', "1e999", "NaN", "-0.0")),
    "event": Target(
        read=event,
        words=("pull_request", "workflow_run", '"repository"', '"full_name"', '"head"', '"base"', '"sha"', '"fork"'),
    ),
    "comment": Target(read=comment, words=("<!-- alekseylearn", " -->", "state:", "pr:")),
    "workflow": Target(
        read=workflow, words=("on:", "jobs:", "steps:", "uses:", "permissions:", "alekseylearn/action@")
    ),
    "analysis": Target(read=analysis, words=('"notebooks"', '"path"', "~", "<!--", "@", "https://", "](", "|", "```")),
    "weights": Target(read=weights, words=("model.keras\n", "a.pt\n", "PK\x03\x04", "\x80\x04", '"Lambda"', "ctorch")),
    "manifest": Target(read=manifest, words=('"files"', '"sha256"', '"size"', '"path"')),
}


def _document(seed: str, data: bytes) -> bytes:
    """Return *data*, or what its edits make of a seed."""
    return edited(_seed(seed), data[1:]) if data[:1] == b"~" else data


@cache
def _seed(name: str) -> str:
    return (SEEDS / name).read_text("utf-8")


def _of_cells(data: bytes) -> Notebook:
    """Make a notebook of cells of code, and read it."""
    sources = [part.decode("utf-8", "replace") for part in data.split(BETWEEN)]
    cells = [
        {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
        for source in sources
    ]
    document = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
    return parse("a.ipynb", json.dumps(document).encode())


def _either(data: bytes) -> Notebook:
    return parse("a.ipynb", data) if data.lstrip().startswith(b"{") else _of_cells(data)


def _blocks(data: bytes) -> Iterator[bytes]:
    """Cut *data* where nobody would."""
    return (data[place : place + 700] for place in range(0, len(data), 700))


def _checked(data: bytes) -> bytes:
    """Put the right checksum into every block that could be a header: no fuzzer finds one by chance."""
    blocks = [bytearray(data[place : place + 512].ljust(512, b"\0")) for place in range(0, len(data), 512)]
    for block in blocks:
        if any(block):
            block[148:156] = b" " * 8
            block[148:156] = b"%06o\0 " % sum(block)
    return b"".join(blocks) + bytes(1024)
