"""The house keeps its floors: imports run downwards, and what could run foreign code or forge paths stands nowhere."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "alekseylearn"
SOURCES = sorted(
    path.relative_to(ROOT).as_posix() for path in (*PACKAGE.rglob("*.py"), *(ROOT / "action").rglob("*.py"))
)
OURS = [path for path in SOURCES if not path.startswith("alekseylearn/runtime/")]
Danger = Callable[[ast.AST], bool]


def test_imports_keep_to_their_floors() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert re.search(r"Contracts: \d+ kept, 0 broken\.", done.stdout)


def called(node: ast.AST) -> str:
    """Return the dotted name of what *node* calls, '' where it is no call."""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def imports(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    return {(node.module or "").partition(".")[0]} if isinstance(node, ast.ImportFrom) and not node.level else set()


def starts_a_shell(node: ast.AST) -> bool:
    name = called(node)
    if name in ("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"):
        return True
    runs = name.rpartition(".")[2] in ("run", "Popen", "call", "check_call", "check_output")
    return runs and isinstance(node, ast.Call) and any(keyword.arg == "shell" for keyword in node.keywords)


def loads_yaml(node: ast.AST) -> bool:
    name = called(node)
    return name.startswith("yaml.") and name.rpartition(".")[2].startswith(("load", "full_load", "unsafe_load"))


DANGERS: dict[str, tuple[Danger, set[str]]] = {
    "a shell": (starts_a_shell, set()),
    "an archive unpacked by tarfile or zipfile": (
        lambda node: called(node).rpartition(".")[2] in ("extractall", "extract", "unpack_archive"),
        set(),
    ),
    "YAML read by another loader than ours": (loads_yaml, {"alekseylearn/strict.py"}),
    # There a person asks for it, of a model of their own, and is warned.
    "pickle": (
        lambda node: bool(imports(node) & {"pickle", "marshal", "shelve", "joblib", "dill"}),
        {"alekseylearn/live_loading.py"},
    ),
    "code from text": (lambda node: called(node) in ("eval", "exec", "compile", "__import__", "builtins.exec"), set()),
    "nbdime": (lambda node: "nbdime" in imports(node), {"alekseylearn/alignment.py"}),
    "chance that nobody gave": (lambda node: bool(imports(node) & {"random", "uuid"}), set()),
    "a name guessed from the temporary folder": (lambda node: called(node).endswith("mktemp"), set()),
}


def found(path: str, danger: Danger) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
        if danger(node):
            yield f"{path}:{getattr(node, 'lineno', 0)}"


@pytest.mark.parametrize("name", sorted(DANGERS))
def test_what_is_dangerous_stands_in_one_place_or_nowhere(name: str) -> None:
    danger, allowed = DANGERS[name]
    assert [place for path in OURS if path not in allowed for place in found(path, danger)] == []
    assert all(list(found(path, danger)) for path in allowed), "the exception is no longer needed"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("a shell", "subprocess.run('ls', shell=True)"),
        ("a shell", "os.system('ls')"),
        ("an archive unpacked by tarfile or zipfile", "archive.extractall(folder, filter='data')"),
        ("YAML read by another loader than ours", "yaml.load(text, Loader=yaml.SafeLoader)"),
        ("YAML read by another loader than ours", "yaml.unsafe_load(text)"),
        ("pickle", "from pickle import loads"),
        ("code from text", "exec(text)"),
        ("nbdime", "from nbdime.diffing import diff"),
    ],
)
def test_what_is_dangerous_would_be_found(name: str, code: str) -> None:
    danger, _ = DANGERS[name]
    assert any(danger(node) for node in ast.walk(ast.parse(code)))


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
