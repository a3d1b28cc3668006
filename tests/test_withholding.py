"""A secret that stands in every place of an outcome that strangers write to reaches nobody that is told of it."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from enum import Enum

import pytest

from alekseylearn.actions import Runner
from alekseylearn.comment_state import decode, encode
from alekseylearn.documents import outcome_json
from alekseylearn.jobs import Artifact
from alekseylearn.notice import write_notice
from alekseylearn.page import render_page
from alekseylearn.redaction import Redactor
from alekseylearn.report import Outcome, render
from alekseylearn.sections import SECTIONS
from alekseylearn.text import Markdown
from alekseylearn.withholding import without_secrets
from tests.hostile import poisoned
from tests.outcomes import STATES

VALUE = "wolpertinger-7/hX+ab"
TOKEN = "gh" + "p_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
CANARIES = {
    "a value": VALUE,
    "a token": f"is {TOKEN} so",
    "in base64": base64.b64encode(VALUE.encode()).decode(),
    "far in": "x" * 60 + " " + VALUE,
    "in an address": f"https://user:{VALUE.replace('/', '%2F')}@example.com/x",
}
REDACTOR = Redactor.of([VALUE])
PAGES = sorted(STATES)[::5]
LEFT = re.compile("wolpert|tinger|7/hX|a1B2c3|" + base64.b64encode(VALUE.encode()).decode()[:10])


def say(outcome: Outcome) -> str:
    """Tell a step's runner of everything that it may be told."""
    stream = io.StringIO()
    runner = Runner(stream, redactor=REDACTOR)
    for one in outcome.notebooks:
        runner.echo([f"{one.decision} {one.path}: {one.reason}", one.head.log_tail if one.head else ""])
        runner.annotate("error", one.refused, title=one.name, file=one.path)
    return stream.getvalue()


SINKS: dict[str, Callable[[Outcome], str]] = {
    "comment": lambda outcome: render(outcome, SECTIONS),
    "short comment": lambda outcome: render(outcome, SECTIONS, 4000),
    "page": lambda outcome: REDACTOR.redact(render_page(outcome)),
    "document": lambda outcome: json.dumps(REDACTOR.tree(outcome_json(outcome))),
    "notification": lambda outcome: str(write_notice(outcome, "failed", ())),
    "log": say,
    "state": lambda outcome: str(decode(render(outcome, SECTIONS))),
}


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("name", STATES)
def test_no_sink_shows_a_secret(name: str, canary: str) -> None:
    told = without_secrets(poisoned(STATES[name], CANARIES[canary]), REDACTOR)
    for sink, shown in SINKS.items():
        # To draw a page takes as long as all the rest.
        if sink != "page" or name in PAGES:
            assert not LEFT.search(shown(told)), sink


def test_what_has_no_secret_stays_the_same_object() -> None:
    for told in STATES.values():
        assert without_secrets(told, REDACTOR) is told


def test_files_are_found_again() -> None:
    told = Artifact(name=VALUE, path=f"model/{VALUE}", size=1, sha256="ab" * 32)
    assert without_secrets(told, REDACTOR) == replace(told, name="***")


def test_values_of_all_kinds_come_through() -> None:
    class Kind(Enum):
        ONE = VALUE

    held = (1, None, 0.5, Kind.ONE, frozenset({VALUE}), {VALUE: (VALUE,)}, int)
    assert without_secrets(held, REDACTOR) == (1, None, 0.5, Kind.ONE, frozenset({"***"}), {"***": ("***",)}, int)


def test_the_state_in_a_comment_survives_the_redactor() -> None:
    for told in STATES.values():
        body = render(told, SECTIONS)
        assert REDACTOR.redact(body) == body
        state = decode(body)
        assert state is None or encode(state) in Markdown(body)


def test_a_page_without_secrets_is_not_touched() -> None:
    page = render_page(next(iter(STATES.values())))
    assert Redactor().redact(page) == page
