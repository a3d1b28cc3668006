"""Nothing that a command prints shows a secret of its environment, whichever way it is printed."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import click
from rich.console import Console

from alekseylearn.cli.hiding import TOLD, Hiding, HidingStream, hide_secrets, tell_hidden

SECRET = "an-open-sesame"


@contextmanager
def captured() -> Iterator[tuple[io.StringIO, io.StringIO]]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        yield out, err


def test_every_way_to_print_is_covered() -> None:
    environ = {"MY_TOKEN": SECRET}
    with captured() as (out, err):
        hiding = hide_secrets(environ)
        # A step takes them out of its environment while it runs.
        environ.clear()
        print(f"a {SECRET}")
        click.echo(f"b {SECRET}")
        click.echo(f"c {SECRET}", err=True)
        Console().print(f"d {SECRET}", markup=False)
        Console(stderr=True).print(f"e {SECRET}", markup=False)
        sys.stdout.writelines([f"f {SECRET}\n", "g\n"])
        tell_hidden(hiding)
    assert out.getvalue() == "a ***\nb ***\nd ***\nf ***\ng\n"
    assert err.getvalue() == f"c ***\ne ***\n{TOLD}"


def test_it_is_said_once_and_only_where_it_was_needed() -> None:
    with captured() as (_, err):
        hiding = hide_secrets({})
        print("password: short")
        tell_hidden(hiding)
        assert not hiding.hidden
        sys.stderr.write("warning[secret.redacted]: cell 3 holds one: password=letmein1\n")
        tell_hidden(hiding)
    assert err.getvalue() == "warning[secret.redacted]: cell 3 holds one: password=***\n"


def test_bytes_do_not_go_round_it() -> None:
    stream = HidingStream(io.TextIOWrapper(io.BytesIO(), encoding="ascii"), Hiding({}))
    assert not hasattr(stream, "buffer")
    assert stream.encoding == "ascii"
    assert not stream.isatty()


def test_errors_and_tracebacks_of_the_program_show_none() -> None:
    environ = {**os.environ, "MY_TOKEN": "hidden-folder", "COLUMNS": "200"}
    for words in (["diff"], ["--debug", "diff"]):
        command = [sys.executable, "-m", "alekseylearn", *words, "hidden-folder.ipynb"]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode in (1, 3)
        assert "***.ipynb" in done.stderr
        assert "hidden-folder" not in done.stderr + done.stdout
