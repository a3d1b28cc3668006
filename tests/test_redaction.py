"""No secret is shown, however it is written and wherever a text is cut; what is none stays as it is."""

from __future__ import annotations

import base64
import hashlib
import html
import itertools
import json
import random
import shlex
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn import redaction
from alekseylearn.redaction import MARKER, Redactor, secrets_of
from alekseylearn.secret_shapes import is_secret_name

VALUE = "Tr0ub4dor & \"3\"/'höhe'+x=y"
PLAIN = Redactor()
# Never written as one word here: other people's scanners read this repository, too.
SAMPLES = [
    "AK" + "IA" + "QX3ZT7P2LM9KD4VB",
    "gh" + "p_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "gh" + "s_" + "123456_eyJhbGciOi.eyJpc3M.abc-DEF_9",
    "github" + "_pat_" + "11ABCDE0Y0abcdefghij_KLMNOPqrstuv",
    "h" + "f_" + "QwErTyUiOpAsDfGhJkLzXcVbNm",
    "s" + "k-" + "proj-A1b2C3d4E5f6G7h8I9j0",
    "xo" + "xb-" + "1234567890-abcdefGHIJ",
    "gl" + "pat-" + "x9Y8z7W6v5U4t3S2r1Q0",
    "np" + "m_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "py" + "pi-" + "AgEIcHlwaS5vcmcCJGE1b2M4",
    "AI" + "za" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "S" + "G." + "a1b2c3d4e5f6g7h8i9j0kl." + "m1n2o3p4q5r6s7t8u9v0wx",
    "e" + "yJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "123456789:" + "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1",
    "wJalr" + "XUtnFEMI/K7MDENG/bPxRfiCY1q2W3e4R7z",
]
IN_WORDS = [
    ("password=letmein", "letmein"),
    ("PGPASSWORD: s3cret-one", "s3cret-one"),
    ("{'client_secret': 'aaaabbbb'}", "aaaabbbb"),
    ('{\\"api_key\\": \\"aaaa-bbbb-1\\"}', "aaaa-bbbb-1"),
    ("api_key: str = 'abcdefgh'", "abcdefgh"),
    ("os.environ['MY_TOKEN'] = 'abcd1234abcd1234'", "abcd1234abcd1234"),
    ("token%3Dabcd1234abcd1234", "abcd1234abcd1234"),
    ("run --db-password hunter22 --epochs 3", "hunter22"),
    ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    ("proxy-authorization: s3crets3cret", "s3crets3cret"),
    ("sent bearer abcdef123456", "abcdef123456"),
    ("postgres://user:p%40ss@db/x", "p%40ss"),
    ("git clone https://abcdefghij0123456789@host/x", "abcdefghij0123456789"),
    ("https://hooks.slack.com/services/T000/B000/abcdefgh", "T000/B000/abcdefgh"),
    ("https://discord.com/api/webhooks/12345678/abcdefgh-ij", "abcdefgh-ij"),
    ("AccountKey=abcdefghijklmnopqrstuvwx==", "abcdefghijklmnopqrstuvwx"),
    ("x?sv=1&sig=abcdefghijklmnop%3D", "abcdefghijklmnop%3D"),
    ("WANDB_API_KEY=" + "0a1b" * 10, "0a1b" * 10),
    ("ENCRYPTION_KEY=a1b2c3d4e5f6a7b8", "a1b2c3d4e5f6a7b8"),
]
ORDINARY = [
    "epoch 3/10 loss=0.1234 val_accuracy: 0.91 lr=1e-05 tokens/s=1234.5 token_loss: 0.123456789012345e-05",
    "max_tokens=512 pad_token_id=50256 eos_token='</s>' tokenizer=BertTokenizerFast bos_token: <s>",
    "token = os.environ['HF_TOKEN']; password = getpass.getpass('Password: '); key = keys[0]",
    "password=config.database.password secret: None api_key=${API_KEY} passwords: 12345678",
    "sha256:" + hashlib.sha256(b"x").hexdigest(),
    "commit " + hashlib.sha1(b"x").hexdigest() + " of main",
    str(uuid.UUID(int=7**40)),
    "https://example.com/a@b/c?page=2 user@host.example mailto:a@b.example",
    "arn:aws:iam::123456789012:role/alekseylearn s3://bucket/churn/model.tar.gz",
    "/usr/local/lib/python3.11/site-packages/sklearn/ensemble/_forest.py:120: UserWarning",
    "hf_transformers sk-learn-contrib-tools-extra npm_config glpat xoxo bearer of news eyJ 2026-11-23T10:00:00Z",
    "dataset: s3://x secret santa; a monkey: 3, primary_key: id; keyboard=qwertzuiop12",
    "██████████| 100/100 [00:01<00:00, 99.1it/s]",
    "src/models/resnet/checkpoints/best/model1",
]


