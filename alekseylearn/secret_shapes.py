"""Secrets that can be told by their looks: prefixes that services give their tokens, and words that stand before them.

Prefixes as the services document them (GitHub, GitLab, Hugging Face, OpenAI, Slack, Stripe, npm, PyPI, Google, AWS
"Understanding unique ID prefixes", RFC 7519 for JWT, RFC 7468 for PEM). Every pattern is bounded or starts at the
beginning of a word, so that no text takes longer than its length.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Span = tuple[int, int]
"""From where to where a secret stands in a text."""

# A word begins here; `%3D` before it is an equals sign in a URL, `\n` the end of a line in a string.
_START = r"(?:(?<![A-Za-z0-9_\-])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))"
_NAMES = (
    r"pass(?:word|wd|phrase)|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|account[_-]?key|shared[_-]?key"
    r"|credentials?|[a-z0-9][_-]key"
)
_SURE = re.compile(r"(?i)pass|pwd|secret|credential|(?:api|access|private|account|shared)[_-]?key")
_NAMED = re.compile(
    rf"(?i)(?P<name>{_NAMES})(?P<tail>[a-z0-9_.\-]{{0,40}}+)"
    r"(?:\\{0,3}[\"'])?\]?(?:[ \t]{0,2}:[ \t]{0,2}[a-z_.\[\] |]{1,40}(?==))?"
    r"(?P<sign>[ \t]{0,4}(?:=>|:=|[=:]|%3a|%3d)[ \t]{0,4})"
    r"(?:[bfru]{0,2}\\{0,3}(?P<quote>[\"'])(?P<quoted>[^\"'\n\\]{1,})|(?P<bare>[^\s\"'\\,;&<>()\[\]{}|]{4,}))"
)
_ARGUMENT = re.compile(
    r"(?i)--(?P<name>[a-z-]{0,30}(?:password|passwd|token|secret|api-key))(?P<sign>[ \t]{1,4})"
    r"(?P<bare>[^\s\"'\\,;&<>()\[\]{}|]{4,})"
)
_PLACEHOLDER = re.compile(
    r"(?:[*xX.•-]+|[<\[{$%].*|None|null|[Tt]rue|[Ff]alse|[-+]?[0-9.]+(?:e[-+]?[0-9]+)?|(?:\.{0,2}|~)/[\w./~-]*)\Z",
    re.DOTALL,
)
_REFERENCE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+\Z")
_LETTER, _DIGIT, _UPPER, _LOWER = (re.compile(each) for each in ("[A-Za-z]", "[0-9]", "[A-Z]", "[a-z]"))
_CHANGES = re.compile("[A-Z](?=[a-z0-9+/])|[a-z](?=[A-Z0-9+/])|[0-9](?=[A-Za-z+/])|[+/](?=[A-Za-z0-9])")
# A secret access key of AWS has no prefix: 40 characters of base64 that are neither hexadecimal nor words.
_ACCESS_KEY = re.compile(r"(?:(?<![A-Za-z0-9+/_.\-\\])|(?<=\\[nrt]))[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=_\-])")
_RANDOM_CHANGES, _RANDOM_LENGTH = 13, 16
_BASE64 = re.compile(r"(?:(?<![A-Za-z0-9+/_\-\\])|(?<=\\[nrt]))[A-Za-z0-9+/_\-]{20,4096}={0,2}(?![A-Za-z0-9+/_\-=])")
_STANDARD = str.maketrans("-_", "+/")
_VISIBLE = re.compile(r"[\t\n\r -~]*\Z")

BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
"""Where a private key begins."""
END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
"""Where a private key ends."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """A pattern, tried only where one of its *hints* stands (in small letters); group 1, if any, is the secret."""

    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    check: Callable[[str], bool] = lambda _: True

    def spans(self, text: str) -> Iterator[Span]:
        for match in self.pattern.finditer(text):
            group = self.pattern.groups
            if self.check(match[group]):
                yield match.span(group)


def is_secret_name(name: str) -> bool:
    """Tell whether *name*, of a variable or a key, says that its value is a secret."""
    return _SURE.search(name) is not None or re.search(r"(?i)(?:\A|[_-])(?:token|auth)\Z", name) is not None


def _has_digit(text: str) -> bool:
    return _DIGIT.search(text) is not None


def _is_mixed(text: str) -> bool:
    """Tell a token from words that are joined by underscores."""
    body = text.partition("_")[2] or text
    return _has_digit(body) or (_UPPER.search(body) is not None and _LOWER.search(body) is not None)


def _is_random(text: str) -> bool:
    long = len(text) >= _RANDOM_LENGTH
    return long and _has_digit(text) and _LETTER.search(text) is not None and not _REFERENCE.match(text)


def _is_access_key(text: str) -> bool:
    kinds = all(kind.search(text) for kind in (_UPPER, _LOWER, _DIGIT))
    return kinds and len(_CHANGES.findall(text)) >= _RANDOM_CHANGES and not _decoded(text)


def _prefixed(prefixes: str, rest: str, check: Callable[[str], bool]) -> _Shape:
    words = prefixes.split()
    spelled = "|".join(re.escape(word) for word in words)
    return _Shape(tuple(word.lower() for word in words), re.compile(f"{_START}(?:{spelled}){rest}"), check)


def _placed(hints: str, pattern: str, check: Callable[[str], bool] = lambda _: True) -> _Shape:
    return _Shape(tuple(hints.split()), re.compile(pattern), check)


_SHAPES = (
    _prefixed("AKIA ASIA ABIA ACCA", r"[A-Z0-9]{16}(?![A-Z0-9])", lambda _: True),
    _prefixed("ghp_ gho_ ghu_ ghs_ ghr_", r"[A-Za-z0-9](?:[A-Za-z0-9_.\-]{10,}[A-Za-z0-9])", _is_mixed),
    _prefixed("hf_ api_org_", r"[A-Za-z0-9]{12,}", _is_mixed),
    _prefixed("sk- sk_live_ sk_test_ rk_live_ rk_test_ whsec_ github_pat_", r"[A-Za-z0-9_\-]{16,}", _has_digit),
    _prefixed("xoxa- xoxb- xoxc- xoxe- xoxe. xoxo- xoxp- xoxr- xoxs- xapp-", r"[A-Za-z0-9\-]{10,}", _has_digit),
    _prefixed(
        "glpat- gldt- glrt- glcbt- glptt- glft- glimt- glagent- glsoat- gloas-", r"[A-Za-z0-9_.\-]{14,}", _is_mixed
    ),
    _prefixed("npm_ dckr_pat_ dckr_oat_ shpat_ shpss_ dop_v1_ doo_v1_ lin_api_", r"[A-Za-z0-9_\-]{20,}", _has_digit),
    _prefixed("r8_ gsk_ ntn_ wandb_v1_ figd_ sntrys_ sbp_ glsa_", r"[A-Za-z0-9_\-]{20,}", _has_digit),
    _prefixed("pypi- nvapi- tskey- pul- dapi hvs. hvb. ATATT3 ATCTT3", r"[A-Za-z0-9_.=\-]{20,}", _has_digit),
    _prefixed("AIza ya29. 1//0 GOCSPX-", r"[A-Za-z0-9_\-]{16,}", _has_digit),
    _prefixed("SG.", r"[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}", _has_digit),
    _prefixed(
        "pscale_tkn_ pscale_pw_ pscale_oauth_ xai- pplx- PMAK- NRAK- sq0atp- sq0csp- rubygems_ sgp_ phx_",
        r"[A-Za-z0-9_\-]{20,}",
        _has_digit,
    ),
    _prefixed("key-", r"[0-9a-f]{32}(?![0-9A-Za-z])", _has_digit),
    _placed("password", r"(?i)(?<![a-z])login[ \t]{1,4}[^\s]{1,80}[ \t]{1,4}password[ \t]{1,4}([^\s\"']{4,})"),
    _prefixed("AGE-SECRET-KEY-1", r"[A-Z0-9]{20,}", _has_digit),
    _prefixed("eyJ", r"[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]*){0,3}", _is_mixed),
    _placed(":a", rf"{_START}[0-9]{{8,10}}:A[A-Za-z0-9_\-]{{34}}(?![A-Za-z0-9_\-])"),
    _placed(
        "authorization",
        r"(?i)authorization(?:\\{0,3}[\"'])?[ \t]{0,4}[:=][ \t]{0,4}(?:\\{0,3}[\"'])?"
        r"(?:[a-z][a-z0-9-]{2,20}[ \t]{1,4})?([^\s\"'\\<>]{6,})",
    ),
    _placed("bearer", r"(?i)(?<![a-z])bearer[ \t]{1,4}([a-z0-9._~+/\-]{10,}={0,2})", _has_digit),
    _placed("://", r"://[^\s/?#@:\"'\\<>]*:([^\s/\"'\\<>]+)@"),
    _placed("://", r"://([A-Za-z0-9_\-]{20,})@", _is_random),
    _placed("hooks.slack.com/", r"(?i)hooks\.slack\.com/[a-z]{4,12}/([a-z0-9/_\-]{10,})"),
    _placed("/api/webhooks/", r"(?i)/api/webhooks/([0-9]{5,30}/[a-z0-9_\-]{10,})"),
    _placed("webhook.office.com/", r"(?i)webhook\.office\.com/([a-z0-9/@_\-]{10,})"),
    _placed("accountkey sharedaccesskey", r"(?i)(?:account|sharedaccess)key=([a-z0-9+/]{16,}={0,2})"),
    _placed(
        "sig= signature= x-amz-",
        r"(?i)[?&](?:sig|signature|x-amz-signature|x-amz-security-token|x-amz-credential|x-goog-signature)="
        r"([^\s&\"'\\<>]{16,})",
    ),
)

HINTS = tuple(hint for shape in _SHAPES for hint in shape.hints)
"""In small letters: text with none of these, and with no word that speaks of a secret, holds no known shape of one."""


def spans(text: str) -> Iterator[Span]:
    """Find the secrets that *text*, without line ends that matter, shows by their looks; spans may overlap."""
    small = text.lower()
    # A letter may become two in small letters: then hints are true still, only places are not, and none is used.
    for shape in _SHAPES:
        if any(hint in small for hint in shape.hints):
            yield from shape.spans(text)
    yield from _named(text, small)
    yield from (match.span() for match in _ACCESS_KEY.finditer(text) if _is_access_key(match[0]))


def _named(text: str, small: str) -> Iterator[Span]:
    if not any(word in small for word in ("pass", "pwd", "secret", "token", "key", "credential")):
        return
    for pattern in (_NAMED, _ARGUMENT):
        for match in pattern.finditer(text):
            kind = "quoted" if match.groupdict().get("quoted") is not None else "bare"
            sure = _SURE.search(match["name"]) is not None
            tight = sure and match["name"].lower().startswith("pass") and match["sign"] == "="
            quoted, follows = kind == "quoted", text[match.end() : match.end() + 1]
            if _is_value(match[kind], sure=sure, quoted=quoted, tight=tight, follows=follows):
                yield match.span(kind)


def _is_value(value: str, *, sure: bool, quoted: bool, tight: bool, follows: str) -> bool:
    """Tell a secret from what code and prose say after such a name."""
    if _PLACEHOLDER.match(value):
        return False
    if not sure:
        return _is_random(value) and (quoted or follows not in ("(", "["))
    if quoted:
        return " " not in value.strip() and len(value) >= 4
    if len(value) < 6 or follows in ("(", "[") or _REFERENCE.match(value):
        return False
    return tight or _is_mixed(value)


def wrapped_spans(text: str) -> Iterator[Span]:
    """Find words in base64 that hold, decoded, a secret of known looks."""
    for match in _BASE64.finditer(text):
        shown = _decoded(match[0])
        if shown and (BEGIN.search(shown) or next(spans(shown), None)):
            yield match.span()


def _decoded(word: str) -> str:
    """Return the visible text that *word* is the base64 of, '' when it is of none."""
    bare = word.rstrip("=").translate(_STANDARD)
    try:
        shown = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return shown if _VISIBLE.match(shown) else ""
