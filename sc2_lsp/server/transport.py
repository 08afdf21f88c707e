"""Moves bytes between a peer and the event loop, each direction in a thread of its own.

A peer that sends too fast is read no further until the loop caught up; one that does not read what
it is sent never blocks the loop, and counts as gone when too much waits for it. Knows nothing of
what the messages mean.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import queue
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

from sc2_lsp.server.framing import Event, FrameParser

MAX_WAITING_BYTES = 64 * 1024 * 1024

_CHUNK_BYTES = 64 * 1024
_O_BINARY = 0x8000  # of Microsoft's C library; `os` has the name on Windows alone
_MAX_UNHANDLED_MESSAGES = 64


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The two blocking calls on a peer; `read` gives no bytes at the end of the stream.

    Both raise `OSError` when the peer is gone. `close` makes a waiting `read` return if it can.
    """

    read: Callable[[], bytes]
    write: Callable[[bytes], None]
    close: Callable[[], None]


def stdio_endpoint() -> Endpoint:
    """Standard input and output, taken away from everybody else.

    Afterwards descriptor 0 is empty and descriptor 1 is standard error, for this process and those
    that it starts, so that no stray print can break the protocol.
    """
    source, sink = os.dup(0), os.dup(1)
    _point_at_null(0, os.O_RDONLY)
    try:
        os.dup2(2, 1)
    except OSError:
        _point_at_null(1, os.O_WRONLY)
    for descriptor in (source, sink):
        make_plain(descriptor)
    return Endpoint(
        read=lambda: os.read(source, _CHUNK_BYTES),
        write=lambda data: _write_all(sink, data),
        close=lambda: None,
    )


def socket_endpoint(connection: socket.socket) -> Endpoint:
    """A connected stream socket, which the endpoint owns from now on."""
    connection.setblocking(True)

    def close() -> None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()

    return Endpoint(lambda: connection.recv(_CHUNK_BYTES), connection.sendall, close)


def _point_at_null(descriptor: int, flags: int) -> None:
    null = os.open(os.devnull, flags)
    os.dup2(null, descriptor)
    if null != descriptor:
        os.close(null)


def make_plain(descriptor: int, platform: str = sys.platform) -> None:
    """Make reads and writes of `descriptor` block and leave the bytes as they are."""
    if platform == "win32":
        # Imported by name because only Windows has the module.
        importlib.import_module("msvcrt").setmode(descriptor, _O_BINARY)
    else:
        os.set_blocking(descriptor, True)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


class Connection:
    """Owns the threads and the queue of one peer. Its methods belong to the event loop.

    `receive` is called in the loop for every frame, `end` once, after the last of them.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        receive: Callable[[Event], None],
        end: Callable[[], None],
    ) -> None:
        self._endpoint = endpoint
        self._receive = receive
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._unhandled = threading.Semaphore(_MAX_UNHANDLED_MESSAGES)
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._n_waiting = 0
        self._ended = False
        self._flushed = asyncio.Event()

    def start(self) -> None:
        """Begin to read and write."""
        for run, name in ((self._read_frames, "lsp-reader"), (self._write_queue, "lsp-writer")):
            threading.Thread(target=run, name=name, daemon=True).start()

    def write(self, data: bytes) -> None:
        """Queue `data`; returns at once. Dropped where the peer is gone."""
        with self._lock:
            self._n_waiting += len(data)
            overfull = self._n_waiting > MAX_WAITING_BYTES
        if overfull:
            self._finish()
        else:
            self._outgoing.put(data)

    async def close(self, flush_s: float) -> None:
        """Give the peer `flush_s` seconds to read what waits for it, then hang up."""
        self._outgoing.put(None)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._flushed.wait(), flush_s)
        self._endpoint.close()

    def _read_frames(self) -> None:
        parser = FrameParser()
        try:
            while chunk := self._endpoint.read():
                self._deliver(parser.feed(chunk))
        except OSError:
            pass
        self._deliver(parser.finish())
        self._call(self._finish)

    def _deliver(self, events: list[Event]) -> None:
        for event in events:
            self._unhandled.acquire()
            self._call(self._handle, event)

    def _handle(self, event: Event) -> None:
        try:
            if not self._ended:
                self._receive(event)
        finally:
            self._unhandled.release()

    def _write_queue(self) -> None:
        try:
            while (data := self._outgoing.get()) is not None:
                self._endpoint.write(data)
                with self._lock:
                    self._n_waiting -= len(data)
        except OSError:
            self._call(self._finish)
        self._call(self._flushed.set)

    def _finish(self) -> None:
        if not self._ended:
            self._ended = True
            self._end()

    def _call(self, function: Callable[..., None], *args: Event) -> None:
        # The loop may have been closed under a thread that is about to end with the process.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *args)