def written(spell: Callable[[str], str]) -> str:
    return Redactor.of([VALUE]).redact(f"before {spell(VALUE)} after")


@pytest.mark.parametrize(
    "spell",
    [
        str,
        lambda value: value[::-1],
        json.dumps,
        lambda value: json.dumps(value, ensure_ascii=False),
        lambda value: json.dumps(json.dumps(value)),
        repr,
        html.escape,
        quote,
        lambda value: quote(value, safe=""),
        lambda value: quote(value, safe="").replace("%2F", "%2f").replace("%2B", "%2b").replace("%C3", "%c3").replace("%B6", "%b6").replace("%3D", "%3d"),
        lambda value: "".join(f"%{byte:02X}" for byte in value.encode()),
        lambda value: "".join(f"%{byte:02x}" for byte in value.encode()),
        lambda value: json.dumps(value).replace("/", "\\/"),
        quote_plus,
        shlex.quote,
        lambda value: value.encode().hex(),
        lambda value: value.encode().hex().upper(),
        lambda value: base64.b64encode(value.encode()).decode(),
        lambda value: base64.b64encode(value.encode()).decode().rstrip("="),
        lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    ],
    ids=[
        "plain", "backwards", "json", "json-utf8", "json-twice", "repr", "html", "url", "url-all", "url-small", "url-every", "url-every-small", "json-php", "form", "shell", "hex",
        "hex-big", "base64", "base64-bare", "base64-url",
    ],
)  # fmt: skip
def test_a_value_is_hidden_however_it_is_written(spell: Callable[[str], str]) -> None:
    text = written(spell)
    assert text.replace("'", "").replace('"', "").replace("\\", "") == "before *** after"


@pytest.mark.parametrize("before", ["", "a", "ab", "user:", "x" * 40])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_value_is_hidden_inside_of_what_is_encoded(before: str, encode: Callable[[bytes], bytes]) -> None:
    whole = encode(f"{before}{VALUE} and more".encode()).decode()
    shown = Redactor.of([VALUE]).redact(whole)
    kept = shown.split(MARKER)
    assert len(kept) == 2
    assert len("".join(kept)) <= len(whole) - len(VALUE.encode()) * 8 // 6 + 3


def test_each_line_of_a_value_is_hidden() -> None:
    redactor = Redactor.of(["first-line-of-it\r\nshort\nsecond line of it\\nthird-line"])
    assert redactor.redact("a first-line-of-it\nb second line of it\nc third-line short") == "a ***\nb ***\nc *** short"


def test_a_short_value_hides_nothing() -> None:
    assert Redactor.of(["12345", "", "***"]).literals == ()


def test_a_very_long_value_is_hidden_to_its_end() -> None:
    value = "".join(random.Random(3).choices("abcdefgh-", k=20_003))
    for spell in (str, quote, lambda text: "x" * 70_000 + text):
        assert Redactor.of([value]).redact(spell(value)).lstrip("x") == MARKER


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("frame", ["{}", "x={} y", '{{"a": "{}"}}', "%3D{}", "({}),", "{}\n"])
def test_tokens_are_known_by_their_looks(sample: str, frame: str) -> None:
    if frame == "%3D{}" and sample[0] in "w1":
        return
    assert PLAIN.redact(frame.format(sample)) == frame.format(MARKER)


def test_a_token_is_known_behind_an_escaped_end_of_a_line() -> None:
    for sample in SAMPLES:
        assert PLAIN.redact(json.dumps(f"a\n{sample}\tb")) == json.dumps(f"a\n{MARKER}\tb")


@pytest.mark.parametrize(("text", "secret"), IN_WORDS)
def test_a_value_is_known_by_the_words_before_it(text: str, secret: str) -> None:
    shown = PLAIN.redact(text)
    assert MARKER in shown
    assert secret not in shown
    assert shown.split(MARKER)[0] in text


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays(text: str) -> None:
    assert PLAIN.redact(text) == text
    assert not PLAIN.finds(text)


def test_pictures_and_notebooks_stay() -> None:
    picture = base64.b64encode(random.Random(1).randbytes(200_000)).decode()
    assert PLAIN.redact(f'{{"image/png": "{picture}"}}') == f'{{"image/png": "{picture}"}}'
    wrapped = base64.encodebytes(random.Random(2).randbytes(20_000)).decode()
    assert PLAIN.redact(wrapped) == wrapped
    for path in sorted(Path("examples").rglob("*.ipynb")):
        text = path.read_text("utf-8")
        assert PLAIN.redact(text) == text


