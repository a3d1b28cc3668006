"""The main module of a process that the notebook spawns: train.py's imports, functions, classes and constants, no more.

`multiprocessing` runs the main file again in every process it spawns; train.py itself would train again there.
"""

import ast
from pathlib import Path

DEFINES = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
PLAIN = (
    ast.Constant, ast.Name, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.BinOp, ast.UnaryOp,
    ast.expr_context, ast.operator, ast.unaryop,
)  # fmt: skip


def defines(statement: ast.stmt) -> bool:
    """Tell whether *statement* only gives names a meaning, without doing work."""
    if isinstance(statement, DEFINES):
        return True
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        return statement.value is not None and all(isinstance(node, PLAIN) for node in ast.walk(statement.value))
    if isinstance(statement, ast.Try):
        handled = [inner for handler in statement.handlers for inner in handler.body]
        return all(map(defines, [*statement.body, *handled, *statement.orelse, *statement.finalbody]))
    return False


def define(train: Path, namespace: "dict[str, object]") -> None:
    """Run the definitions of *train* in *namespace*; one that needs a value computed elsewhere is left out."""
    tree = ast.parse(train.read_text(encoding="utf-8"), str(train))
    for statement in filter(defines, tree.body):
        code = compile(ast.Module(body=[statement], type_ignores=[]), str(train), "exec", dont_inherit=True)
        try:
            exec(code, namespace)  # nosec B102 # the notebook's own code
        except Exception:
            # What misses the name says so itself, in the words of Python.
            continue


if __name__ == "__mp_main__":
    define(Path(__file__).resolve().parent.parent / "train.py", globals())
