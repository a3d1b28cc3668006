"""Executed notebooks as a run leaves them, and little pictures to put into them."""

import base64
import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any


def png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """Draw a picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes(colour) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def figure(width: int = 6, height: int = 4, colour: tuple[int, int, int] = (31, 119, 180)) -> dict[str, Any]:
    """Show a picture as matplotlib's figures are stored."""
    encoded = base64.b64encode(png(width, height, colour)).decode()
    return shown({"image/png": encoded, "text/plain": "<Figure size 640x480 with 1 Axes>"})


def shown(data: Mapping[str, object]) -> dict[str, Any]:
    """Show data by MIME type."""
    return {"output_type": "display_data", "data": dict(data), "metadata": {}}


def printed(text: str, name: str = "stdout") -> dict[str, Any]:
    """Print."""
    return {"output_type": "stream", "name": name, "text": text}


def raised(name: str, message: str, *lines: str) -> dict[str, Any]:
    """Fail."""
    return {"output_type": "error", "ename": name, "evalue": message, "traceback": list(lines)}


def cell(number: int | None, source: str, *outputs: object, seconds: float | None = 1.5, ran: bool = True) -> object:
    """Make one cell as the runtime writes it."""
    about: dict[str, Any] = {"cell": number}
    if seconds is not None:
        about["seconds"] = seconds
    return {
        "cell_type": "code",
        "id": f"cell-{number}",
        "metadata": {"alekseylearn": about},
        "source": source,
        "outputs": list(outputs),
        "execution_count": 1 if ran else None,
    }


def executed(cells: Sequence[object]) -> bytes:
    """Write a notebook of nbformat 4.5."""
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
