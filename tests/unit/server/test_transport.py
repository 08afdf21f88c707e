from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable

from sc2_lsp.server.framing import Event
from sc2_lsp.server.transport import MAX_WAITING_BYTES, Connection, Endpoint

TIMEOUT_S = 30
FRAME = b"Content-Length: 2\r\n\r\n{}"


class Peer:
    """The other side of an endpoint; what it was sent waits until it reads."""

    def __init__(self) -> None:
        self.outgoing: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.incoming: list[bytes] = []
        self.reads = threading.Event()
        self.reads.set()
        self.is_gone = False
        self.hung_up = False

    def endpoint(self) -> Endpoint:
        return Endpoint(self.outgoing.get, self._write, self._close)

    def _write(self, data: bytes) -> None:
        self.reads.wait(TIMEOUT_S)
        if self.is_gone:
            raise BrokenPipeError
        self.incoming.append(data)

    def _close(self) -> None:
        self.hung_up = True
        self.outgoing.put(b"")


class Server:
    """What a connection reported, and when it ended."""

    def __init__(self, peer: Peer, receive: Callable[[Event], None] | None = None) -> None:
        self.events: list[Event] = []
        self.ended = asyncio.Event()
        self.n_ends = 0
        self.connection = Connection(peer.endpoint(), receive or self.events.append, self._end)
        self.connection.start()

    def _end(self) -> None:
        self.n_ends += 1
        self.ended.set()


async def test_messages_arrive_in_order_and_before_the_end() -> None:
    peer = Peer()
    server = Server(peer)
    for number in range(500):
        peer.outgoing.put(b"Content-Length: 3\r\n\r\n%03d" % number)
    peer.outgoing.put(b"")
    await asyncio.wait_for(server.ended.wait(), TIMEOUT_S)
    assert server.events == [b"%03d" % number for number in range(500)]
    assert server.n_ends == 1


async def test_what_was_written_is_flushed_in_order() -> None:
    peer = Peer()
    server = Server(peer)
    written = [b"%d" % number for number in range(100)]
    for data in written:
        server.connection.write(data)
    await server.connection.close(TIMEOUT_S)
    assert peer.incoming == written
    assert peer.hung_up


async def test_a_peer_that_does_not_read_delays_neither_writing_nor_closing() -> None:
    peer = Peer()
    peer.reads.clear()
    server = Server(peer)
    server.connection.write(b"x")
    await server.connection.close(flush_s=0.01)
    assert peer.hung_up
    peer.reads.set()


async def test_a_peer_that_lets_too_much_wait_is_gone() -> None:
    peer = Peer()
    peer.reads.clear()
    server = Server(peer)
    for _ in range(3):
        server.connection.write(bytes(MAX_WAITING_BYTES // 2))
    assert server.ended.is_set()
    assert server.n_ends == 1
    peer.reads.set()


async def test_a_peer_that_is_gone_ends_the_connection() -> None:
    peer = Peer()
    peer.is_gone = True
    server = Server(peer)
    server.connection.write(b"x")
    await asyncio.wait_for(server.ended.wait(), TIMEOUT_S)


async def test_nothing_is_received_after_the_end() -> None:
    peer = Peer()
    peer.is_gone = True
    server = Server(peer)
    server.connection.write(b"x")
    await asyncio.wait_for(server.ended.wait(), TIMEOUT_S)
    peer.outgoing.put(FRAME)
    await server.connection.close(flush_s=0.01)
    assert server.events == []
    assert server.n_ends == 1
