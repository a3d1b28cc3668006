"""What can go wrong between a client and GitHub, to be queued on the stand-in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

DOCS = "https://docs.github.com/rest"
JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An answer that is given instead of the right one, to the next request that fits.

    With *after_commit* the request is carried out first: the client hears of a failure that was none.
    With *reset* the connection breaks and there is no answer at all.
    """

    status: int = 500
    body: str = ""
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)
    after_commit: bool = False
    reset: bool = False
    method: str | None = None
    path: str = ""

    def fits(self, method: str, path: str) -> bool:
        """Tell whether the fault is meant for *method* on *path* (any method; a part of the path)."""
        return self.method in {None, method} and self.path in path


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobFault:
    """What goes wrong with the next archive that is handed out.

    *status* is an answer of the store's own (403 for a signature that has expired). Only *cut* bytes come, then the
    connection breaks. With *whole* the store knows no ranges; *body* is handed out instead of the archive.
    """

    status: int = 0
    cut: int | None = None
    whole: bool = False
    body: bytes | None = None


def bad_gateway(*, after_commit: bool = False, method: str | None = None, path: str = "") -> Fault:
    """Return GitHub's 502, after the request was carried out or before."""
    return Fault(status=502, body=message("Server Error"), after_commit=after_commit, method=method, path=path)


def html_page(*, after_commit: bool = False, method: str | None = None, path: str = "") -> Fault:
    """Return a web page with status 200 where JSON is due, as a proxy in between would."""
    page = (
        "<!DOCTYPE html><html><head><title>Unicorn!</title></head><body><p>GitHub is taking a break.</p></body></html>"
    )
    content_type = "text/html; charset=utf-8"
    return Fault(status=200, body=page, content_type=content_type, after_commit=after_commit, method=method, path=path)


def too_many(*, retry_after: int | None = None, method: str | None = None, path: str = "") -> Fault:
    """Return a 429, with a `Retry-After` in seconds or without one."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Fault(status=429, body=message("Too many requests"), headers=headers, method=method, path=path)


def secondary_limit(*, retry_after: int | None = None, method: str | None = None, path: str = "") -> Fault:
    """Return the 403 of the secondary rate limit, with a `Retry-After` in seconds or without one."""
    text = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Fault(status=403, body=message(text), headers=headers, method=method, path=path)


def primary_limit(*, reset: int, method: str | None = None, path: str = "") -> Fault:
    """Return the 403 of the used-up hourly limit, which ends at *reset* (seconds since 1970)."""
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}
    text = "API rate limit exceeded for installation ID 1."
    return Fault(status=403, body=message(text), headers=headers, method=method, path=path)


def connection_reset(*, after_commit: bool = False, method: str | None = None, path: str = "") -> Fault:
    """Return a connection that breaks without an answer."""
    return Fault(reset=True, after_commit=after_commit, method=method, path=path)


def message(text: str) -> str:
    """Return the body of one of GitHub's errors."""
    return json.dumps({"message": text, "documentation_url": DOCS})
