"""The peer as llama.vim's requests make it, in front of a stand-in that records them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sc2_lsp.bench.contenders import Document
from sc2_lsp.bench.failure import BenchError
from sc2_lsp.bench.keystrokes import Kind, Stroke
from sc2_lsp.bench.peer import N_CHUNKS, Address, LlamaServer

LINES = [f"line_{number} = {number}" for number in range(400)]
CONTENT = "\n".join(LINES) + "\n"
MAIN, SECOND = Path("/repo/main.py"), Path("/repo/second.py")


class StandIn(ThreadingHTTPServer):
    """Answers each request with `content`, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[dict[str, Any]] = []
        self.content = "radius"
        self.status = 200

    @property
    def address(self) -> Address:
        return Address("peer", "127.0.0.1", self.server_address[1], "/infill")


class _Handler(BaseHTTPRequestHandler):
    server: StandIn

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        self.server.asked.append(json.loads(self.rfile.read(size)))
        timings = {"prompt_n": 5, "cache_n": 95, "predicted_n": 8}
        reply: dict[str, Any] = {"content": self.server.content, "timings": timings}
        if self.server.status != 200:
            reply = {"error": {"message": "Infill is not supported."}}
        body = json.dumps(reply).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def typed(document: int, at: int, text: str) -> Stroke:
    return Stroke(document, at, at, text, Kind.TYPED, 0.0)


async def opened(server: StandIn, *others: Document) -> LlamaServer:
    peer = LlamaServer(server.address, 8)
    at = CONTENT.index("300")
    await peer.open([Document(MAIN, CONTENT, at), Document(SECOND, "x = 1\n", 5)], others)
    server.asked.clear()
    return peer


async def test_a_request_has_256_lines_before_the_cursor_and_64_behind(server: StandIn) -> None:
    peer = await opened(server)
    at = CONTENT.index("300 = 300") + len("300 = ")
    answer = await peer.press(typed(0, at, "("))
    (asked,) = server.asked
    assert asked["prompt"] == "line_300 = ("
    assert asked["input_prefix"] == "\n".join(LINES[44:300]) + "\n"
    assert asked["input_suffix"] == "300\n" + "\n".join(LINES[301:365]) + "\n"
    assert asked["n_predict"] == 8
    assert asked["cache_prompt"] is True
    assert (answer.n_prompt, answer.n_evaluated, answer.n_generated) == (100, 5, 8)
    assert not answer.is_typed_through


async def test_what_was_suggested_is_typed_without_asking_again(server: StandIn) -> None:
    peer = await opened(server)
    await peer.press(typed(0, 0, "x"))
    through = await peer.press(typed(0, 1, "r"))
    assert len(server.asked) == 1
    assert through.is_typed_through
    assert (through.n_prompt, through.n_evaluated) == (0, 0)
    assert not (await peer.press(typed(0, 2, "!"))).is_typed_through
    assert server.asked[1]["prompt"].startswith("xr!")


async def test_other_files_are_chunks_and_no_more_than_llama_vim_keeps(server: StandIn) -> None:
    long = "\n".join(LINES * 4)
    peer = await opened(server, Document(Path("/repo/other.py"), long, 0))
    await peer.press(typed(0, 0, "x"))
    chunks = server.asked[0]["input_extra"]
    assert len(chunks) == N_CHUNKS
    assert {chunk["filename"] for chunk in chunks} == {"other.py", "second.py"}
    assert all(chunk["text"].count("\n") <= 64 for chunk in chunks)


async def test_a_file_that_is_left_becomes_a_chunk_in_the_background(server: StandIn) -> None:
    peer = await opened(server)
    await peer.press(typed(0, CONTENT.index("line_200"), "x"))
    await peer.press(typed(1, 5, "0"))
    background, foreground = server.asked[1:]
    assert background["n_predict"] == 0
    assert background["input_extra"] == foreground["input_extra"]
    assert "line_200" in foreground["input_extra"][-1]["text"]
    assert foreground["prompt"] == "x = 10"
    assert peer.record.n_background_evaluated == 5


async def test_processor_time_is_that_of_the_process_that_listens(server: StandIn) -> None:
    peer = await opened(server)
    used_s = peer.cpu_s()
    assert used_s is None or used_s > 0


async def test_a_server_that_refuses_is_quoted(server: StandIn) -> None:
    peer = await opened(server)
    server.status = 501
    with pytest.raises(BenchError, match=r"refuses: Infill is not supported\.$"):
        await peer.press(typed(0, 0, "x"))


async def test_a_server_that_is_not_there_is_named() -> None:
    with StandIn() as server:
        address = server.address
    peer = LlamaServer(address, 8)
    with pytest.raises(BenchError, match=f"127.0.0.1:{address.port} does not answer"):
        await peer.open([Document(MAIN, CONTENT, 0)], [])


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("reuse=http://127.0.0.1:8012", Address("reuse", "127.0.0.1", 8012, "/infill")),
        (
            "http://localhost:80/v1/",
            Address("http://localhost:80/v1/", "localhost", 80, "/v1/infill"),
        ),
    ],
)
def test_an_address_with_and_without_a_name(written: str, address: Address) -> None:
    assert Address.parse(written) == address


@pytest.mark.parametrize(
    "written", ["", "default", "x=ftp://a", "x=https://a", "http://:1", "x=http://a:99999"]
)
def test_an_address_that_is_none(written: str) -> None:
    with pytest.raises(BenchError, match="needs the form NAME=http"):
        Address.parse(written)
