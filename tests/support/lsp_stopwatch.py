"""Stands between an editor and its server: notes when each suggestion was asked for and answered.

`python -m tests.support.lsp_stopwatch TIMES COMMAND…` runs COMMAND, passes every byte on unchanged
and adds a line to the file TIMES for each answered `textDocument/inlineCompletion`: two numbers,
milliseconds since 1970, which is what the page of a browser counts as well. Taken where the whole
message has been read, so that what lies between them is the server's alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_METHOD = "textDocument/inlineCompletion"


def main() -> int:
    times, command = Path(sys.argv[1]), sys.argv[2:]
    asked_ms: dict[int | str, float] = {}
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin
    assert server.stdout

    def to_server(source: IO[bytes], target: IO[bytes]) -> None:
        for header, body in _messages(source):
            message = json.loads(body)
            if message.get("method") == _METHOD:
                asked_ms[message["id"]] = _now_ms()
            _pass_on(header + body, target)
        target.close()

    threading.Thread(target=to_server, args=(sys.stdin.buffer, server.stdin), daemon=True).start()
    for header, body in _messages(server.stdout):
        now_ms = _now_ms()
        message = json.loads(body)
        began_ms = None if "method" in message else asked_ms.pop(message.get("id"), None)
        _pass_on(header + body, sys.stdout.buffer)
        if began_ms is not None:
            with times.open("a") as file:
                file.write(json.dumps([began_ms, now_ms]) + "\n")
    return server.wait()


def read(times: Path) -> list[tuple[float, float]]:
    """When each was asked for and answered, in the order of the answers."""
    return [tuple(json.loads(line)) for line in times.read_text().splitlines()]


def _messages(source: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Header, with the empty line that ends it, and body of each message."""
    while True:
        header, length = b"", 0
        while not header.endswith(b"\r\n\r\n"):
            line = source.readline()
            if not line:
                return
            header += line
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        yield header, source.read(length)


def _pass_on(data: bytes, target: IO[bytes]) -> None:
    try:
        target.write(data)
        target.flush()
    except BrokenPipeError:
        pass  # the other side ends first now and then


def _now_ms() -> float:
    return time.time() * 1000


if __name__ == "__main__":
    raise SystemExit(main())
