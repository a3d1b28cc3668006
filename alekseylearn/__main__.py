"""`alekseylearn` and `python -m alekseylearn`: run one command, and let no traceback reach a person."""

from __future__ import annotations

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    # `python -m` puts the working folder first: a yaml.py that somebody's pull request has left there is not ours.
    del sys.path[0]

import os
from typing import NoReturn

from alekseylearn.errors import AlekseylearnError
from alekseylearn.interruptions import hear_signals

_BUG = """error[bug]: {what}
  where: {where}
  fix:   this is a defect of alekseylearn; run it again with --debug and report what it prints"""


def main() -> NoReturn:
    """Run the command line and exit with its code (0 to 7, or 130 when interrupted)."""
    debug = "--debug" in sys.argv[1:]
    if debug:
        sys.argv.remove("--debug")
    hear_signals()
    try:
        sys.exit(_run())
    except KeyboardInterrupt:
        _end("interrupted", 130)
    except BrokenPipeError:
        # The reader of our output went away (`| head`); Python would complain once more while it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except AlekseylearnError as error:
        if debug:
            raise
        _end(str(error), error.exit_code)
    except Exception as error:
        if debug:
            raise
        told = _refusal(error)
        if told is not None:
            _end(str(told), told.exit_code)
        _end(_BUG.format(what=f"{type(error).__name__}: {str(error)[:300]}", where=_place(error)), 1)


def _run() -> int:
    from alekseylearn.cli import run
    from alekseylearn.cli.hiding import hide_secrets, tell_hidden

    # Who completes a word is shown names only, and waits.
    hiding = None if "_ALEKSEYLEARN_COMPLETE" in os.environ else hide_secrets(os.environ)
    code = run(sys.argv[1:])
    if hiding is not None:
        tell_hidden(hiding)
    # What is left in the buffer would otherwise meet a reader that went away after nobody listens to errors any more.
    sys.stdout.flush()
    return code


def _end(text: str, code: int) -> NoReturn:
    print(text, file=sys.stderr)  # noqa: T201
    sys.exit(code)


def _refusal(error: Exception) -> AlekseylearnError | None:
    """Return what a person should know where the machine refused something: a full disk is no defect of ours."""
    from alekseylearn.disk import refusal

    return refusal(error) if isinstance(error, OSError) else None


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown"
    name = os.path.basename(trace.tb_frame.f_code.co_filename)  # noqa: PTH119 - pathlib costs 5 ms at start-up
    return f"{name}, line {trace.tb_lineno}"


if __name__ == "__main__":
    main()
