"""A raw LSP client for tests: bytes in, messages out, every wait with a timeout and no sleeps."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

TIMEOUT_S = 60.0
ROOT = Path(__file__).resolve().parents[2]
FAKE_SERVER = (sys.executable, "-m", "tests.support.fake_server")

Message = dict[str, Any]


def frame(body: bytes | Message) -> bytes:
    """`body` with its header."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(data), data)


def request(msg_id: int | str, method: str, params: Any = None) -> bytes:
    return frame({"jsonrpc": "2.0", "id": msg_id, "method": method, "params": params})


def notification(method: str, params: Any = None) -> bytes:
    return frame({"jsonrpc": "2.0", "method": method, "params": params})


class Inbox:
    """Owns what a stream brought: messages by order of arrival, and its end."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.messages: list[Message] = []
        self._changed = threading.Condition()
        self._ended = False
        self._may_read = threading.Event()
        self._may_read.set()
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def pause(self) -> None:
        """Read nothing more, but for one message that may be on its way."""
        self._may_read.clear()

    def resume(self) -> None:
        self._may_read.set()

    def wait_for(self, **wanted: Any) -> Message:
        """The first message that holds these values, taken out; fails at the end of the stream."""

        def position() -> int | None:
            for index, message in enumerate(self.messages):
                if all(name in message and message[name] == wanted[name] for name in wanted):
                    return index
            return None

        with self._changed:
            if not self._changed.wait_for(lambda: position() is not None or self._ended, TIMEOUT_S):
                raise TimeoutError(f"no {wanted} among {self.messages}")
            index = position()
            if index is None:
                raise EOFError(f"no {wanted} among {self.messages}")
            return self.messages.pop(index)

    def wait_for_end(self) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: self._ended, TIMEOUT_S):
                raise TimeoutError("the stream did not end")

    def _read(self, stream: IO[bytes]) -> None:
        while self._may_read.wait() and (header := stream.readline()):
            name, length = header.split(b":")
            assert name == b"Content-Length", header
            assert stream.readline() == b"\r\n"
            message = json.loads(stream.read(int(length)))
            with self._changed:
                self.messages.append(message)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


class Client:
    """Owns a server process and the pipes to it."""

    def __init__(
        self,
        command: Sequence[str] = FAKE_SERVER,
        env: Mapping[str, str] | None = None,
        stderr: int | None = subprocess.PIPE,
    ) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        )
        assert self.process.stdin
        assert self.process.stdout
        self._stdin = self.process.stdin
        self.inbox = Inbox(self.process.stdout)
        self._errors = _Lines(self.process.stderr)
        self._n_requests = 0

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *failure: object) -> None:
        self.process.kill()
        self.process.wait()
        self.close_input()

    @property
    def stderr(self) -> str:
        return self._errors.text

    def wait_for_line(self, part: str) -> str:
        """The first line on standard error that holds `part`."""
        return self._errors.wait_for(part)

    def send(self, data: bytes) -> None:
        self._stdin.write(data)
        self._stdin.flush()

    def close_input(self) -> None:
        with contextlib.suppress(OSError):
            self._stdin.close()

    def notify(self, method: str, params: Any = None) -> None:
        self.send(notification(method, params))

    def start(self, method: str, params: Any = None) -> int:
        """Send a request and return its id."""
        self._n_requests += 1
        self.send(request(self._n_requests, method, params))
        return self._n_requests

    def ask(self, method: str, params: Any = None) -> Message:
        """Send a request and wait for the whole reply."""
        return self.inbox.wait_for(id=self.start(method, params))

    def initialize(
        self,
        options: Any = None,
        capabilities: Message | None = None,
        **params: Any,
    ) -> Message:
        """Do the handshake; the result of `initialize`."""
        reply = self.ask(
            "initialize",
            {
                "processId": None,
                "rootUri": None,
                "capabilities": capabilities or {},
                "initializationOptions": options,
                **params,
            },
        )
        self.notify("initialized", {})
        result: Message = reply["result"]
        return result

    def open(self, uri: str, text: str, language: str = "python") -> None:
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def change(self, uri: str, *changes: Message) -> None:
        self.notify(
            "textDocument/didChange",
            {"textDocument": {"uri": uri, "version": 2}, "contentChanges": list(changes)},
        )

    def close(self, uri: str) -> None:
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def complete(self, uri: str, line: int, column: int, **context: Any) -> Any:
        """The result of an inline completion."""
        return self.ask("textDocument/inlineCompletion", at(uri, line, column, **context))["result"]

    def snapshot(self, uri: str, line: int, column: int, **context: Any) -> Message:
        """What the fake service saw at this place."""
        result = self.complete(uri, line, column, **context)
        snapshot: Message = json.loads(result["items"][0]["insertText"])
        return snapshot

    def stats(self) -> Message:
        reply = self.ask("workspace/executeCommand", {"command": "sc2.stats"})
        stats: Message = reply["result"]
        return stats

    def shut_down(self) -> int:
        """End the session as LSP wants it; the exit code."""
        self.ask("shutdown")
        self.notify("exit")
        return self.wait()

    def wait(self) -> int:
        return self.process.wait(TIMEOUT_S)


def at(uri: str, line: int, column: int, **context: Any) -> Message:
    """Parameters of an inline completion."""
    return {
        "textDocument": {"uri": uri},
        "position": {"line": line, "character": column},
        "context": {"triggerKind": 2, **context},
    }


def partial(line: int, start: int, end_line: int, end: int, text: str) -> Message:
    """A change of a range."""
    return {
        "range": {
            "start": {"line": line, "character": start},
            "end": {"line": end_line, "character": end},
        },
        "text": text,
    }


def connect(address: str) -> tuple[socket.socket, Inbox]:
    """A connection to HOST:PORT and what it brings."""
    host, _, port = address.rpartition(":")
    connection = socket.create_connection((host, int(port)), TIMEOUT_S)
    connection.settimeout(None)
    return connection, Inbox(connection.makefile("rb"))


class _Lines:
    """Owns the lines that standard error brought."""

    def __init__(self, stream: Any) -> None:
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._seen: list[str] = []
        self._ended = threading.Event()
        if stream is None:
            self._ended.set()
        else:
            threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    @property
    def text(self) -> str:
        """All that was written before the end of the stream, which is waited for."""
        assert self._ended.wait(TIMEOUT_S)
        return "".join(self._seen)

    def wait_for(self, part: str) -> str:
        while True:
            line = self._lines.get(timeout=TIMEOUT_S)
            if line is None:
                raise EOFError(f"{part!r} was never written, but {self._seen}")
            if part in line:
                return line

    def _read(self, stream: IO[bytes]) -> None:
        for raw in stream:
            line = raw.decode("utf-8", "replace")
            self._seen.append(line)
            self._lines.put(line)
        self._lines.put(None)
        self._ended.set()
