"""A proxy before a service that does to its connections what networks do."""

from __future__ import annotations

import select
import socket
import struct
import threading
from contextlib import suppress
from typing import Literal, Self
from urllib.parse import urlsplit

Mode = Literal["pass", "reset", "stall", "half", "swallow"]
"""Pass everything on; reset each connection before anything is sent; take requests and never answer; break off within
the answer; carry the request out and reset the connection in place of an answer."""
_HALF = 40
"""Bytes of an answer that come before it breaks off."""


class FaultyRoad:
    """A server on loopback that passes connections on to *upstream*, an address such as `http://127.0.0.1:8000`."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "", parts.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self.mode: Mode = "pass"
        self.connections = 0

    @property
    def url(self) -> str:
        """The address under which the service is reached through here."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._listener.close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            # It was closed.
            with suppress(OSError):
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._carry, args=(connection, self.mode), daemon=True).start()

    def _carry(self, client: socket.socket, mode: Mode) -> None:
        with client, suppress(OSError):
            if mode == "reset":
                # Wait for the request, or the client would not know what became of it.
                client.recv(1)
                reset(client)
            elif mode == "stall":
                self._ended.wait()
            else:
                with socket.create_connection(self._upstream) as server:
                    self._exchange(client, server, mode)

    def _exchange(self, client: socket.socket, server: socket.socket, mode: Mode) -> None:
        other = {client: server, server: client}
        while not self._ended.is_set():
            for source in select.select([client, server], [], [], 1.0)[0]:
                data = source.recv(65536)
                if mode != self.mode:
                    # A connection that was kept, from better times.
                    return None
                # "Continue" is no answer yet: the request is still on its way.
                answers = source is server and not data.startswith(b"HTTP/1.1 100")
                if answers and mode == "swallow":
                    return reset(client)
                if answers and mode == "half":
                    client.sendall(data[:_HALF])
                    return None
                if not data:
                    return None
                other[source].sendall(data)
        return None


def reset(connection: socket.socket) -> None:
    """Close *connection* so that the other side hears of a reset (SO_LINGER of zero seconds, socket(7))."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
