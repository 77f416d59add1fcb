"""The benchmark's server: answers of the sandbox, each computed once, kept on disk compressed, and sent from there.

    python -m bench.server --logs 20000 --coding gzip --signing fixed

A file holds a whole response, head and body, so that to answer is to send a file. What is not there yet is computed
while the client waits: let one run fill the folder before another is measured; `/bench/stats` tells of the misses.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode

from bench.dataset import KEY, SIGNINGS, START, UNTIL, Dataset
from pipeline.sandbox.codings import chosen
from pipeline.sandbox.sandbox import Reply, Sandbox

HOST = "127.0.0.1"
SAME_EVERYWHERE = "http://bench.invalid"


@dataclass
class Answers:
    """The responses to a dataset's requests. requests, misses and wire_bytes (of bodies) count since `forget`."""

    data: Dataset
    requests: int = 0
    misses: int = 0
    wire_bytes: int = 0
    _box: Sandbox | None = field(default=None, repr=False)
    _known: dict[str, tuple[Path, int]] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _making: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def file(self, target: str, accepted: str) -> Path:
        """The file that holds the response to a GET."""
        coding = chosen(self.data.config.codings, accepted)
        path, _, query = target.partition("?")
        question = urlencode(sorted(parse_qsl(query, keep_blank_values=True)))
        key = f"{coding or 'none'}/{hashlib.blake2b(f'{path}?{question}'.encode(), digest_size=16).hexdigest()}"
        with self._lock:
            self.requests += 1
            known = self._known.get(key)
        if known is None:
            known = self._kept(key, target, coding)
        with self._lock:
            self._known[key] = known
            self.wire_bytes += known[1]
        return known[0]

    def told(self) -> bytes:
        """What was asked since the last time of asking."""
        with self._lock:
            told = {"requests": self.requests, "misses": self.misses, "wire_bytes": self.wire_bytes}
            self.requests = self.misses = self.wire_bytes = 0
        return json.dumps(told).encode()

    def _kept(self, key: str, target: str, coding: str) -> tuple[Path, int]:
        file = self.data.folder / key
        with self._making:
            if not file.exists():
                self._make(file, target, coding)
        with file.open("rb") as stored:
            head = stored.read(4096).partition(b"\r\n\r\n")[0]
        return file, file.stat().st_size - len(head) - 4

    def _make(self, file: Path, target: str, coding: str) -> None:
        self.misses += 1
        self._box = self._box or Sandbox(self.data.config, SAME_EVERYWHERE)
        self._box.requests.clear()
        headers = {"authorization": f"Bearer {KEY}", "accept-encoding": coding or "identity"}
        reply = self._box.reply("GET", target, headers)
        file.parent.mkdir(parents=True, exist_ok=True)
        # Other servers may write the same file at the same time.
        part = file.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(response(reply))
        part.replace(file)


def response(reply: Reply) -> bytes:
    """A reply as it goes over the wire. It has no Date: it is sent again on other days."""
    headers = {**reply.headers, "Content-Length": str(len(reply.body))}
    lines = [f"HTTP/1.1 {reply.status} -", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + reply.body


class Handler(StreamRequestHandler):
    """One connection that is kept alive. It reads no more of HTTP than clients of this benchmark send."""

    disable_nagle_algorithm = True
    answers: ClassVar[Answers]
    latency: ClassVar[float]

    def handle(self) -> None:
        try:
            while self._answer():
                continue
        except ConnectionError:
            return

    def _answer(self) -> bool:
        line = self.rfile.readline(65_537)
        if not line.strip():
            return False
        method, target, _ = line.decode("latin-1").split(" ", 2)
        headers = self._headers()
        if target.startswith("/bench/"):
            self._say(200, self.answers.told())
        elif method != "GET" or headers.get("authorization") != f"Bearer {KEY}":
            self._say(405 if method != "GET" else 401, b"{}")
        else:
            time.sleep(self.latency)
            with self.answers.file(target, headers.get("accept-encoding", "")).open("rb") as stored:
                self.connection.sendfile(stored)
        return headers.get("connection", "").lower() != "close"

    def _headers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while (line := self.rfile.readline(65_537).strip()) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            found[name.strip().lower()] = value.strip()
        return found

    def _say(self, status: int, body: bytes) -> None:
        self.wfile.write(response(Reply(status, body, {"Content-Type": "application/json"})))


class Server(ThreadingTCPServer):
    """One thread per connection."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128


def serving(data: Dataset, port: int = 0, latency_ms: float = 0.0) -> Server:
    """A server that is bound and not started yet."""
    made = type("Bound", (Handler,), {"answers": Answers(data), "latency": latency_ms / 1000})
    return Server((HOST, port), made)


def main() -> int:
    """Serves until it is told to stop."""
    parser = argparse.ArgumentParser(description="Serves the benchmark's data as the Runflow API does.")
    parser.add_argument("--logs", type=int, default=20_000)
    parser.add_argument("--coding", choices=("gzip", "zstd", "br", "none"), default="gzip")
    parser.add_argument("--signing", choices=tuple(SIGNINGS), default="fixed")
    parser.add_argument("--log-ids", choices=("random", "v7"), default="random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    data = Dataset(given.logs, given.signing, given.log_ids, given.coding, given.seed)
    with serving(data, given.port, given.latency_ms) as server:
        url = f"http://{HOST}:{server.server_address[1]}"
        sys.stdout.write(
            f"{url}\n\nexport RUNFLOW_API_URL={url} RUNFLOW_API_KEY={KEY} FLOWLEDGER_RATE=5000"
            f" FLOWLEDGER_START={START:%Y-%m-%d}\nflowledger nightly --no-prefect --until {UNTIL:%Y-%m-%d}\n"
        )
        sys.stdout.flush()
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        try:
            server.serve_forever(0.1)
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    socket.setdefaulttimeout(None)
    sys.exit(main())
