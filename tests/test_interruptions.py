"""Interruptions arrive at any moment: none is lost, and none cuts in two what must be whole."""

from __future__ import annotations

import subprocess
import sys

import pytest

BEGIN = """
import os, signal, threading, time, weakref
from alekseylearn.interruptions import hear_signals, shielded
hear_signals()
def interrupt(number=signal.SIGINT):
    os.kill(os.getpid(), number)
    time.sleep(0.01)
"""


def told(program: str) -> str:
    """Run *program* after BEGIN in a process of its own; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + program], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_one_that_python_loses_is_heard_all_the_same() -> None:
    program = """
class Thing: ...
def lose(_):
    interrupt()
    time.sleep(30)
thing = Thing()
kept = weakref.ref(thing, lose)
try:
    del thing
    time.sleep(30)
except KeyboardInterrupt:
    print("heard")
"""
    assert told(program) == "heard\n"


def test_another_error_that_python_loses_is_told_as_ever() -> None:
    program = """
class Thing:
    def __del__(self):
        raise ValueError("lost")
Thing()
"""
    done = subprocess.run([sys.executable, "-c", BEGIN + program], capture_output=True, text=True, check=True)
    assert "ValueError: lost" in done.stderr


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_one_within_a_step_that_must_be_whole_waits_for_its_end(number: str) -> None:
    program = f"""
try:
    with shielded():
        with shielded():
            interrupt(signal.{number})
            print("whole")
        print("also")
    print("never")
except KeyboardInterrupt:
    print("heard")
time.sleep(0.1)
"""
    assert told(program) == "whole\nalso\nheard\n"


def test_one_is_heard_even_where_the_step_failed() -> None:
    program = """
try:
    with shielded():
        interrupt()
        raise ValueError
except KeyboardInterrupt as signal:
    print(repr(signal.__context__))
"""
    assert told(program) == "ValueError()\n"


def test_without_one_a_step_ends_as_it_does() -> None:
    program = """
try:
    with shielded():
        raise ValueError
except ValueError:
    print("failed")
with shielded():
    print("done")
try:
    interrupt()
except KeyboardInterrupt:
    print("heard")
"""
    assert told(program) == "failed\ndone\nheard\n"


def test_a_thread_beside_holds_nothing_back() -> None:
    program = """
inside, over = threading.Event(), threading.Event()
def beside():
    with shielded():
        inside.set()
        over.wait()
    print("done")
thread = threading.Thread(target=beside)
thread.start()
inside.wait()
try:
    interrupt()
    print("never")
except KeyboardInterrupt:
    print("heard")
over.set()
thread.join()
"""
    assert told(program) == "heard\ndone\n"


def test_one_that_whoever_started_us_switched_off_stays_so_unless_it_is_wanted() -> None:
    program = """
signal.signal(signal.SIGINT, signal.SIG_IGN)
hear_signals()
interrupt()
print("goes on")
hear_signals(switched_off=True)
try:
    interrupt()
except KeyboardInterrupt:
    print("heard")
"""
    assert told(program) == "goes on\nheard\n"
