"""A llama-server without a model: it writes what it was told, and fails as it was told.

The shapes of its answers were read off the real one, which `tests/engine/test_remote.py` asks.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any, ClassVar

from sc2_lsp.engine.kv import common_prefix
from sc2_lsp.engine.tokenizer import Tokenizer
from sc2_lsp.vocabulary import SPECIAL_TOKENS

SPECIAL = (1, 2, 3, 5, 6, 0)
CERTIFICATE = Path(__file__).with_name("self_signed.pem")
CERTIFICATES = Path(__file__).with_name("certificates")
AUTHORITY = CERTIFICATES / "authority.pem"
GIVE_UP_S = 20.0
DRIP_S = 0.1

Pieces = list[tuple[str, int]]
"""What a prompt is continued by: texts, each with its token."""


def text_of(tokens: list[int]) -> str:
    """The characters among `tokens`."""
    return "".join(chr(token - 100) for token in tokens if token >= 100)


def numbered(prompt: str) -> Pieces:
    """Writes the number of the last `width_…` in the prompt, which shows how new that is."""
    found: list[str] = re.findall(r"width_(\d+)", prompt)
    return [("4711", 100), (f" + {found[-1] if found else 'nothing'}", 101), ("\n", 102)]


class _Server(ThreadingHTTPServer):
    """Hangs up on everybody when it stops, as a process that ends does."""

    # With five, as is usual, the texts of an opened file are turned away.
    request_queue_size = 128
    connections: set[socket.socket]

    def server_bind(self) -> None:
        """Without asking a name server for the host's name, as the base class does."""
        TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections = {*getattr(self, "connections", ()), request}
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, *_: object) -> None:
        """A client that goes away, or refuses a certificate, is none of ours."""

    def hang_up(self) -> None:
        for connection in tuple(getattr(self, "connections", ())):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    fake: FakeLlamaServer
    protocol_version = "HTTP/1.1"
    # What stands behind the headers would else wait for 40 ms.
    disable_nagle_algorithm = True

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
        is_faulty = self.path.startswith(fake.only)
        if is_faulty and fake.hangs:
            fake._released.wait(GIVE_UP_S)
        if (is_faulty and fake.hangs) or not fake._is_up:
            # As of a process that is gone: an answer on a connection that was open before, too.
            self.close_connection = True
        elif is_faulty and fake.drips:
            self._drip(b"HTTP/1.1 200 OK\r\nServer: " + b"slow" * 100)
        elif is_faulty and fake.endless:
            self._go_on()
        elif is_faulty and fake.echoes:
            self.wfile.write(json.dumps([asked, headers]).encode() + b"\r\n\r\n")
            self.close_connection = True
        elif is_faulty and (fake.status != 200 or fake.body):
            self.send(fake.status, fake.body or '{"error": {"message": "as ordered"}}')
        else:
            self.page(asked)

    def page(self, asked: dict[str, Any]) -> None:
        """Answer what is asked in the server's own way."""
        fake = self.fake
        if self.path == "/v1/models":
            meta = {"n_ctx": 2048, "n_ctx_train": 16384, "n_params": 3_030_371_328}
            if fake.tokenizer is not None:
                meta["n_vocab"] = fake.tokenizer.n_tokens
            self.send(200, json.dumps({"data": [{"id": "/models/team.gguf", "meta": meta}]}))
        elif self.path == "/tokenize":
            tokens = fake.tokens(asked["content"], parse_special=asked["parse_special"])
            self.send(200, json.dumps({"tokens": tokens}))
        elif self.path == "/detokenize":
            content = "".join(chr(token - 100) for token in asked["tokens"])
            self.send(200, json.dumps({"content": content}))
        elif self.path == "/completion":
            self._write(asked)
        else:
            self.send(404, "{}")

    def _drip(self, answer: bytes) -> None:
        """Byte after byte, until nobody reads them or the server stops."""
        self.close_connection = True
        try:
            for byte in answer:
                self.wfile.write(bytes([byte]))
                if self.fake._released.wait(DRIP_S):
                    return
        except OSError:
            return

    def _go_on(self) -> None:
        """Nothing that is of any use, until nobody reads it or the server stops."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        try:
            while self.fake._is_up and self.fake.endless:
                self.wfile.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
                self.fake.n_endless += 0x10000
        except OSError:
            return

    def _write(self, asked: dict[str, Any]) -> None:
        fake = self.fake
        whole = fake.answer(text_of(asked["prompt"])) if fake.answer else fake.pieces
        pieces = whole[: asked["n_predict"] or 1]
        n_held = fake.read(asked["prompt"])
        n_read = max(len(asked["prompt"]) - n_held, 1)
        timings = {"prompt_n": n_read, "cache_n": n_held, "prompt_ms": 1.0}
        answers: list[dict[str, Any]] = [
            {"content": text, "tokens": [token], "stop": False, "timings": timings}
            for text, token in pieces
        ]
        kind = "eos" if len(pieces) == len(whole) else "limit"
        answers.append({"content": "", "tokens": [], "stop": True, "stop_type": kind})
        progress = {"total": len(asked["prompt"]), "cache": n_held, "processed": n_held}
        first = {"content": "", "tokens": [0], "stop": False, "prompt_progress": progress}
        self.stream(
            [f"data: {json.dumps(answer)}\n\n" for answer in answers],
            f"data: {json.dumps(first)}\n\n" if asked.get("return_progress") else "",
        )

    def stream(self, messages: list[str], first: str = "") -> None:
        """Send them one by one, as far as the faults that are ordered let them through.

        Those count from what comes behind `first`.
        """
        fake = self.fake
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        messages = [first + messages[0], *messages[1:]]
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
    `hangs`, answers a byte at a time where it `drips`, without an end where it is `endless`
    (`n_endless` bytes so far), and with what it was sent, which is no HTTP, where it `echoes`.
    Where there is a path in `only`, nothing of that befalls the others. `answer` makes the pieces
    out of a prompt. A text has one token a char, or those of `tokenizer`, whose size it tells. With
    TLS it shows `certificate`, and wants one that `vouched_by` vouches for, if set.
    """

    pieces: Pieces = field(default_factory=lambda: [("ok", 100)])
    answer: Callable[[str], Pieces] | None = None
    special: tuple[int, ...] = SPECIAL
    tokenizer: Tokenizer | None = None
    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    stall_at: int | None = None
    cut_at: int | None = None
    hangs: bool = False
    drips: bool = False
    endless: bool = False
    n_endless: int = 0
    echoes: bool = False
    only: str = ""
    has_tls: bool = False
    certificate: Path = CERTIFICATE
    vouched_by: Path | None = None
    host: str = "127.0.0.1"
    port: int = 0
    asked: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)
    handler: ClassVar[type[Handler]] = Handler
    _is_up: bool = False
    _held: list[list[int]] = field(default_factory=list)
    _released: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        class Handler(self.handler):  # type: ignore[misc, name-defined]
            fake = self

        self._released.clear()
        # As a process that is new.
        self._held.clear()
        self._is_up = True
        self._server = _Server((self.host, self.port), Handler)
        self._server.daemon_threads = True
        if self.has_tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            if self.vouched_by is not None:
                context.load_verify_locations(self.vouched_by)
                context.verify_mode = ssl.CERT_REQUIRED
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        self._is_up = False
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join()

    def release(self) -> None:
        """End what hangs or drips."""
        self._released.set()
        self._released = threading.Event()

    def tokens(self, text: str, *, parse_special: bool) -> list[int]:
        """What it makes of a text: of the control tokens that stand first, and of the rest."""
        if self.tokenizer is None:
            return list(self.special) if parse_special else [100 + ord(char) for char in text]
        first = [*self.special] if parse_special else []
        rest = text.removeprefix("".join(SPECIAL_TOKENS[token] for token in first))
        return [*first, *self.tokenizer.tokenize(rest)]

    def read(self, prompt: list[int]) -> int:
        """How much of it was held already."""
        n_held = max((common_prefix(held, prompt) for held in self._held), default=0)
        self._held.append(prompt)
        return n_held

    @property
    def url(self) -> str:
        return f"http{'s' if self.has_tls else ''}://{self.host}:{self.port}"

    def prompts(self) -> list[str]:
        """The prompts that were to be continued, as text."""
        return [text_of(asked["prompt"]) for asked in self.completions()]

    def completions(self) -> list[dict[str, Any]]:
        return [asked for path, asked, _ in self.asked if path == "/completion"]


def main() -> None:
    """As a process of its own, for as long as its input lasts: `fake_llama_server.py [PORT]`."""
    server = FakeLlamaServer(answer=numbered, port=int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    server.start()
    print(server.url, flush=True)  # noqa: T201
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()
