"""Many texts at once, as an opened file brings them, in front of a server that is not quick."""

from __future__ import annotations

import asyncio
import json
import re
import time
from contextlib import closing, suppress

import pytest

from sc2_lsp.engine.remote import connecting, transport
from sc2_lsp.engine.remote.address import Address
from sc2_lsp.engine.remote.llama_server import LlamaServer
from sc2_lsp.engine.remote.protocol import ServerError
from sc2_lsp.engine.remote.reckoning import Reckoning
from sc2_lsp.engine.remote.remote import RemoteEngine

N_TEXTS = 12 * connecting.MOST_CONNECTIONS


async def test_a_text_that_waits_for_a_connection_is_no_server_that_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport, "ANSWER_S", 2.0)
    answer = json.dumps({"tokens": [7]}).encode()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError), closing(writer):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                for size in re.findall(rb"content-length: (\d+)", head.lower()):
                    await reader.readexactly(int(size))
                # Each is answered in time; all of them together take longer than one may.
                await asyncio.sleep(0.1)
                head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(answer)
                writer.write(head + answer)

    slow = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = slow.sockets[0].getsockname()[1]
    address = Address(f"http://127.0.0.1:{port}")
    server = LlamaServer(transport.Transport(address, "llama-server"), Reckoning(tuple))
    engine = RemoteEngine(server, 4096, time.monotonic)
    try:
        texts = [str(number) for number in range(N_TEXTS)]
        assert await engine.tokenize(texts) == [(7,)] * N_TEXTS
    finally:
        await engine.close()
        slow.close()


async def test_a_line_without_an_end_is_not_kept() -> None:
    n_sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal n_sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        with suppress(ConnectionError), closing(writer):
            while n_sent < 64 << 20:
                writer.write(b"x" * (1 << 16))
                n_sent += 1 << 16
                await writer.drain()

    endless = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = endless.sockets[0].getsockname()[1]
    http = transport.Transport(Address(f"http://127.0.0.1:{port}"), "an endless one")
    with pytest.raises(ServerError, match="writes lines without an end"):
        assert not [line async for line in http.lines("/completion", {})]
    assert n_sent < 64 << 20
    await http.close()
    endless.close()
