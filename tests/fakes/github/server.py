"""A GitHub on loopback: a real HTTP server in front of the state, strict about every request and answer."""

from __future__ import annotations

import functools
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.github.answers import NOT_FOUND, Answer, Asked, Permissions, encode, error
from tests.fakes.github.faults import JSON_TYPE, BlobFault, Fault
from tests.fakes.github.openapi import Call, Json, Spec
from tests.fakes.github.render import Renderer
from tests.fakes.github.routes import ROUTES
from tests.fakes.github.state import ACTIONS, Account, Artifact, Ledger, Repository, Role, Run, person
from tests.fakes.github.transport import Incoming, Outgoing, Server

HERE = Path(__file__).parent
RECIPE: Permissions = {"actions": "read", "contents": "read", "pull-requests": "write"}
"""What a workflow's token may do unless a test says otherwise: the permissions of the documented recipes."""
EVERYTHING: Permissions = dict.fromkeys(("actions", "checks", "contents", "issues", "pull-requests"), "write")
HOURLY = 1000
"""Requests that a workflow's token may make in an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that was answered; header names are in lower case, *status* is None where the connection broke."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Json
    headers: Mapping[str, str]
    status: int | None


class FakeGitHub:
    """GitHub's REST API on loopback, as far as `openapi.json` describes it.

    Use it as a context manager. Tests arrange the state through `add_repository` and the repository's own methods,
    read it there again, queue `faults`, and look at `requests`. Whatever breaks GitHub's own description, in a request
    or in an answer, is noted in `violations`.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self.violations: list[str] = []
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.blob_faults: list[BlobFault] = []
        self.downloads: list[str] = []
        """The ranges that were asked of archives, '' for all of one."""
        self.repositories: dict[str, Repository] = {}
        self.remaining = HOURLY
        self._clock = clock
        self._grants: dict[str, Permissions] = {}
        self._ledger = Ledger()
        self._lock = threading.RLock()
        self._spec = described()
        self._api = Server(self._answer, self.violations.append)
        self._blobs = Server(self._hand_out, self.violations.append)
        self._renderer = Renderer(HERE / "examples.json", self.url)

    def __enter__(self) -> Self:
        self._api.start()
        self._blobs.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._api.stop()
        self._blobs.stop()

    @property
    def url(self) -> str:
        """The address of the API."""
        return f"http://127.0.0.1:{self._api.server_port}"

    def add_repository(
        self,
        full_name: str = "octo/consumer",
        *,
        private: bool = False,
        default_branch: str = "main",
        parent: Repository | None = None,
        collaborators: Mapping[str, Role] | None = None,
    ) -> Repository:
        """Add a repository; with *parent*, it is a fork of it."""
        self.repositories[full_name] = Repository(
            full_name=full_name,
            id=self._ledger.next_id(),
            ledger=self._ledger,
            private=private,
            default_branch=default_branch,
            parent=parent,
            collaborators=dict(collaborators or {}),
        )
        return self.repositories[full_name]

    def grant(self, token: str, **permissions: str) -> str:
        """Give *token* these permissions and no others, e.g. `pull_requests="read"`; return the token."""
        self._grants[token] = {name.replace("_", "-"): level for name, level in permissions.items()}
        return token

    def address_of(self, artifact: Artifact) -> str:
        """Return where the archive of *artifact* is handed out without a token."""
        return f"http://localhost:{self._blobs.server_port}{signed(artifact)}"

    def writes(self) -> list[Request]:
        """Return the requests that were not `GET`."""
        return [request for request in self.requests if request.method != "GET"]

    def pull_json(self, repository: Repository, number: int) -> dict[str, Any]:
        """Return a pull request as an event or an answer shows it."""
        return self._renderer.pull(repository, repository.pulls[number])

    def repository_json(self, repository: Repository) -> dict[str, Any]:
        """Return a repository as an event or an answer shows it."""
        return self._renderer.repository(repository)

    def run_json(self, repository: Repository, run: Run) -> dict[str, Any]:
        """Return a run of a workflow as an event or an answer shows it."""
        return self._renderer.run(repository, run)

    def user_json(self, login: str) -> dict[str, Any]:
        """Return a person as an event or an answer shows them."""
        return self._renderer.user(person(login))

    def _answer(self, incoming: Incoming) -> Outgoing | None:
        """Carry one request to the API out, unless a fault comes in between."""
        with self._lock:
            method, (path, query) = incoming.method, split(incoming.target)
            fault = next((fault for fault in self.faults if fault.fits(method, path)), None)
            body = self._parse(method, path, incoming.body)
            answer = NOT_FOUND
            if fault is not None:
                self.faults.remove(fault)
            if fault is None or fault.after_commit:
                answer = self._carry_out(method, path, query, incoming.headers, body)
            outgoing = self._outgoing(answer if fault is None else fault)
            status = outgoing.status if outgoing else None
            request = Request(method=method, path=path, query=query, body=body, headers=incoming.headers, status=status)
            self.requests.append(request)
            return outgoing

    def _outgoing(self, answer: Answer | Fault) -> Outgoing | None:
        limits = {
            "X-RateLimit-Limit": str(HOURLY),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Used": str(HOURLY - self.remaining),
            "X-RateLimit-Reset": str(int(self._clock()) + 3600),
            "X-RateLimit-Resource": "core",
        }
        match answer:
            case Fault(reset=True):
                return None
            case Fault():
                headers = {"Content-Type": answer.content_type, **limits, **answer.headers}
                return Outgoing(status=answer.status, headers=headers, body=answer.body.encode())
            case Answer():
                headers = {"Content-Type": JSON_TYPE, **limits, **answer.headers}
                return Outgoing(status=answer.status, headers=headers, body=encode(answer))

    def _hand_out(self, incoming: Incoming) -> Outgoing:
        """Hand the archive at a signed address out, or its end; it lies on another host as it does at GitHub."""
        with self._lock:
            allowed = "authorization" not in incoming.headers
            if not allowed:
                self.violations.append(f"GET {incoming.target}: a token was sent to the store of the archives")
            artifacts = [each for repository in self.repositories.values() for each in repository.artifacts.values()]
            found = next((each for each in artifacts if signed(each) == incoming.target and allowed), None)
            fault = self.blob_faults.pop(0) if self.blob_faults and found is not None else BlobFault()
            self.downloads.append(incoming.headers.get("range", ""))
        if found is None or fault.status:
            refusal = b"<Error><Code>AuthenticationFailed</Code></Error>"
            status = fault.status or 403
            return Outgoing(status=status, headers={"Content-Type": "application/xml"}, body=refusal)
        content = found.content if fault.body is None else fault.body
        headers = {"Content-Type": "application/zip", "ETag": f'"{found.id}"', "Accept-Ranges": "bytes"}
        wanted = re.fullmatch(r"bytes=(\d+)-", incoming.headers.get("range", ""))
        if wanted is None or fault.whole:
            return Outgoing(status=200, headers=headers, body=content, cut=fault.cut)
        start = int(wanted[1])
        if start >= len(content):
            return Outgoing(status=416, headers={"Content-Range": f"bytes */{len(content)}"}, body=b"")
        headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return Outgoing(status=206, headers=headers, body=content[start:], cut=fault.cut)

    def _parse(self, method: str, path: str, raw: bytes) -> Json:
        try:
            return json.loads(raw) if raw else None
        except ValueError:
            self.violations.append(f"{method} {path}: the body is not JSON")
            return None

    def _carry_out(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: Json
    ) -> Answer:
        call = self._spec.match(method, path, query)
        problems = ["no such operation"] if call is None else self._spec.request_problems(call, body)
        if "user-agent" not in headers:
            problems.append("no User-Agent")
        account = account_of(token := token_of(headers))
        if not token:
            problems.append("no Authorization")
        self.violations += [f"{method} {path}: {problem}" for problem in problems]
        if account is None:
            return error(401, "Bad credentials" if token else "Requires authentication")
        if self.remaining <= 0:
            return error(403, "API rate limit exceeded for installation ID 1.")
        self.remaining -= 1
        if call is None:
            return NOT_FOUND
        if problems:
            return error(422, "Invalid request.\n\n" + "\n".join(problems))
        answer = self._route(call, path, body, account, self._grants.get(token, RECIPE if account.app else EVERYTHING))
        wrong = self._spec.answer_problems(call, answer.status, answer.body)
        self.violations += [f"{method} {path} -> {answer.status}: {problem}" for problem in wrong]
        return answer

    def _route(self, call: Call, path: str, body: Json, account: Account, permissions: Permissions) -> Answer:
        nothing = Repository(full_name="/", id=0, ledger=self._ledger)
        name = "{owner}/{repo}".format_map(call.parameters) if "repo" in call.parameters else ""
        repository = self.repositories.get(name) if name else nothing
        route = ROUTES[call.operation.operation_id]
        if repository is None:
            return NOT_FOUND
        if not route.allows(permissions):
            return error(403, "Resource not accessible by integration")
        asked = Asked(
            call=call,
            path=path,
            body=body,
            account=account,
            renderer=self._renderer,
            repository=repository,
            download=self.address_of,
            remaining=self.remaining,
        )
        return route.answer(asked)


@functools.cache
def described() -> Spec:
    """Return the description, which is read once a process."""
    return Spec.load(HERE / "openapi.json")


def account_of(token: str) -> Account | None:
    """Return whose *token* it is: `ghs_*` is a workflow's own, `ghp_NAME` belongs to the person NAME."""
    if token.startswith("ghs_"):
        return ACTIONS
    return person(token.removeprefix("ghp_")) if token.startswith("ghp_") else None


def token_of(headers: Mapping[str, str]) -> str:
    """Return the token in an `Authorization` header, or an empty text."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() in {"bearer", "token"} else ""


def signed(artifact: Artifact) -> str:
    """Return the path and signature under which the archive of *artifact* is handed out."""
    return f"/artifacts/{artifact.id}.zip?sig={artifact.sha256[:32]}"


def split(target: str) -> tuple[str, dict[str, str]]:
    """Return the path and the query of a request's target."""
    parts = urlsplit(target)
    return parts.path, dict(parse_qsl(parts.query, keep_blank_values=True))
