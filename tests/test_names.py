import pytest

from alekseylearn.events import NOTHING, Function, Make, Opaque
from alekseylearn.names import CellNames, find_names
from tests.strategies import notebook


def names(source: str) -> CellNames:
    return find_names(notebook(source).cells[0])


@pytest.mark.parametrize(
    ("source", "defs"),
    [
        ("a = 1", {"a"}),
        ("a, (b, *c) = x", {"a", "b", "c"}),
        ("a = b = x", {"a", "b"}),
        ("a: int = 1\nb: int", {"a"}),
        ("a += 1", {"a"}),
        ("a[0] = b.c = 1", set()),
        ("for a in x:\n    b = 1\nelse:\n    c = 1", {"a", "b", "c"}),
        ("while x:\n    b = 1", {"b"}),
        ("with f() as (a, b), g():\n    c = 1", {"a", "b", "c"}),
        ("async def f():\n    a = 1", {"f"}),
        ("class A(B, metaclass=M):\n    a = 1\n    def f(self): b = 1", {"A"}),
        ("import a, b.c, d.e as f\nfrom g import h as i, j", {"a", "b", "f", "i", "j"}),
        (
            "try:\n    a = 1\nexcept E as e:\n    b = 1\nelse:\n    c = 1\nfinally:\n    d = 1",
            {"a", "b", "c", "d", "e"},
        ),
        ("try:\n    a = 1\nexcept* E:\n    b = 1", {"a", "b"}),
        (
            "match x:\n    case {'k': a, **b}: pass\n    case [A(c), *d] if e: pass\n    case 1 | 2 as f: pass",
            set("abcdf"),
        ),
        ("[a for a in x if (b := a)]", {"b"}),
        ("{a: c for a, c in x}; {a for a in x}; (a for a in x)", set()),
        ("if __name__ == '__main__':\n    a = 1", {"a"}),
        ("if x:\n    a = 1\nelif y:\n    b = 1", {"a", "b"}),
        ("del a", {"a"}),
        ("%time a = 1", {"a"}),
        ("raise x", set()),
        ("f().a = 1", set()),
        ("try:\n    a = 1\nexcept:\n    b = 1", {"a", "b"}),
        ("assert a, b", set()),
    ],
)
def test_what_a_cell_binds(source: str, defs: set[str]) -> None:
    assert names(source).defs == defs


@pytest.mark.parametrize(
    ("source", "refs"),
    [
        ("a + b.c[d]", {"a", "b", "d"}),
        ("a[b] = c", {"a", "b", "c"}),
        ("a.b += c", {"a", "c"}),
        ("(a or b) if c else not d", {"a", "b", "c", "d"}),
        ("f(a, *b, c=d, **e)", {"f", "a", "b", "d", "e"}),
        ("f'{a:{b}}'", {"a", "b"}),
        ("a[b:c]", {"a", "b", "c"}),
        ("df.query('x > @low and y < @high')", {"df", "low", "high"}),
        ("def f(a=b): return c", {"b"}),
        ("@d(e)\nclass A(B): x = c", {"d", "e", "B", "c"}),
        ("lambda a: b", set()),
        ("await a", {"a"}),
        ("{**a, b: c}", {"a", "b", "c"}),
        ("a = [*b]", {"b"}),
        ("f()[a], b = c", {"f", "a", "c"}),
        ("match a:\n    case B.C: pass\n    case D(): pass", {"a", "B", "D"}),
    ],
)
def test_what_a_cell_reads(source: str, refs: set[str]) -> None:
    assert {name for name in names(source).refs if not name.startswith("%")} == refs


@pytest.mark.parametrize(
    ("source", "deferred"),
    [
        ("def f(a):\n    b = c\n    return a, b", {"c"}),
        ("def f():\n    global a\n    a = a + 1", {"a"}),
        ("def f():\n    def g(): return a\n    return g", {"a"}),
        ("f = lambda a: a + b", {"b"}),
        ("class A:\n    x = 1\n    def f(self): return x", {"x"}),
        ("def f():\n    import a\n    return a", set()),
        ("def f():\n    yield a\n    yield from b", {"a", "b"}),
        ("class A:\n    class B:\n        def f(self): return y", {"y"}),
    ],
)
def test_what_functions_read_when_they_are_called(source: str, deferred: set[str]) -> None:
    assert names(source).deferred == deferred


