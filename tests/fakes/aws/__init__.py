"""AWS's small services on loopback (moto's own server), and what goes wrong on the way to them.

`Cloud` is an HTTP server between the client and moto. It writes down every request, and `Cloud.fault` has the next ones
that fit answered otherwise: refused in the service's own form, carried out with the answer lost, or cut off.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

_SCOPE = re.compile(r"Credential=([^/]+)/\d+/[^/]+/([^/]+)/")
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a client asked for."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def form(self) -> dict[str, str]:
        """The fields of a request in the query protocol (STS, IAM)."""
        return {name: values[0] for name, values in parse_qs(self.body.decode("latin-1")).items()}

    @property
    def access_key(self) -> str:
        """Whose keys signed it; '' where nobody's did."""
        found = _SCOPE.search(self.headers.get("Authorization", ""))
        return found[1] if found else ""

    @property
    def service(self) -> str:
        found = _SCOPE.search(self.headers.get("Authorization", ""))
        return found[2] if found else "sts"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer that moto is not asked for."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """Carried out, but only the first *length* bytes of the answer's body come; with None not even the status."""

    length: int | None


LOST = Cut(None)
Answer = Reply | Cut
Fault = Callable[[Request], Answer | None]
"""Says how a request is answered; None for as moto does."""


def refusal(code: str, message: str = "", status: int = 400, headers: Mapping[str, str] | None = None) -> Fault:
    """Refuse in the form of the service that was asked."""

    def answer(request: Request) -> Reply:
        given = dict(headers or {})
        error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        if request.service == "s3":
            return Reply(status=status, body=error.encode(), headers={"Content-Type": "application/xml", **given})
        if request.service in ("sts", "iam"):
            text = f"<ErrorResponse>{error}<RequestId>x</RequestId></ErrorResponse>"
            return Reply(status=status, body=text.encode(), headers={"Content-Type": "text/xml", **given})
        told = json.dumps({"__type": code, "message": message}).encode()
        return Reply(status=status, body=told, headers={"Content-Type": "application/x-amz-json-1.1", **given})

    return answer


class Cloud:
    """moto behind a wire of ours; `url` is where clients find it."""

    def __init__(self, moto: str) -> None:
        self.seen: list[Request] = []
        self.expired: set[str] = set()
        """Access keys that are refused because they have expired."""
        self._faults: list[tuple[Callable[[Request], bool], Fault, int]] = []
        self._lock = threading.Lock()
        self.writing = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.cloud = self
        self._server.moto = moto
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def environ(self) -> dict[str, str]:
        """What leads a client here."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIATEST",
            "AWS_SECRET_ACCESS_KEY": "a-secret-of-tests",
        }

    def fault(self, what: Fault | Answer, *, times: int = 1, when: Callable[[Request], bool] = lambda _: True) -> None:
        """Answer the next *times* requests that *when* fits by *what*."""
        self._faults.append((when, what if callable(what) else lambda _: what, times))

    def asked(self, method: str = "", path: str = "") -> list[Request]:
        """Return the requests so far with that method whose path holds *path*."""
        return [one for one in list(self.seen) if one.method.startswith(method) and path in one.path]

    def assumed(self) -> list[dict[str, str]]:
        """Return the requests for a role by a token."""
        return [one.form for one in list(self.seen) if one.form.get("Action") == "AssumeRoleWithWebIdentity"]

    def answer(self, request: Request) -> Answer | None:
        fault = self._find(request)
        return None if fault is None else fault(request)

    def _find(self, request: Request) -> Fault | None:
        with self._lock:
            self.seen.append(request)
            if request.access_key in self.expired:
                return refusal("ExpiredToken", "The provided token has expired.")
            for number, (when, fault, left) in enumerate(self._faults):
                if when(request):
                    self._faults[number : number + 1] = [(when, fault, left - 1)] if left > 1 else []
                    return fault
        return None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    cloud: Cloud
    moto: str
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Leave it to the client to notice."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    timeout = 60
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        """Say nothing: `Cloud.seen` has it all."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        headers = dict(self.headers.items())
        request = Request(method=self.command, target=self.path, headers=headers, body=self._body())
        answer = self.server.cloud.answer(request)
        if isinstance(answer, Reply):
            self._send(answer.status, answer.headers, answer.body, len(answer.body))
            return
        # moto looks whether there is something and writes it in two steps, S3 in one.
        with self.server.cloud.writing if "If-None-Match" in request.headers else nullcontext():
            status, told, body = self._forward(request)
        if isinstance(answer, Cut):
            self.close_connection = True
            if answer.length is not None:
                self._send(status, told, body[: answer.length], len(body))
            return
        self._send(status, told, body, int(told["Content-Length"]) if request.method == "HEAD" else len(body))

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _forward(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.server.moto, timeout=60)
        try:
            headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP | {"expect"}}
            connection.request(request.method, request.target, request.body, headers)
            reply = connection.getresponse()
            told = dict(reply.getheaders())
            return reply.status, {"Content-Length": "0", **told}, reply.read()
        finally:
            connection.close()

    def _send(self, status: int, headers: Mapping[str, str], body: bytes, length: int) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