def test_a_token_in_base64_is_found() -> None:
    word = base64.b64encode(b"user:" + SAMPLES[1].encode()).decode()
    assert PLAIN.redact(f"auth {word} end") == "auth *** end"
    assert PLAIN.redact(base64.b64encode(b"just a long ordinary sentence.").decode()) != MARKER
    assert PLAIN.redact("a" * 21) == "a" * 21


KEY = "-----BEGIN EC PRIVATE KEY-----\n{}\nAbC=\n-----END EC PRIVATE KEY-----"
BODY = "\n".join(["MHcCAQEEIIGlRHtJ4bGmM9Jk3pX0YcVn1s2d3f4g5h6j7k8l9qAoGCCqGSM49AwE"] * 3)


def test_every_line_of_a_private_key_is_hidden() -> None:
    assert PLAIN.redact("a\n" + KEY.format(BODY) + "\nloss 0.4 ok\n") == "a\n" + "***\n" * 6 + "loss 0.4 ok\n"
    assert (
        PLAIN.redact("k = " + KEY.format(BODY).replace("\n", "\\n") + " after")
        == "k = ***\\n***\\n***\\n***\\nAbC=\\n*** after"
    )
    quoted = "".join(f"12:00 > {line}\n" for line in KEY.format(BODY).splitlines())
    assert "MHcC" not in PLAIN.redact(quoted)
    two = KEY.format("x") + " " + KEY.format("y")
    assert "BEGIN" not in PLAIN.redact(two)


def test_a_private_key_that_never_ends_hides_not_all_that_follows() -> None:
    text = "-----BEGIN RSA PRIVATE KEY-----\n" + "the training goes on\n" * 20 + "sha " + "a" * 40 + "\n"
    assert PLAIN.redact(text).endswith("sha " + "a" * 40 + "\n")


def test_a_private_key_on_a_line_without_end_is_hidden() -> None:
    key = "x" * 70_000 + " " + KEY.format("A1b2" * 16).replace("\n", " ") + " y" * 70_000
    shown = PLAIN.redact(key)
    assert "A1b2" not in shown
    assert shown.endswith(" y" * 70_000)
    open_end = "-----BEGIN RSA PRIVATE KEY-----" + " A1b2A1b2A1b2A1b2" * 20_000
    assert "A1b2" not in PLAIN.redact(open_end)


def test_a_secret_that_is_longer_than_the_window_is_hidden_to_its_end() -> None:
    for long in ("password=" + "Ab1" * 100_000, "e" + "yJ" + "a1" * 50_000 + "." + "b2" * 90_000):
        shown = PLAIN.redact(f"{long} epoch 1 {'y ' * 100_000}\nnext")
        assert shown.replace("password=", "") == f"*** epoch 1 {'y ' * 100_000}\nnext"
        assert PLAIN.redact(long).endswith(MARKER)


@pytest.mark.parametrize("place", [65_530, 131_050, 131_071])
def test_a_secret_across_the_ends_of_windows_is_hidden(place: int) -> None:
    for secret in (SAMPLES[1], "password=abc123def"):
        text = "-" * place + " " + secret + " " + "-" * 70_000
        assert (
            PLAIN.redact(text)
            == "-" * place + " " + secret[: secret.find("=") + 1 if secret[0] == "p" else 0] + "*** " + "-" * 70_000
        )


PIECES = st.sampled_from(
    [SAMPLES[1], SAMPLES[12], VALUE, base64.b64encode(VALUE.encode()).decode(), "password=abc123", "-----BEGIN RSA PRIVATE KEY-----",
     "-----END RSA PRIVATE KEY-----", "A1b2" * 10, "\n", "\n", "\r", " ", "x", "epoch 1", "://u:p@", "=", "é", "token: "]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40), st.lists(st.integers(0, 400), max_size=8), st.sampled_from([48, 96, 65_536]))
def test_it_makes_no_difference_where_a_text_is_cut(pieces: list[str], cuts: list[int], window: int) -> None:
    text = "".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redaction, "WINDOW", window)
        redactor = Redactor.of([VALUE])
        stream = redactor.stream()
        places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
        shown = "".join(stream.feed(text[a:b]) for a, b in itertools.pairwise(places)) + stream.end()
        assert shown == redactor.redact(text)
        assert shown.count(MARKER) >= stream.count
        one_by_one = redactor.stream()
        assert "".join(map(one_by_one.feed, text)) + one_by_one.end() == shown


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_known_value_never_comes_through(before: str, after: str) -> None:
    assert VALUE not in Redactor.of([VALUE]).redact(before + VALUE + after)


