from __future__ import annotations

import io
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sc2_lsp.domain import EngineSpec, Generation, GenerationRequest, StopReason, StopRule
from sc2_lsp.engine import protocol

REQUESTS = [
    protocol.Load(1, EngineSpec("/m.gguf", 4096, 0, -1, 64)),
    protocol.Tokenize(2, [b"caf\xc3\xa9 \xff", b""]),
    protocol.Detokenize(3, (1, 2)),
    protocol.Generate(4, GenerationRequest((5, 6), 8, 1.5, StopRule(9, 4, None))),
    protocol.Cancel(5),
    protocol.Linger(6, 0.0),
]
REPLIES = [
    protocol.Tokenized(2, [(1, 2), ()]),
    protocol.Generated(4, Generation("x\n😀", StopReason.DEADLINE, 3, 2, 1, 0.1, 0.2, 0.3)),
    protocol.Failed(1, "model", "No such file."),
]


@pytest.mark.parametrize("message", REQUESTS)
def test_requests_survive_the_wire(message: protocol.Request) -> None:
    body = protocol.read_frame(io.BytesIO(protocol.encode(message)))
    assert body is not None
    assert protocol.decode_request(body) == message


@pytest.mark.parametrize("message", REPLIES)
def test_replies_survive_the_wire(message: protocol.Reply) -> None:
    body = protocol.read_frame(io.BytesIO(protocol.encode(message)))
    assert body is not None
    assert protocol.decode_reply(body) == message


@pytest.mark.parametrize("torn", [b"", b"\0\0", b"\0\0\0\x09abc", b"\xff\xff\xff\xff"])
def test_a_torn_or_absurd_frame_is_the_end(torn: bytes) -> None:
    assert protocol.read_frame(io.BytesIO(torn)) is None


@pytest.mark.parametrize("message", [protocol.Hello(b"secret", 15.0), protocol.Welcome(4711)])
def test_a_handshake_survives_the_wire(message: protocol.Hello | protocol.Welcome) -> None:
    body = protocol.take_frame(bytearray(protocol.encode(message)))
    assert body is not None
    decode = (
        protocol.decode_hello if isinstance(message, protocol.Hello) else protocol.decode_welcome
    )
    assert decode(body) == message


def test_a_request_is_no_handshake_and_a_handshake_no_request() -> None:
    hello = protocol.encode(protocol.Hello(b"secret", 15.0))[protocol.HEADER.size :]
    tokenize = protocol.encode(REQUESTS[1])[protocol.HEADER.size :]
    with pytest.raises(protocol.BadFrame):
        protocol.decode_request(hello)
    with pytest.raises(protocol.BadFrame):
        protocol.decode_hello(tokenize)


@given(st.lists(st.binary(max_size=40)), st.integers(1, 9))
def test_frames_come_whole_and_in_order_however_a_stream_is_cut(
    bodies: list[bytes], n_bytes: int
) -> None:
    stream = b"".join(protocol.HEADER.pack(len(body)) + body for body in bodies)
    buffer, taken = bytearray(), []
    for start in range(0, len(stream), n_bytes):
        buffer += stream[start : start + n_bytes]
        while (body := protocol.take_frame(buffer)) is not None:
            taken.append(body)
    assert taken == bodies
    assert not buffer


def test_a_frame_that_is_too_long_is_refused_by_its_header() -> None:
    header = protocol.HEADER.pack(101)
    assert protocol.take_frame(bytearray(header), longest=101) is None
    with pytest.raises(protocol.BadFrame):
        protocol.take_frame(bytearray(header), longest=100)


@given(st.binary(max_size=60))
@example(b"\x91\xa4\x00\x00\x00\x80")
def test_garbage_is_never_more_than_a_bad_frame(body: bytes) -> None:
    for decode in (
        protocol.decode_request,
        protocol.decode_reply,
        protocol.decode_hello,
        protocol.decode_welcome,
    ):
        with suppress(protocol.BadFrame):
            decode(body)
