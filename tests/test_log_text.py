"""What a training prints is shown as text: no line of it steers a runner or a terminal, and no secret comes through."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.log_text import LONGEST_LINE, LogFilter, without_steering
from alekseylearn.redaction import Redactor

TOKEN = "gh" + "p_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
SIGNS = [*"ab:[]# \t", "::", "##[", "\x1b", "\x1b[31m", "\x1b]8;;", "\x07", "\x9b", "\x9d", "\x08", "\x00", "\r", "\n", "\v", "\x85", "\u2028",
         "\u202e", "\ud800", "é", "👩\u200d🔬", "::error::x", "\x1b[2J"]  # fmt: skip
HOSTILE = st.lists(st.sampled_from(SIGNS), max_size=15).map("".join)


def shown(*lines: str) -> tuple[str, LogFilter]:
    log = LogFilter(Redactor.of(["a-known-value"]))
    return "".join(log.lines(lines)), log


@given(st.lists(HOSTILE, max_size=5))
def test_nothing_that_steers_is_left(lines: list[str]) -> None:
    text, _ = shown(*lines)
    assert "##[" not in text
    assert all(sign.isprintable() or sign in "\n\t" for sign in text if sign != "\u200b")
    assert text.count("\n") >= len(lines)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("::error::x", "::error::x"),
        ("  ::x::", "  ::x::"),
        ("loss ##[error]x", "loss ##\u200b[error]x"),
        ("##\x08[error]x", "##\u200b[error]x"),
        ("\x1b[2Jred", "red"),
        ("\x1b]8;;https://evil.example\x07click\x1b]8;;\x07 here", "click here"),
        ("\x1bP1;2\x1b\\after \x1b7", "after "),
        ("\x9b31mred", "red"),
        ("a\x00b\x08c", "abc"),
        ("a\u202eb", "ab"),
        ("a\ufffdb", "a\ufffdb"),
        ("ghadelimiter_0-0", "ghadelimiter_0-0"),
        ("result<<EOF", "result<<EOF"),
    ],
)
def test_what_would_steer_is_named(line: str, text: str) -> None:
    seen, log = shown(line)
    assert seen == text + "\n"
    assert log.steering == 1


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("epoch 1: loss=0.5 [::2] a << 3", None),
        ("50%\r100%", "50%\n100%"),
        ("\x1b[32mgreen\x1b[0m", "green"),
        ("木 🚀\tü", None),
        ("❤\ufe0f", "❤"),
    ],
)
def test_ordinary_lines_are_no_attack(line: str, text: str | None) -> None:
    seen, log = shown(line)
    assert seen == (line if text is None else text) + "\n"
    assert (log.steering, log.hidden) == (0, 0)


def test_secrets_are_hidden_and_counted_though_signs_stand_within_them() -> None:
    text, log = shown(f"x {TOKEN[:9]}\x1b[1m{TOKEN[9:]}", "a-known-\u200bvalue")
    assert text == "x ***\n***\n"
    assert log.hidden == 2


def test_a_private_key_is_hidden_from_one_reading_of_a_log_to_the_next() -> None:
    log = LogFilter(Redactor())
    first = "".join(log.lines(["-----BEGIN RSA PRIVATE KEY-----"]))
    assert (
        first + "".join(log.lines(["A1b2" * 16, "-----END RSA PRIVATE KEY-----", "epoch 1"]))
        == "***\n***\n***\nepoch 1\n"
    )


def test_a_carriage_return_before_the_end_of_a_line_makes_no_other_line() -> None:
    assert shown("a\r\n", "b\r\n", "50%\r100%\n", "\r\n")[0] == "a\nb\n50%\n100%\n\n"
    wrapped = [TOKEN[:20], TOKEN[20:]]
    assert shown(*(f"{part}\r\n" for part in wrapped))[0] == shown(*(f"{part}\n" for part in wrapped))[0]


def test_a_secret_that_a_cut_goes_through_is_counted() -> None:
    text, log = shown("x " * (LONGEST_LINE // 2 - 5) + TOKEN + " y" * 50)
    assert (TOKEN[:8] in text, log.hidden) == (False, 1)


def test_a_line_without_end_is_cut_in_little_memory() -> None:
    line = "x" * 5_000_000 + TOKEN
    tracemalloc.start()
    text, log = shown(line)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert text == "x" * LONGEST_LINE + f" … ({len(line) - LONGEST_LINE:,} more characters)\n"
    assert peak < 3_000_000
    assert log.steering == 1


def test_a_secret_across_the_cut_is_hidden() -> None:
    text, _ = shown("x" * (LONGEST_LINE - 11) + " " + TOKEN * 1 + "y" * 10)
    assert TOKEN[:6] not in text


def test_many_lines_come_in_blocks() -> None:
    log = LogFilter(Redactor())
    blocks = list(log.lines(f"epoch {number}" for number in range(20_000)))
    assert len(blocks) > 2
    assert "".join(blocks) == "".join(f"epoch {number}\n" for number in range(20_000))


def test_a_terminal_is_not_steered() -> None:
    assert without_steering("\x1b[31ma\x1b]0;title\x07\x08b") == "ab"
