"""A llama-server without a model: it writes what it was told, and fails as it was told.

The shapes of its answers were read off the real one, which `tests/engine/test_remote.py` asks.
"""

from __future__ import annotations

import json
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

SPECIAL = (1, 2, 3, 5, 6, 0)
CERTIFICATE = Path(__file__).with_name("self_signed.pem")
GIVE_UP_S = 20.0


class _Server(ThreadingHTTPServer):
    # With five, as is usual, the texts of an opened file are turned away.
    request_queue_size = 128


class Handler(BaseHTTPRequestHandler):
    fake: FakeLlamaServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self._answer(json.loads(self.rfile.read(length)))

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, asked: dict[str, Any]) -> None:
        fake = self.fake
        headers = {name.lower(): value for name, value in self.headers.items()}
        fake.asked.append((self.path, asked, headers))
        if fake.hangs:
            fake._released.wait(GIVE_UP_S)
        if fake.hangs or not fake._is_up:
            # As of a process that is gone: an answer on a connection that was open before, too.
            self.close_connection = True
        elif fake.status != 200 or fake.body:
            self.send(fake.status, fake.body or '{"error": {"message": "as ordered"}}')
        else:
            self.page(asked)

    def page(self, asked: dict[str, Any]) -> None:
        """Answer what is asked in the server's own way."""
        fake = self.fake
        if self.path == "/v1/models":
            meta = {"n_ctx": 2048, "n_ctx_train": 16384, "n_params": 3_030_371_328}
            self.send(200, json.dumps({"data": [{"id": "/models/team.gguf", "meta": meta}]}))
        elif self.path == "/tokenize":
            text = asked["content"]
            tokens = list(fake.special) if asked["parse_special"] else [100 + ord(c) for c in text]
            self.send(200, json.dumps({"tokens": tokens}))
        elif self.path == "/detokenize":
            content = "".join(chr(token - 100) for token in asked["tokens"])
            self.send(200, json.dumps({"content": content}))
        elif self.path == "/completion":
            self._write(asked)
        else:
            self.send(404, "{}")

    def _write(self, asked: dict[str, Any]) -> None:
        pieces = self.fake.pieces[: asked["n_predict"] or 1]
        timings = {"prompt_n": len(asked["prompt"]), "cache_n": 0, "prompt_ms": 1.0}
        answers: list[dict[str, Any]] = [
            {"content": text, "tokens": [token], "stop": False, "timings": timings}
            for text, token in pieces
        ]
        kind = "eos" if len(pieces) == len(self.fake.pieces) else "limit"
        answers.append({"content": "", "tokens": [], "stop": True, "stop_type": kind})
        self.stream([f"data: {json.dumps(answer)}\n\n" for answer in answers])

    def stream(self, messages: list[str]) -> None:
        """Send them one by one, as far as the faults that are ordered let them through."""
        fake = self.fake
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for number, message in enumerate(messages):
            if number == fake.stall_at:
                fake.begun.set()
                self._wait_for_the_end()
                return
            if number == fake.cut_at:
                self.connection.close()
                return
            try:
                self.wfile.write(message.encode())
                self.wfile.flush()
            except OSError:
                return

    def _wait_for_the_end(self) -> None:
        """Until the client closes the connection, which shows as the end of its input."""
        self.connection.settimeout(GIVE_UP_S)
        try:
            if not self.rfile.read(1):
                self.fake.closed.set()
        except OSError:
            self.fake.closed.set()

    def send(self, status: int, body: str) -> None:
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in self.fake.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


@dataclass
class FakeLlamaServer:
    """Answers at `url` between `start` and `stop`, which may be called again and again.

    A prompt is continued by `pieces`, each a text and a token. `status` answers everything with
    that number, `body` with that text, both with `headers`. It writes no more than `stall_at`
    pieces, and breaks the connection behind `cut_at`. It hangs before it answers anything where
    `hangs`.
    """

    pieces: list[tuple[str, int]] = field(default_factory=lambda: [("ok", 100)])
    special: tuple[int, ...] = SPECIAL
    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    stall_at: int | None = None
    cut_at: int | None = None
    hangs: bool = False
    has_tls: bool = False
    port: int = 0
    asked: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)
    handler: ClassVar[type[Handler]] = Handler
    _is_up: bool = False
    _released: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        class Handler(self.handler):  # type: ignore[misc, name-defined]
            fake = self

        self._released.clear()
        self._is_up = True
        self._server = _Server(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        if self.has_tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        self._is_up = False
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http{'s' if self.has_tls else ''}://127.0.0.1:{self.port}"

    def completions(self) -> list[dict[str, Any]]:
        return [asked for path, asked, _ in self.asked if path == "/completion"]
