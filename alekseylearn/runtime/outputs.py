"""Values and figures -> what a notebook stores of them."""

from __future__ import annotations

import base64
import io
import sys
from types import ModuleType
from typing import Any, Callable

Bundle = tuple[dict[str, Any], dict[str, Any]]
"""Data and metadata by MIME type, as in nbformat's display_data."""

REPRESENTATIONS = (
    ("_repr_html_", "text/html"),
    ("_repr_markdown_", "text/markdown"),
    ("_repr_latex_", "text/latex"),
    ("_repr_svg_", "image/svg+xml"),
    ("_repr_png_", "image/png"),
    ("_repr_jpeg_", "image/jpeg"),
    ("_repr_json_", "application/json"),
)
LONGEST_TEXT = 200_000
WIDE = 80


def bundle_of(value: object) -> Bundle:
    """Represent *value* as IPython would (its page "Integrating your objects with IPython")."""
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    if not isinstance(value, type):
        for given, noted in _richly(value):
            data.update(given)
            metadata.update(noted)
        if not data and _is_figure(value):
            data["image/png"] = png(value)
    if "text/plain" not in data:
        data["text/plain"] = plain(value)
    stored = {kind: _storable(entry) for kind, entry in data.items() if entry is not None}
    return {kind: entry for kind, entry in stored.items() if isinstance(entry, str) or kind.endswith("json")}, metadata


def _richly(value: object) -> list[Bundle]:
    found: list[Bundle] = []
    for method, kind in REPRESENTATIONS:
        made = _call(value, method)
        if made is not None:
            content, noted = made if isinstance(made, tuple) and len(made) == 2 else (made, None)
            found.append(({kind: content}, {kind: noted} if noted else {}))
    whole = _call(value, "_repr_mimebundle_", include=None, exclude=None)
    if isinstance(whole, tuple) and len(whole) == 2:
        found.append((dict(whole[0]), dict(whole[1])))
    elif isinstance(whole, dict):
        found.append((whole, {}))
    return found


def _call(value: object, method: str, **options: Any) -> Any:
    # Asked of the class, because an object that answers to every name has none of these.
    if getattr(type(value), method, None) is None:
        return None
    try:
        return getattr(value, method)(**options)
    except Exception:
        # A representation that fails is left out, as IPython does: `repr` is still there.
        return None


def plain(value: object) -> str:
    """Return `repr(value)`, large containers one entry a line; never raise."""
    try:
        text = repr(value)
        if len(text) > WIDE and type(value) in {dict, list, tuple, set, frozenset}:
            import pprint

            text = pprint.pformat(value, width=WIDE, compact=True, sort_dicts=False)
    except Exception as problem:
        return f"<{type(value).__name__}: its repr raised {type(problem).__name__}>"
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}\n[... cut ...]"


def _storable(entry: Any) -> Any:
    return base64.b64encode(entry).decode("ascii") if isinstance(entry, (bytes, bytearray)) else entry


def _is_figure(value: object) -> bool:
    return any(f"{kind.__module__}.{kind.__qualname__}" == "matplotlib.figure.Figure" for kind in type(value).__mro__)


def png(figure: Any) -> bytes:
    """Draw a matplotlib figure as Jupyter's inline backend does."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    return buffer.getvalue()


class Display:
    """Show values: every output goes to *send* in nbformat's form."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self._send = send

    def display(self, *values: object, **options: Any) -> None:
        """Show each of *values*; `display_id` and other options of IPython's display change nothing here."""
        for value in values:
            data, metadata = (value, {}) if options.get("raw") and isinstance(value, dict) else bundle_of(value)
            self._send({"output_type": "display_data", "data": data, "metadata": metadata})

    def result(self, value: object, count: int) -> None:
        """Show the last value of the cell that ran as number *count*."""
        if value is None:
            return
        data, metadata = bundle_of(value)
        self._send({"output_type": "execute_result", "data": data, "metadata": metadata, "execution_count": count})

    def figures(self) -> None:
        """Show the open matplotlib figures and close them."""
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is None or not hasattr(pyplot, "get_fignums"):
            return
        for number in pyplot.get_fignums():
            figure = pyplot.figure(number)
            data = {"text/plain": plain(figure)}
            try:
                data["image/png"] = _storable(png(figure))
            except Exception as problem:
                # A figure is no reason to lose a training.
                data["text/plain"] += f"\n[it could not be drawn: {type(problem).__name__}: {problem}]"
            self._send({"output_type": "display_data", "data": data, "metadata": {}})
        pyplot.close("all")

    def take_over(self, pyplot: ModuleType) -> None:
        """Let `plt.show()` show figures here, where the Agg backend would only warn."""

        def show(*_: Any, **__: Any) -> None:
            self.figures()

        # A function, because pyplot sets attributes on it when it changes its backend.
        pyplot.show = show  # type: ignore[attr-defined]
