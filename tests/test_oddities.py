"""What a person is told of text that must not be shown as it stands, and what is ordinary."""

from __future__ import annotations

import json

import pytest

from alekseylearn.oddities import LOOKED_AT, output_holds, secret_in, steers

TOKEN = "hf_" + "aB3dE6gH9j" * 3


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("<div><style scoped>.dataframe</style><table><tr><td>1</td></tr></table></div>", set()),
        ("\x1b[31mValueError\x1b[0m: \x1b[1;32mx\x1b[0m", set()),
        ("epoch 1: loss = 0.2, token accuracy 0.9, key = a", set()),
        ("<SCRIPT src=x>", {"markup"}),
        ("<img src=x onerror=alert(1)>", {"markup"}),
        ("<svg/onload='x'>", {"markup"}),
        ("<b class=c onwheel = alert(1)>", {"markup"}),
        ("once = 1 < 2", set()),
        ("<a href='data:text/html;base64,eA'>", {"markup"}),
        ("<iframe src='//evil.example'>", {"markup"}),
        ("[x](javascript:alert(1))", {"markup"}),
        ("\x1b]8;;http://evil.example\x07click", {"markup"}),
        ("\x1bPq", {"markup"}),
        (f"export HF_TOKEN={TOKEN}", {"secret"}),
        (f"one\n{TOKEN}\n", {"secret"}),
        ("-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIB\n-----END EC PRIVATE KEY-----", {"secret"}),
        (f"<script>{TOKEN}</script>", {"secret", "markup"}),
    ],
)
def test_what_an_output_holds(text: str, holds: set[str]) -> None:
    for ascii_only in (True, False):
        assert output_holds(json.dumps([{"text": text}], ensure_ascii=ascii_only)) == holds


@pytest.mark.parametrize(
    ("text", "acts"),
    [
        ("# A *title*\n<img src='logo.png' width=300>\n\n<b>bold</b> & <br>", False),
        ("x = a < b\nonset = 1\nif a <= formula: pass", False),
        ("<!-- alekseylearn:v1 pr=1 -->", True),
        ("</details>", True),
        ("</SUMMARY >", True),
        ("print('\x1b[2K')", True),
        ("<script>alert(1)</script>", True),
        ("<!-- a note -->", False),
        ("<style>* {display: none}</style>", True),
        ("text\n::add-mask::a", True),
        ("::error file=a,line=1::told", True),
        ("##[group]x", True),
        ("a[::2], b[1::], C::member", False),
    ],
)
def test_what_would_act_in_a_text(text: str, acts: bool) -> None:
    assert steers(text) is acts


def test_a_secret_is_looked_for_in_the_beginning_of_a_text() -> None:
    assert secret_in(f"login('{TOKEN}')")
    assert not secret_in("login(token)")
    assert not secret_in("a" * LOOKED_AT + f" login('{TOKEN}')")


def test_a_script_for_the_browser_among_outputs_is_told() -> None:
    for mime in ("application/javascript", "text/x-javascript", "application/ecmascript"):
        assert output_holds(json.dumps([{"data": {mime: "go()"}}])) == {"markup"}


@pytest.mark.parametrize(
    "text",
    [
        "123456789:A" + "aB3_" * 8 + "x9",
        "AccountName=x;AccountKey=" + "aB3d" * 21 + "==",
        "lin_api_" + "aB3d" * 10,
        "pscale_tkn_" + "aB3d" * 10,
        "key-" + "0a1b" * 8,
        "machine example.org login me password aB3dE6gH",
        "ATATT3" + "aB3d" * 20,
    ],
)
def test_every_known_shape_of_a_secret_is_told(text: str) -> None:
    assert secret_in(f"x = {text}\n")
