"""Errors: a slug, what happened, where and what to do, in at most five lines."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn import errors
from alekseylearn.errors import AlekseylearnError, InputError, UsageError

EXIT_CODES = {
    "AlekseylearnError": 1,
    "UsageError": 2,
    "InputError": 3,
    "CodeError": 4,
    "GateError": 5,
    "MachineError": 6,
    "LimitError": 7,
}


def test_each_class_has_its_exit_code() -> None:
    found = {
        name: value.exit_code
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, AlekseylearnError)
    }
    assert found == EXIT_CODES


def test_an_error_tells_what_where_and_the_remedy() -> None:
    error = InputError("nb.lfs", "this is a pointer", where="a.ipynb", hint="run `git lfs pull`")
    assert str(error) == "error[nb.lfs]: this is a pointer\n  where: a.ipynb\n  fix:   run `git lfs pull`"


def test_what_is_not_known_is_left_out() -> None:
    assert str(UsageError("usage.option", "there is no such option")) == "error[usage.option]: there is no such option"


@given(st.text(), st.text(), st.text())
def test_no_text_makes_an_error_longer_than_five_lines(what: str, where: str, hint: str) -> None:
    shown = str(InputError("nb.schema", what * 50, where=where * 50, hint=hint * 50))
    assert len(shown.split("\n")) <= 3
    assert len(shown.splitlines()) <= 3
    assert all(len(line) <= errors.WIDTH + 40 for line in shown.split("\n"))
    shown.encode()


@pytest.mark.parametrize("kind", [InputError, UsageError])
def test_an_error_travels_between_processes(kind: type[AlekseylearnError]) -> None:
    error = kind("nb.lfs", "this is a pointer", where="a.ipynb", hint="run `git lfs pull`")
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy)) == (kind, str(error))
