"""The sandbox on loopback: HTTP/1.1 with keep-alive on one side, the simulated world on the other."""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from pipeline.sandbox.config import Config
from pipeline.sandbox.envelope import phrase
from pipeline.sandbox.sandbox import Reply, Sandbox

HOST = "127.0.0.1"
GO_AWAY = struct.pack("ii", 1, 0)


@contextmanager
def serve(config: Config, port: int = 0) -> Iterator[Sandbox]:
    """Serves the sandbox while the block runs. port: 0 is any free one."""
    server = _Server((HOST, port), _Handler, bind_and_activate=False)
    try:
        server.server_bind()
        server.server_activate()
        server.box = Sandbox(config, f"http://{HOST}:{server.server_port}")
        thread = Thread(target=server.serve_forever, args=(0.01,), name="sandbox", daemon=True)
        thread.start()
        try:
            yield server.box
        finally:
            server.box.closing.set()
            server.shutdown()
            thread.join()
            server.hang_up()
    finally:
        server.server_close()


class _Server(ThreadingHTTPServer):
    """One thread per connection; at the end all of them are hung up and waited for."""

    daemon_threads = False
    request_queue_size = 128
    box: Sandbox

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._open: set[socket.socket] = set()
        self._lock = Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Ends the connections that clients keep open."""
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is nobody's fault."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Reads requests and writes replies, as whole or as broken as they are meant to be."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._write(self.server.box.reply(self.command, self.path, headers))

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are recorded, not printed."""

    def _write(self, reply: Reply) -> None:
        length = len(reply.body)
        broken = reply.fault if reply.fault in {"reset", "truncate"} else ""
        body = reply.body[: length // 2] if broken else reply.body
        if broken or self.command != "GET":
            self.close_connection = True
        lines = [f"HTTP/1.1 {reply.status} {phrase(reply.status)}", f"Date: {self.date_time_string()}"]
        lines += [f"{name}: {value}" for name, value in {**reply.headers, "Content-Length": str(length)}.items()]
        lines += ["Connection: close"] if self.close_connection and not broken else []
        self.connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        if broken == "reset":
            self._reset()

    def _reset(self) -> None:
        """Closes at once and for good, so that the client sees a reset and not an end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, GO_AWAY)
        self.rfile.close()
        self.connection.close()


for method in ("POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
    setattr(_Handler, f"do_{method}", _Handler.do_GET)
