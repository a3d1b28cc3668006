"""The notebook as it ran: its cells with what they printed and showed, from bytes that anybody may have written."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from alekseylearn.errors import InputError
from alekseylearn.strict import Limits, load_json
from alekseylearn.text import clean_block

MAX_BYTES = 50_000_000
"""A larger executed notebook is not read."""
MAX_CELLS = 500
MAX_TEXT = 20_000
"""Characters shown of one output; the middle of a longer one is left out."""
MAX_HTML = 100_000
"""Characters of an HTML output that are cleaned; of a longer one its plain text is shown."""
_LIMITS = Limits(family="nb", max_bytes=MAX_BYTES, max_depth=100)
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_IMAGES = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
}
_TABLE = {"table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption"}
_TEXT = {"p", "br", "b", "i", "em", "strong", "sub", "sup", "code", "pre", "ul", "ol", "li", "div", "span"}
_ATTRIBUTES = {"th": {"colspan", "rowspan", "scope"}, "td": {"colspan", "rowspan"}}

OutputKind = Literal["printed", "error", "text", "html", "figure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One output of a cell: *text* is plain text, clean HTML, or the data URI of a figure.

    *stream* is stdout or stderr, where it was printed. *width* and *height* of a figure are pixels, 0 where its format
    does not tell simply.
    """

    kind: OutputKind
    text: str
    stream: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutedCell:
    """One cell that ran or was about to; *number* is its index in the notebook, None for one that was put in."""

    number: int | None
    source: str
    outputs: tuple[Output, ...]
    seconds: float | None = None
    ran: bool = True


def read_executed(data: bytes, *, saved: bool = False) -> tuple[ExecutedCell, ...] | None:
    """Read an executed notebook (nbformat 4); None where it cannot be read. Odd cells and outputs are left out.

    *saved* says that a person saved it with its outputs: the cells are numbered by their places then.
    """
    try:
        document = load_json(data, "executed.ipynb", _LIMITS, constants=[])
    except InputError:
        return None
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        return None
    found = [
        (place, cell) for place, cell in enumerate(cells) if isinstance(cell, dict) and cell.get("cell_type") == "code"
    ]
    return tuple(_cell(cell, place if saved else None) for place, cell in found[:MAX_CELLS])


def middle_out(text: str, most: int) -> str:
    """Leave out the middle of *text* where it has more than *most* characters, and say so."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n\n… {len(text) - 2 * half} characters left out …\n\n{text[-half:]}"


def _cell(raw: Mapping[str, Any], place: int | None) -> ExecutedCell:
    metadata = raw.get("metadata")
    ours = metadata.get("alekseylearn") if isinstance(metadata, dict) else None
    told = ours if isinstance(ours, dict) else {}
    number, seconds = told.get("cell"), told.get("seconds")
    outputs = raw.get("outputs")
    return ExecutedCell(
        number=number if type(number) is int and place is None else place,
        source=_text(raw.get("source")),
        outputs=tuple(_outputs(outputs if isinstance(outputs, list) else [])),
        seconds=float(seconds) if isinstance(seconds, int | float) else None,
        ran=raw.get("execution_count") is not None,
    )


def _outputs(found: list[Any]) -> Iterator[Output]:
    for raw in found:
        if not isinstance(raw, dict):
            continue
        match raw.get("output_type"):
            case "stream":
                name = "stderr" if raw.get("name") == "stderr" else "stdout"
                made = Output(kind="printed", text=_plain(_text(raw.get("text"))), stream=name)
            case "error":
                lines = _text(raw.get("traceback"), "\n") or f"{raw.get('ename')}: {raw.get('evalue')}"
                made = Output(kind="error", text=_plain(lines))
            case "display_data" | "execute_result":
                made = _shown(raw.get("data"))
            case _:
                continue
        if made.text.strip():
            yield made


def _shown(data: object) -> Output:
    """Choose the richest form that can be shown safely: a figure, a clean table, plain text."""
    if not isinstance(data, dict):
        return Output(kind="text", text="")
    for mime in _IMAGES:
        figure = _figure(mime, data.get(mime))
        if figure is not None:
            return figure
    drawing = _text(data.get("image/svg+xml")).strip()
    if drawing.startswith(("<svg", "<?xml")):
        # As an image, a drawing neither runs scripts nor fetches anything.
        encoded = base64.b64encode(drawing.encode("utf-8", "replace")).decode("ascii")
        return Output(kind="figure", text=f"data:image/svg+xml;base64,{encoded}")
    html = _text(data.get("text/html"))
    cleaned = _clean_html(html) if 0 < len(html) <= MAX_HTML else ""
    if "<table" in cleaned:
        return Output(kind="html", text=cleaned)
    texts = [_text(data.get(kind)) for kind in ("text/plain", "text/markdown", "text/latex")]
    plain = next((text for text in texts if text), "")
    return Output(kind="text", text=_plain(plain))


def _figure(mime: str, stored: object) -> Output | None:
    text = re.sub(r"\s+", "", _text(stored))
    try:
        start = base64.b64decode(text, validate=True)[:24] if text else b""
    except (binascii.Error, ValueError):
        return None
    if not start.startswith(_IMAGES[mime]):
        return None
    uri = f"data:{mime};base64,{text}"
    if mime != "image/png":
        return Output(kind="figure", text=uri)
    width, height = (min(int.from_bytes(start[at : at + 4]), 10_000) for at in (16, 20))
    return Output(kind="figure", text=uri, width=width, height=height)


def _clean_html(html: str) -> str:
    import nh3

    return nh3.clean(clean_block(html), tags=_TABLE | _TEXT, attributes=_ATTRIBUTES, link_rel=None)


def _text(stored: object, between: str = "") -> str:
    """Join what nbformat stores as one string or as a list of them."""
    if isinstance(stored, list):
        return between.join(part for part in stored if isinstance(part, str))
    return stored if isinstance(stored, str) else ""


def _plain(text: str) -> str:
    """Show *text* as a terminal leaves it: without colours, and of a line that was drawn again its last state."""
    lines = _ANSI.sub("", text).replace("\r\n", "\n").split("\n")
    told = [line.rstrip("\r").rpartition("\r")[2] for line in lines]
    return middle_out(clean_block("\n".join(told)).strip("\n"), MAX_TEXT)