def test_imports_by_the_name_that_they_are_bound_to() -> None:
    found = names("import numpy as np, os.path\nfrom . import local\nfrom ..up import x as y\nfrom pylab import *")
    assert found.imports == {
        "np": "numpy",
        "os": "os",
        "%import os.path": "os.path",
        "local": ".local",
        "y": "..up.x",
    }
    assert found.stars == ("pylab",)


def test_cells_that_only_import_are_known() -> None:
    assert names("import a\nfrom b import c").only_imports
    assert not names("import a\na.b()").only_imports
    assert not names("").only_imports


def test_a_program_that_is_run_may_bind_any_name() -> None:
    assert names("%run other.py").stars == ("other.py",)
    assert not any(isinstance(event, Opaque) for event in names("%run other.py\nprint(1)").events)


@pytest.mark.parametrize("source", ["exec(a)", "globals()['a'] = 1", "eval('a')", "vars()", "locals()", "dir()"])
def test_code_that_cannot_be_seen_through_is_named(source: str) -> None:
    assert any(isinstance(event, Opaque) for event in names(source).events)


@pytest.mark.parametrize("source", ["model.eval()", "vars(a)", "dir(a)", "df.eval('a + b')"])
def test_what_only_looks_like_it_is_not(source: str) -> None:
    assert not any(isinstance(event, Opaque) for event in names(source).events)


@pytest.mark.parametrize(
    ("source", "error"),
    [("x = 1\ndef f(:", "line 2: invalid syntax"), ("-" * 100_000 + "1", "it is nested too deeply")],
)
def test_a_cell_that_is_not_python_says_why(source: str, error: str) -> None:
    found = names(source)
    assert found.error is not None
    assert found.error.startswith(error)
    assert found.events == ()


def test_a_cell_that_cannot_be_read_keeps_its_place() -> None:
    assert find_names(notebook("a = 1", "b = (").cells[1]).cell == 1


@pytest.mark.parametrize(
    ("source", "shows"),
    [
        *[(source, "nothing") for source in ("", "a = 1", "a;", "a;\n", "None", "if a:\n    b")],
        *[(f"{name}(a)", "nothing") for name in ("print", "display", "help", "setattr", "delattr", "exec")],
        *[(source, "something") for source in ("1", "a + b", "a < b", "a, b", "[a]", "{a: b}", "f'{a}'", "b = 1\n2")],
        *[(source, "perhaps") for source in ("a", "f(a)", "a.b", "a.print(b)")],
    ],
)
def test_what_a_cell_shows_is_what_its_last_line_gives_unless_that_is_none(source: str, shows: str) -> None:
    assert names(source).shows == shows


def test_statements_know_their_lines_and_what_they_bind() -> None:
    found = names("import a\n\n@b\n@c\ndef d():\n    return 1\ne, f = (\n    1,\n    2,\n)").statements
    assert [(each.first, each.last) for each in found] == [(0, 0), (2, 5), (6, 9)]
    assert [sorted(each.defs) for each in found] == [["a"], ["d"], ["e", "f"]]
    assert [type(each.node).__name__ for each in found] == ["Import", "FunctionDef", "Assign"]
    assert all(isinstance(each.events, tuple) for each in found)


def test_functions_know_their_parameters() -> None:
    made = [event.function for event in names("def f(a, /, b, *c, d, **e): pass").events if isinstance(event, Make)]
    assert isinstance(made[0], Function)
    assert made[0].parameters == ("a", "b", "d", "c", "e")


def test_what_a_cell_ends_with_is_known() -> None:
    assert names("a = 1").shown == NOTHING
    assert names("a + b").shown != NOTHING
