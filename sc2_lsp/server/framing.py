"""Cuts a byte stream into the bodies of LSP messages, whatever else stands in the stream.

Bytes that belong to no message are skipped up to the next line that ends in a valid
`Content-Length` header. Knows nothing of JSON, does no IO, and never buffers more than one body
of `MAX_BODY_BYTES` or one header line of `MAX_LINE_BYTES`, beside the chunk it was fed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_BODY_BYTES = 256 * 1024 * 1024
MAX_LINE_BYTES = 8192

_SEARCHED_TAIL_BYTES = 128
_KEPT_TAIL_BYTES = 2 * _SEARCHED_TAIL_BYTES
_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d{1,10})[ \t]*\Z", re.IGNORECASE)
_ANY_HEADER = re.compile(rb"[!-9;-~]+[ \t]*:")
_HEADER_START = b"content-length:"
_LINE_TOO_LONG = "a header line is too long"


@dataclass(frozen=True, slots=True)
class Junk:
    """Bytes that belong to no message; reported once until the next message is complete."""

    reason: str


Event = bytes | Junk


class FrameParser:
    """Owns the part of the stream that is not yet a message.

    The events are the same however the stream is cut into chunks.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._length: int | None = None
        self._in_body = False
        self._junk_reported = False
        self._events: list[Event] = []

    def feed(self, chunk: bytes) -> list[Event]:
        """What the stream holds after `chunk` that was not reported before."""
        self._buffer += chunk
        while self._read_body() if self._in_body else self._read_line():
            pass
        return self._take_events()

    def finish(self) -> list[Event]:
        """What the end of the stream cuts off."""
        if self._in_body or self._length is not None or self._buffer.strip():
            self._report("the stream ended inside a message")
        self._buffer.clear()
        return self._take_events()

    def _take_events(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _read_line(self) -> bool:
        end = self._buffer.find(b"\n", self._searched)
        if end < 0:
            if len(self._buffer) > MAX_LINE_BYTES:
                self._report(_LINE_TOO_LONG)
                del self._buffer[:-_KEPT_TAIL_BYTES]
            self._searched = len(self._buffer)
            return False
        if end > MAX_LINE_BYTES:
            self._report(_LINE_TOO_LONG)
        line = bytes(self._buffer[:end]).removesuffix(b"\r")
        del self._buffer[: end + 1]
        self._searched = 0
        self._read_header(line)
        return True

    def _read_header(self, line: bytes) -> None:
        if not line:
            self._in_body = self._length is not None
            return
        # Bytes without a line break may stand before a header: what counts is how the line ends.
        found = _LENGTH.search(line[-_SEARCHED_TAIL_BYTES:])
        if found:
            length = int(found.group(1))
            if length > MAX_BODY_BYTES:
                self._length = None
                self._report("a message is too long")
                return
            self._length = length
            if len(line) > len(found.group()):
                self._report("bytes stand before a message")
        elif not _ANY_HEADER.match(line):
            self._report("bytes belong to no message")
        elif line[: len(_HEADER_START)].lower() == _HEADER_START:
            self._report("a message has no valid length")

    def _read_body(self) -> bool:
        length = self._length or 0
        n_probed = min(length, len(_HEADER_START))
        if len(self._buffer) < n_probed:
            return False
        # No JSON starts like a header, so the body was left out and a header came in its place.
        if n_probed and _HEADER_START.startswith(bytes(self._buffer[:n_probed]).lower()):
            self._start_header()
            self._report("a message has no body")
            return True
        if len(self._buffer) < length:
            return False
        self._events.append(bytes(self._buffer[:length]))
        del self._buffer[:length]
        self._start_header()
        self._junk_reported = False
        return True

    def _start_header(self) -> None:
        self._in_body = False
        self._length = None
        self._searched = 0

    def _report(self, reason: str) -> None:
        if not self._junk_reported:
            self._events.append(Junk(reason))
        self._junk_reported = True
