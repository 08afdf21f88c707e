from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.server.framing import MAX_BODY_BYTES, MAX_LINE_BYTES, Event, FrameParser, Junk

BODY = b'{"a": 1}'
FRAME = b"Content-Length: 8\r\n\r\n" + BODY


def bodies(*chunks: bytes) -> list[bytes]:
    return [event for event in events(*chunks) if isinstance(event, bytes)]


def events(*chunks: bytes) -> list[Event]:
    parser = FrameParser()
    found = [event for chunk in chunks for event in parser.feed(chunk)]
    return found + parser.finish()


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: 8\r\n\r\n",
        b"Content-Length:8\r\n\r\n",
        b"CONTENT-LENGTH: 8 \r\n\r\n",
        b"content-length :\t8\r\n\r\n",
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 8\r\n\r\n",
        b"Content-Length: 8\r\nContent-Type: text/plain\r\n\r\n",
        b"Content-Length: 8\n\n",
        b"Content-Length: 3\r\nContent-Length: 8\r\n\r\n",
        b"\r\n\r\nContent-Length: 8\r\n\r\n",
    ],
)
def test_headers_are_read_in_every_usual_form(header: bytes) -> None:
    assert events(header + BODY) == [BODY]


@pytest.mark.parametrize(
    "garbage",
    [
        b"garbage",
        b"garbage\n",
        b"\x00\xff\xfe\r\n\r\n",
        b"abc:",
        b"Content-Length: -5\r\n\r\n",
        b"Content-Length: many\r\n\r\n",
        b"Content-Length: 99999999999999999999\r\n\r\n",
        b"Content-Length: %d\r\n\r\n{}" % (MAX_BODY_BYTES + 1),
        b"Content-Length: 3\r\n\r\n",
        b"Content-Length: 500\r\n\r\n",
        b"x" * 3 * MAX_LINE_BYTES,
    ],
)
def test_a_message_behind_garbage_is_found(garbage: bytes) -> None:
    found = events(garbage + FRAME)
    assert found[-1] == BODY
    assert [type(event) for event in found[:-1]] in ([Junk], [])
    assert bodies(*(bytes([byte]) for byte in garbage + FRAME)) == [BODY]


def test_an_empty_body_is_a_message() -> None:
    assert bodies(b"Content-Length: 0\r\n\r\n" + FRAME) == [b"", BODY]


@pytest.mark.parametrize("cut", range(1, len(FRAME)))
def test_a_message_that_is_cut_off_is_reported_at_the_end(cut: int) -> None:
    assert [type(event) for event in events(FRAME + FRAME[:cut])] == [bytes, Junk]


def test_a_long_line_costs_neither_memory_nor_time() -> None:
    parser = FrameParser()
    chunk = b"x" * 65536
    started = time.process_time()
    for _ in range(50 * 16):
        parser.feed(chunk)
        assert len(parser._buffer) <= MAX_LINE_BYTES
    assert parser.feed(FRAME) == [BODY]
    assert time.process_time() - started < 5


# Garbage that holds no header and is none: what the peer prints by mistake, or noise.
garbage = st.one_of(
    st.just(b""),
    st.binary(max_size=40).filter(lambda data: b":" not in data),
    st.binary(max_size=20).map(lambda data: data.replace(b":", b".") + b"\r\n"),
    st.integers(-3, 3).map(lambda more: b"y" * (MAX_LINE_BYTES + more)),
)
json_bodies = st.binary(max_size=60).map(lambda data: b"{" + data + b"}")


@given(
    st.lists(st.tuples(garbage, json_bodies), max_size=6),
    st.lists(st.integers(min_value=1, max_value=5000), max_size=30),
)
def test_messages_amid_garbage_are_the_same_in_any_chunks(
    messages: list[tuple[bytes, bytes]], sizes: list[int]
) -> None:
    stream = b"".join(
        junk + b"Content-Length: %d\r\n\r\n" % len(body) + body for junk, body in messages
    )
    chunks, at = [], 0
    for size in sizes:
        chunks.append(stream[at : at + size])
        at += size
    chunks.append(stream[at:])
    assert bodies(*chunks) == [body for _, body in messages]
    assert events(*chunks) == events(stream)


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_any_bytes_give_the_same_events_in_any_chunks(chunks: list[bytes]) -> None:
    assert events(*chunks) == events(b"".join(chunks))
    assert bodies(*chunks, b"\n" + FRAME)[-1:] == [BODY]


pieces = st.sampled_from(
    [
        b"Content-Length: ",
        b"5",
        b"20",
        b"\r\n",
        b"\n",
        b"\r\n\r\n",
        b"{}",
        b"content-length",
        b":",
        FRAME,
    ]
)


@given(st.lists(pieces, max_size=20))
def test_pieces_of_headers_give_the_same_events_in_any_chunks(parts: list[bytes]) -> None:
    stream = b"".join(parts)
    assert events(*parts) == events(stream)
    assert events(*(bytes([byte]) for byte in stream)) == events(stream)
