"""The house keeps its floors: imports run downwards, and a person can read what stands on each."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "alekseylearn"
SOURCES = sorted(
    path.relative_to(ROOT).as_posix() for path in (*PACKAGE.rglob("*.py"), *(ROOT / "action").rglob("*.py"))
)


def test_imports_keep_to_their_floors() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert re.search(r"Contracts: \d+ kept, 0 broken\.", done.stdout)


@pytest.mark.parametrize("path", SOURCES)
def test_a_module_is_no_longer_than_a_person_can_read(path: str) -> None:
    text = (ROOT / path).read_text("utf-8")
    assert len(text.splitlines()) <= 350
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    too_long = {node.name: length for node in functions if (length := (node.end_lineno or 0) - node.lineno + 1) > 60}
    assert too_long == {}


@pytest.mark.parametrize("path", SOURCES)
def test_nothing_is_left_to_be_done(path: str) -> None:
    text = (ROOT / path).read_text("utf-8")
    assert re.findall(r"TODO|FIXME|XXX|NotImplementedError|pragma: no cover", text) == []
