"""A pull request whose comments were written by others and by us: what becomes of them when we report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alekseylearn.comment_state import CommentState, encode, is_ours, marker
from alekseylearn.forges.github import connect
from alekseylearn.settings import Inputs
from alekseylearn.text import Markdown
from tests.fakes.github.server import FakeGitHub
from tests.fakes.github.state import ACTIONS, Account, Comment
from tests.steps import EVENT, REPOSITORY, settings_of

PULL = 1
THEIRS = "<!-- alekseylearn:v1 pr=1 -->"
"""What the corpus takes for the marker; ours stands in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Which comment has the report now (None: a new one), whose comments were changed, how many of ours there are."""

    kept: int | None
    touched: tuple[int, ...]
    ours: int
    note: str


def settle(path: Path) -> Settled:
    """Report on a pull request with the comments in the file *path*."""
    listed = json.loads(path.read_bytes())
    with FakeGitHub() as github:
        repository = github.add_repository(REPOSITORY)
        repository.add_pull(PULL)
        before = {told["id"]: _comment(told) for told in listed}
        repository.all_comments.update(before)
        texts = {number: comment.body for number, comment in before.items()}
        mine = {number for number, text in texts.items() if is_ours(text, PULL) and before[number].author == ACTIONS}
        report = f"{marker(PULL)}\n### done\n\n{encode(CommentState(order=(1, 1), head='a' * 40))}"
        posted = _forge(github.url).upsert_comment(PULL, Markdown(report), order=(1, 1))
        after = {comment.id: comment for comment in repository.comments(PULL)}
    kept = [number for number, comment in after.items() if comment.body == report]
    touched = [number for number in texts if number not in mine and after[number].body != texts[number]]
    (number,) = kept
    ours = sum(1 for one in after.values() if one.author == ACTIONS and is_ours(one.body, PULL))
    return Settled(
        kept=number if number in texts else None,
        touched=tuple(touched),
        ours=ours,
        note=" ".join((posted.note, *posted.warnings)),
    )


def _comment(told: Mapping[str, Any]) -> Comment:
    user = told["user"] or {"login": "ghost", "id": 10137, "type": "User"}
    app = told["performed_via_github_app"]
    author = Account(login=user["login"], id=user["id"], type=user["type"], app=app and app["slug"])
    when = "2026-01-01T00:00:00Z"
    body = told["body"].replace(THEIRS, marker(PULL))
    return Comment(id=told["id"], issue=PULL, body=body, author=author, created_at=when, updated_at=when)


def _forge(url: str) -> Any:
    settings = settings_of(Inputs(github_token="ghs_workflow"), api_url=url)
    return connect(settings, EVENT)