def test_whole_lines_come_out_at_once() -> None:
    stream = PLAIN.stream()
    assert stream.feed("epoch 1\nepo") == "epoch 1\n"
    assert stream.feed("ch 2") == ""
    assert stream.feed("\n") == "epoch 2\n"
    assert stream.end() == ""
    assert stream.count == 0


@pytest.mark.parametrize(
    "unit",
    ["x", "token", "://a:", "eyJ", "-----BEGIN RSA PRIVATE KEY-----", "password=", "a1B2/", "ghp_a.-", "secret='"],
)
def test_time_grows_with_the_length_only(unit: str) -> None:
    def spent(length: int) -> float:
        text = unit * (length // len(unit))
        began = time.process_time()
        PLAIN.redact(text)
        return time.process_time() - began

    spent(50_000)
    assert spent(800_000) < 40 * max(spent(100_000), 0.01)


def test_json_is_redacted_in_strings_keys_and_under_names() -> None:
    redactor = Redactor.of([VALUE])
    document = {
        "password": "two", "db_password": "abcdef", "api_token": "abcdef", VALUE: 1, "deep": [{"x": f"a {VALUE}"}, 2.5, None, True],
        "text": ["-----BEGIN RSA PRIVATE KEY-----\n", "abc\n", "-----END RSA PRIVATE KEY-----\n", "z"],
        "words": [VALUE, "b"], "one": [VALUE], "tokens": ["secret words here"], "secret": "a sentence about it", "pair": (VALUE, 1),
    }  # fmt: skip
    assert redactor.tree(document) == {
        "password": "two", "db_password": MARKER, "api_token": MARKER, MARKER: 1, "deep": [{"x": f"a {MARKER}"}, 2.5, None, True],
        "text": ["***\n", "***\n", "***\n", "z"],
        "words": [MARKER, "b"], "one": [MARKER], "tokens": ["secret words here"], "secret": "a sentence about it", "pair": [MARKER, 1],
    }  # fmt: skip


def test_secrets_are_found_in_the_environment_by_name() -> None:
    environ = {
        "GITHUB_TOKEN": "token-value", "AWS_SECRET_ACCESS_KEY": "/slash/first+value", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "DB_PASSWORD": "abcdef",
        "INPUT_GITHUB-TOKEN": "token-value", "OPENAI_API_KEY": "abcdefg", "DEPLOY_KEY": "deploying", "SHORT_TOKEN": "abc",
        "GOOGLE_APPLICATION_CREDENTIALS": "/home/me/key.json", "AWS_SHARED_CREDENTIALS_FILE": "somewhere", "PATH": "/bin:/usr/bin",
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://example.com", "KEYBOARD": "qwertz", "USE_TOKEN": "disabled", "MONKEY": "banana",
    }  # fmt: skip
    assert set(secrets_of(environ)) == {
        "token-value",
        "/slash/first+value",
        "AKIDEXAMPLE",
        "abcdef",
        "abcdefg",
        "deploying",
    }


def test_addresses_to_be_notified_are_secrets_with_their_tokens() -> None:
    found = secrets_of({"ALEKSEYLEARN_NOTIFY": "tgram://123456789/a%20token-of-them-all ntfy://host/topic"})
    assert found == (
        "tgram://123456789/a%20token-of-them-all",
        "a%20token-of-them-all",
        "a token-of-them-all",
        "ntfy://host/topic",
    )


def test_names_tell_of_secrets() -> None:
    assert all(map(is_secret_name, ["password", "AWS_SECRET_ACCESS_KEY", "token", "hf_token", "apiKey", "x-auth"]))
    assert not any(map(is_secret_name, ["tokens", "tokenizer", "key", "name", "author"]))


def test_what_a_shell_prints_of_a_value_is_hidden() -> None:
    done = subprocess.run(
        ["bash", "-c", "printf '%q' \"$1\"", "bash", "a b'c;d e"], capture_output=True, text=True, check=True
    )
    assert Redactor.of(["a b'c;d e"]).redact(done.stdout) == MARKER


def test_the_beginning_of_a_value_is_hidden_where_a_text_was_cut() -> None:
    redactor = Redactor.of(["open-sesame-and-more"])
    assert redactor.redact("a open-sesame… b") == "a ***… b"
    assert redactor.redact("open-sesam x… open… open-s…") == "open-sesam x… open… ***…"
    assert PLAIN.redact("open-sesame…") == "open-sesame…"
