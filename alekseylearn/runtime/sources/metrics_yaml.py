"""`metrics.yaml` as DVC users write it; without PyYAML, plain mappings of numbers are understood."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from .base import Found, Written, flat, text_of
from .folders import told_apart
from .metrics_json import LARGEST

NAME = "metrics_yaml"
FILES = ("metrics.yaml", "metrics.yml")
EXPONENT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+\Z")
"""YAML 1.2 has `1e-3` for a number, PyYAML for a text."""
KEY = r"""'(?P<one>[^']*)'|"(?P<two>[^"\\]*)"|(?P<plain>[^\s'"#\[{&*!|>%@`-][^#]*?)"""
LINE = re.compile(rf"""\s*(?:{KEY}):(?:\s+(?P<value>[^#\s]+))?\s*(?:#.*)?\Z""")
SPECIAL = re.compile(r"[-+]?\.(inf|nan)\Z", re.IGNORECASE)


def harvest(namespace: Mapping[str, object], written: Written) -> Iterable[Found]:  # noqa: ARG001 - the contract of a source
    """Yield the numbers of every `metrics.yaml` or `metrics.yml`."""
    groups: dict[tuple[str, ...], list[Found]] = {}
    for file, content in written.read(FILES, _read):
        groups.setdefault(file.folder, []).extend(flat(_numbers(content)))
    return told_apart(groups)


def _read(path: Path) -> object:
    text = text_of(path, LARGEST)
    try:
        import yaml
    except ImportError:
        return mapping(text)
    return yaml.safe_load(text)


def _numbers(content: object) -> object:
    if isinstance(content, dict):
        return {key: _numbers(value) for key, value in content.items()}
    return float(content) if isinstance(content, str) and EXPONENT.match(content) else content


def mapping(text: str) -> dict[str, object]:
    """Read block mappings of numbers; what is not understood, such as lists and text, is passed over."""
    whole: dict[str, object] = {}
    within: list[tuple[int, dict[str, object]]] = [(-1, whole)]
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        indent = len(line) - len(line.lstrip(" "))
        while within[-1][0] >= indent:
            within.pop()
        hit = LINE.match(line)
        key = None if hit is None else next((hit[group] for group in ("one", "two", "plain") if hit[group]), None)
        inner: dict[str, object] = {}
        if hit is not None and key is not None and hit["value"]:
            within[-1][1][key] = _scalar(hit["value"])
        elif key is not None:
            within[-1][1][key] = inner
        # What stands deeper than this line belongs to it, also where nobody understood it.
        within.append((indent, inner))
    return whole


def _scalar(text: str) -> object:
    if SPECIAL.match(text):
        return float(text.replace(".", ""))
    try:
        return float(text) if text[-1].isdigit() or text.endswith(".") else text
    except ValueError:
        return text
