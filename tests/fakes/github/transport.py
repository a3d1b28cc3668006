"""Real HTTP connections on loopback: a server that ends with all that it opened."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A request as it came in; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """An answer as it goes out; of its body only the first *cut* bytes, then the connection breaks."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: int | None = None


class Server(ThreadingHTTPServer):
    """A server on a free port of loopback.

    *answer* gives the answer to a request, or None where the connection is to break. *failed* hears of defects.
    """

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, answer: Callable[[Incoming], Outgoing | None], failed: Callable[[str], None]) -> None:
        self.answer = answer
        self._failed = failed
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        super().__init__(("127.0.0.1", 0), Handler)

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
        """Tell of a defect of the stand-in; that a client left is none."""
        problem = sys.exception()
        if not isinstance(problem, ConnectionError):
            self._failed(f"the stand-in failed: {problem!r}")


class Handler(BaseHTTPRequestHandler):
    """Reads requests and writes answers over a connection that stays open."""

    protocol_version = "HTTP/1.1"
    # Unbuffered small writes meet delayed acknowledgements: 40 ms for each request.
    wbufsize = 65536
    server: Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is the base class's)
        return

    def respond(self) -> None:
        """Answer one request of any method."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        answer = self.server.answer(Incoming(method=self.command, target=self.path, headers=headers, body=body))
        if answer is None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: answer.cut])
        self.close_connection = self.close_connection or answer.cut is not None

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = respond  # noqa: N815 (names that the base class looks for)
