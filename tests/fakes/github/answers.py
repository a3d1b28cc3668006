"""Answers of the stand-in: their shape, their pages and their errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.fakes.github.faults import DOCS
from tests.fakes.github.openapi import Call, Json
from tests.fakes.github.render import Renderer
from tests.fakes.github.state import Account, Artifact, Repository

PAGE = 30
"""Items on a page when nobody asks for a number."""

Permissions = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer before it goes out; *body* None means no content."""

    status: int
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, with everything that a route needs to answer it."""

    call: Call
    path: str
    body: Json
    account: Account
    renderer: Renderer
    repository: Repository
    download: Callable[[Artifact], str]
    remaining: int

    def number(self, name: str) -> int:
        """Return the path parameter *name* as a number."""
        return int(self.call.parameters[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How an operation is answered, and the permissions of which a token needs one."""

    answer: Callable[[Asked], Answer]
    needs: tuple[str, ...]

    def allows(self, permissions: Permissions) -> bool:
        """Tell whether a token with *permissions* may call the operation."""
        wanted = (need.split(":") for need in self.needs)
        return not self.needs or any(permissions.get(scope) in {level, "write"} for scope, level in wanted)


def error(status: int, text: str, **more: Json) -> Answer:
    """Return one of GitHub's errors."""
    return Answer(status=status, body={"message": text, "documentation_url": DOCS, "status": str(status), **more})


NOT_FOUND = error(404, "Not Found")


def paged(asked: Asked, items: Sequence[Json], key: str | None = None) -> Answer:
    """Return the page of *items* that the query asks for, with a `Link` header; *key* wraps the page."""
    size = max(1, min(int(asked.call.query.get("per_page", PAGE)), 100))
    page = max(1, int(asked.call.query.get("page", 1)))
    last = max(1, -(-len(items) // size))
    targets = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    shown = [name for name in targets if (page > 1 if name in {"prev", "first"} else page < last)]
    keep = "".join(f"&{k}={v}" for k, v in asked.call.query.items() if k not in {"page", "per_page"})
    links = [
        f'<{asked.renderer.api}{asked.path}?per_page={size}&page={targets[name]}{keep}>; rel="{name}"' for name in shown
    ]
    part = items[(page - 1) * size : page * size]
    body = part if key is None else {"total_count": len(items), key: part}
    return Answer(status=200, body=body, headers={"Link": ", ".join(links)} if links else {})


def encode(answer: Answer) -> bytes:
    """Return the bytes of an answer's body."""
    return b"" if answer.body is None else json.dumps(answer.body).encode()
