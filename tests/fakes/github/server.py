"""A GitHub on loopback: a real HTTP server in front of the state, strict about every request and answer."""

from __future__ import annotations

import functools
import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.github.faults import JSON_TYPE, Fault
from tests.fakes.github.openapi import Call, Json, Spec
from tests.fakes.github.render import Renderer
from tests.fakes.github.routes import NOT_FOUND, ROUTES, Answer, Asked, Permissions, encode, error
from tests.fakes.github.state import ACTIONS, Account, Artifact, Ledger, Repository, Role, person

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
        self.repositories: dict[str, Repository] = {}
        self.remaining = HOURLY
        self._clock = clock
        self._grants: dict[str, Permissions] = {}
        self._ledger = Ledger()
        self._lock = threading.RLock()
        self._spec = described()
        self._api = Server(self, ApiHandler)
        self._blobs = Server(self, BlobHandler)
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

    def writes(self) -> list[Request]:
        """Return the requests that were not `GET`."""
        return [request for request in self.requests if request.method != "GET"]

    def pull_json(self, repository: Repository, number: int) -> dict[str, Any]:
        """Return a pull request as an event or an answer shows it."""
        return self._renderer.pull(repository, repository.pulls[number])

    def repository_json(self, repository: Repository) -> dict[str, Any]:
        """Return a repository as an event or an answer shows it."""
        return self._renderer.repository(repository)

    def user_json(self, login: str) -> dict[str, Any]:
        """Return a person as an event or an answer shows them."""
        return self._renderer.user(person(login))

    def answer(self, method: str, target: str, headers: Mapping[str, str], raw: bytes) -> Answer | Fault:
        """Carry one request out and return its answer, or the fault that comes instead."""
        with self._lock:
            path, query = split(target)
            fault = next((fault for fault in self.faults if fault.fits(method, path)), None)
            if fault is not None:
                self.faults.remove(fault)
            answer = NOT_FOUND
            body = self._parse(method, path, raw)
            if fault is None or fault.after_commit:
                answer = self._carry_out(method, path, query, headers, body)
            status = answer.status if fault is None else None if fault.reset else fault.status
            request = Request(method=method, path=path, query=query, body=body, headers=dict(headers), status=status)
            self.requests.append(request)
            return answer if fault is None else fault

    def rate_headers(self) -> dict[str, str]:
        """Return the headers that tell a client of its hourly limit."""
        return {
            "X-RateLimit-Limit": str(HOURLY),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Used": str(HOURLY - self.remaining),
            "X-RateLimit-Reset": str(int(self._clock()) + 3600),
            "X-RateLimit-Resource": "core",
        }

    def blob(self, target: str, headers: Mapping[str, str]) -> bytes | None:
        """Return the archive at a signed address, or None where the address or the request is wrong."""
        with self._lock:
            if "authorization" in headers:
                self.violations.append(f"GET {target}: a token was sent to the store of the archives")
                return None
            for repository in self.repositories.values():
                for artifact in repository.artifacts.values():
                    if signed(artifact) == target:
                        return artifact.content
            return None

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
            download=lambda artifact: f"http://localhost:{self._blobs.server_port}{signed(artifact)}",
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


class Server(ThreadingHTTPServer):
    """A server on a free port of loopback, whose connections end with it."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, github: FakeGitHub, handler: type[BaseHTTPRequestHandler]) -> None:
        self.github = github
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        super().__init__(("127.0.0.1", 0), handler)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and end all connections."""
        self.shutdown()
        self._thread.join()
        for connection in tuple(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # The other side was first.
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        # Closed without a farewell, so that a reset is one.
        self._open.discard(request)
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Note a defect of the stand-in itself; a client that left is none."""
        problem = sys.exception()
        if not isinstance(problem, ConnectionError):
            self.github.violations.append(f"the stand-in failed: {problem!r}")


class Handler(BaseHTTPRequestHandler):
    """Reads requests and writes answers over a connection that stays open."""

    protocol_version = "HTTP/1.1"
    # Unbuffered small writes meet delayed acknowledgements: 40 ms for each request.
    wbufsize = 65536
    server: Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is the base class's)
        return

    def lower_headers(self) -> dict[str, str]:
        """Return the request's headers with their names in lower case."""
        return {name.lower(): value for name, value in self.headers.items()}

    def send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        """Write one answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class ApiHandler(Handler):
    """Answers as the API."""

    def answer(self) -> None:
        """Answer one request of any method."""
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        github = self.server.github
        answer = github.answer(self.command, self.path, self.lower_headers(), raw)
        match answer:
            case Fault(reset=True):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
            case Fault():
                headers = {"Content-Type": answer.content_type, **github.rate_headers(), **answer.headers}
                self.send(answer.status, answer.body.encode(), headers)
            case Answer():
                headers = {"Content-Type": JSON_TYPE, **github.rate_headers(), **answer.headers}
                self.send(answer.status, encode(answer), headers)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer  # noqa: N815 (names that the base class looks for)


class BlobHandler(Handler):
    """Hands archives out, on an address of its own as GitHub does."""

    def do_GET(self) -> None:
        content = self.server.github.blob(self.path, self.lower_headers())
        if content is None:
            self.send(403, b"<Error><Code>AuthenticationFailed</Code></Error>", {"Content-Type": "application/xml"})
        else:
            self.send(200, content, {"Content-Type": "application/zip"})
