"""Requests to GitHub through PyGithub: every failure is one of three, and every wait has a known length."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from alekseylearn.errors import MachineError
from alekseylearn.text import clean

if TYPE_CHECKING:
    from github import Github, GithubException

PAUSES = (1.0, 3.0, 9.0)
"""Seconds before the second, third and fourth try of something that may pass."""
PATIENCE = 300.0
"""Seconds that one task may take, its requests and waits together; after that it is an error."""
LONGEST_WAIT = 90.0
"""Seconds that GitHub may ask us to wait; after that it is an error."""
SECONDARY_WAIT = 60.0
"""Seconds to wait for a secondary rate limit that names no time (GitHub docs, "Rate limits for the REST API")."""
PAGE, PAGES = 100, 100
TIMEOUT = 20

_RATE_LIMIT = re.compile(r"rate limit|abuse detection", re.IGNORECASE)


class ForbiddenError(Exception):
    """The token may not do this."""


class GoneError(Exception):
    """The thing is not there, or the token may not know of it."""


class TransientError(Exception):
    """It may pass: *wait* is what GitHub asks for in seconds, 0 when it does not say. A write may have happened."""

    def __init__(self, what: str, wait: float = 0.0) -> None:
        super().__init__(what)
        self.wait = wait


@dataclass(slots=True, kw_only=True)
class Pauses:
    """The waits that one task may take, one after another, and none beyond *until*; *pause* is `time.sleep`."""

    pause: Callable[[float], None]
    until: float = math.inf
    ticks: Callable[[], float] = time.monotonic
    lengths: tuple[float, ...] = PAUSES
    _taken: int = 0

    def take(self, error: TransientError) -> None:
        """Wait before the next try; raises `MachineError` when there were enough of them, or it would take too long."""
        late = self._taken < len(self.lengths) and self.ticks() + self._next(error) > self.until
        if self._taken == len(self.lengths) or error.wait > LONGEST_WAIT or late:
            asked = f", and asks for {error.wait:.0f} s of patience" if error.wait > LONGEST_WAIT else ""
            raise MachineError(
                "github.unreachable",
                f"GitHub does not answer as it should: {error}{asked}",
                where="GitHub",
                hint="run the job again later; what was trained is kept",
            )
        self.pause(self._next(error))
        self._taken += 1

    def _next(self, error: TransientError) -> float:
        return max(error.wait, self.lengths[self._taken])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """GitHub's REST API for one token; *ticks* is monotonic seconds, *until* is when there is no more time to wait."""

    client: Github
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time
    ticks: Callable[[], float] = time.monotonic
    until: float = math.inf

    def within(self, seconds: float) -> Rest:
        """Return the same API for a task that may take so many seconds, and at most one request more."""
        return replace(self, until=min(self.until, self.ticks() + seconds))

    def pauses(self) -> Pauses:
        """Return the waits for one task."""
        return Pauses(pause=self.pause, until=self.until, ticks=self.ticks)

    def get(self, path: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Read *path*, again where that may help.

        Raises `ForbiddenError`, `GoneError`, or `MachineError` `github.unreachable`.
        """
        return self._read(path, parameters)[1]

    def pages(self, path: str, parameters: Mapping[str, Any] | None = None) -> Iterator[Mapping[str, Any]]:
        """Read the list at *path*, all pages of it; raises as `get` does."""
        for page in range(1, PAGES + 1):
            headers, items = self._read(path, {**(parameters or {}), "per_page": PAGE, "page": page})
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise MachineError("github.answer", f"GitHub answers {path} with something else than a list")
            yield from items
            if 'rel="next"' not in headers.get("link", ""):
                return

    def location(self, path: str) -> str:
        """Ask *path* where it sends its readers; '' where it sends them nowhere. Raises as `get` does."""
        return str(self._read(path, None)[0].get("location", ""))

    def send(self, verb: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Write once and return the answer; whoever gets a `TransientError` must look before writing again.

        Raises `ForbiddenError`, `GoneError`, `TransientError`, or `MachineError` for a request that is refused.
        """
        return self._once(verb, path, None, body)[1]

    def listed(self, path: str, key: str, parameters: Mapping[str, Any] | None = None) -> Iterator[Mapping[str, Any]]:
        """Read the list that the answer of *path* holds under *key*, all pages of it; raises as `get` does."""
        for page in range(1, PAGES + 1):
            headers, data = self._read(path, {**(parameters or {}), "per_page": PAGE, "page": page})
            items = data.get(key) if isinstance(data, dict) else None
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise MachineError("github.answer", f"GitHub answers {path} with something else than a list")
            yield from items
            if 'rel="next"' not in headers.get("link", ""):
                return

    def _read(self, path: str, parameters: Mapping[str, Any] | None) -> tuple[Mapping[str, str], Any]:
        pauses = self.pauses()
        while True:
            try:
                return self._once("GET", path, parameters, None)
            except TransientError as error:
                pauses.take(error)

    def _once(
        self, verb: str, path: str, parameters: Mapping[str, Any] | None, body: Mapping[str, Any] | None
    ) -> tuple[Mapping[str, str], Any]:
        from github import GithubException
        from requests import RequestException

        query = dict(parameters) if parameters else None
        try:
            headers, data = self.client.requester.requestJsonAndCheck(verb, path, query, input=body)
        except RequestException as error:
            raise TransientError(f"{type(error).__name__} at {verb} {path}") from None
        except GithubException as error:
            raise self._failure(error, f"{verb} {path}") from None
        except (AttributeError, RuntimeError, ValueError):
            # PyGithub trips over half an answer, and over a proxy's redirects.
            raise TransientError(f"half an answer to {verb} {path}") from None
        if data is not None and "json" not in headers.get("content-type", ""):
            raise TransientError(f"a web page instead of an answer to {verb} {path}")
        return headers, data

    def _failure(self, error: GithubException, what: str) -> Exception:
        headers = error.headers or {}
        said = error.data.get("message") if isinstance(error.data, dict) else ""
        message = clean(said if isinstance(said, str) else "")
        limited = error.status == 403 and (_RATE_LIMIT.search(message) or "retry-after" in headers)
        if error.status == 429 or limited:
            return TransientError(f"{message or 'rate limit'} ({error.status})", self._wait(headers))
        if error.status >= 500:
            return TransientError(f"{error.status} at {what}")
        if error.status == 403:
            return ForbiddenError(message)
        if error.status in {404, 410}:
            return GoneError(message)
        hint = "check the input github-token" if error.status == 401 else ""
        slug = "github.token" if error.status == 401 else "github.refused"
        return MachineError(slug, f"GitHub refuses: {message} ({error.status})", where=what, hint=hint)

    def _wait(self, headers: Mapping[str, str]) -> float:
        """Return how long GitHub asks us to wait, in seconds (docs, "Best practices for using the REST API")."""
        after, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
        if after.isdigit():
            return float(after)
        if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
            return max(1.0, float(reset) - self.clock() + 1)
        return SECONDARY_WAIT


def open_rest(
    api_url: str, token: str, *, pause: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.time
) -> Rest:
    """Return the REST API at *api_url* for *token*; nothing is asked yet."""
    from github import Auth, Github

    client = Github(
        base_url=api_url,
        auth=Auth.Token(token),
        user_agent="alekseylearn",
        timeout=TIMEOUT,
        retry=None,  # PyGithub's own would repeat a POST that has been carried out.
        seconds_between_requests=0,
        seconds_between_writes=0,
        lazy=True,
    )
    return Rest(client=client, pause=pause, clock=clock)
