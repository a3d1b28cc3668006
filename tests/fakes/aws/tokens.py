"""GitHub's endpoint for identity tokens, as a job finds it in its environment (docs: "OpenID Connect reference")."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

BEARER = "the-bearer-of-the-job"


class Tokens:
    """`replies` are answers (status, body) that come first; after them each request gets a token of its own."""

    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self.given: list[str] = []
        self.replies: list[tuple[int, bytes]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def environ(self) -> dict[str, str]:
        """What GitHub sets for a job that has `permissions: {id-token: write}`."""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"http://127.0.0.1:{self._server.server_port}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER,
        }

    def answer(self, target: str, bearer: str) -> tuple[int, bytes]:
        self.asked.append(parse_qs(urlsplit(target).query))
        if self.replies:
            return self.replies.pop(0)
        if bearer != f"bearer {BEARER}":
            return 401, b'{"message": "' + bearer.encode() + b'"}'
        self.given.append(f"eyJ.secret-token-{len(self.given)}.sig")
        return 200, json.dumps({"count": 1, "value": self.given[-1]}).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        tokens = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = tokens.answer(self.path, self.headers.get("Authorization", ""))
                self.send_response_only(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Type", "application/json")
                if status == 302:
                    self.send_header("Location", "http://127.0.0.1:9/")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
