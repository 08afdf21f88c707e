from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from sc2_lsp.engine import protocol
from sc2_lsp.engine.connection import Connection, read_frame
from sc2_lsp.ports import EngineError, EngineUnavailable

TIMEOUT_S = 10.0


class Engine:
    """The other end of a connection, played by the test."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def request(self) -> protocol.Request:
        body = await asyncio.wait_for(read_frame(self._reader), TIMEOUT_S)
        return protocol.decode_request(body)

    def reply(self, reply: protocol.Reply) -> None:
        self.writer.write(protocol.encode(reply))

    def send(self, data: bytes) -> None:
        self.writer.write(data)


async def _streams(end: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(sock=end)


@pytest.fixture
async def ends() -> AsyncIterator[tuple[Connection, Engine]]:
    one, other = socket.socketpair()

    async def farewell() -> str:
        return "The engine fell asleep"

    engine = Engine(*await _streams(other))
    connection = Connection(*await _streams(one), 4711, farewell)
    yield connection, engine
    engine.writer.close()
    await connection.close()


Ends = tuple[Connection, Engine]


async def test_replies_find_their_requests_in_any_order(ends: Ends) -> None:
    connection, engine = ends
    asked = [asyncio.ensure_future(connection.tokenize([text])) for text in (b"1", b"2", b"3")]
    requests = [await engine.request() for _ in asked]
    for request in reversed(requests):
        assert isinstance(request, protocol.Tokenize)
        engine.reply(protocol.Tokenized(request.id, [(int(request.texts[0]),)]))
    assert await asyncio.gather(*asked) == [[(1,)], [(2,)], [(3,)]]


async def test_a_failure_is_raised(ends: Ends) -> None:
    connection, engine = ends
    asked = asyncio.ensure_future(connection.tokenize([b"x"]))
    engine.reply(protocol.Failed((await engine.request()).id, "request", "No such thing."))
    with pytest.raises(EngineError, match="No such thing"):
        await asked


async def test_who_gives_up_tells_the_engine_and_its_late_reply_harms_nobody(ends: Ends) -> None:
    connection, engine = ends
    asked = asyncio.ensure_future(connection.tokenize([b"x"]))
    request = await engine.request()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert await engine.request() == protocol.Cancel(request.id)
    engine.reply(protocol.Tokenized(request.id, [(1,)]))
    again = asyncio.ensure_future(connection.tokenize([b"y"]))
    engine.reply(protocol.Tokenized((await engine.request()).id, [(2,)]))
    assert await again == [(2,)]


@pytest.mark.parametrize("last", [b"", b"\0\0", b"\xff\xff\xff\xff", b"\0\0\0\1\xc1"])
async def test_the_end_of_the_engine_or_its_mind_fails_what_is_pending(
    ends: Ends, last: bytes
) -> None:
    connection, engine = ends
    asked = asyncio.ensure_future(connection.tokenize([b"x"]))
    await engine.request()
    engine.send(last)
    if last != b"\xff\xff\xff\xff":
        engine.writer.write_eof()
    for pending in (asked, connection.tokenize([b"y"])):
        with pytest.raises(EngineUnavailable, match="fell asleep"):
            await asyncio.wait_for(pending, TIMEOUT_S)
    assert not connection.is_alive


async def test_closing_fails_what_is_pending(ends: Ends) -> None:
    connection, engine = ends
    asked = asyncio.ensure_future(connection.tokenize([b"x"]))
    await engine.request()
    await connection.close()
    with pytest.raises(EngineUnavailable):
        await asked
    with pytest.raises(asyncio.IncompleteReadError):
        await engine.request()
