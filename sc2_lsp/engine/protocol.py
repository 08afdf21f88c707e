"""Messages between the server and the engine process, and their frames.

A frame is the length of its body as four bytes, big end first, then the body in MessagePack. Every
request carries an id and gets exactly one reply with that id, a cancelled one too.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, Literal

import msgspec

from sc2_lsp.domain import EngineSpec, Generation, GenerationRequest, ModelInfo, Tokens

HEADER = struct.Struct(">I")
MAX_BODY = 256 * 1024 * 1024


class Load(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Load the weights; the first request of a connection."""

    id: int
    spec: EngineSpec


class Tokenize(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Tokenize each text, UTF-8, on its own, special tokens in it taken as plain text."""

    id: int
    texts: list[bytes]


class Detokenize(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Write the tokens as UTF-8 text, special tokens included."""

    id: int
    tokens: Tokens


class Generate(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Continue the tokens of the request."""

    id: int
    request: GenerationRequest


class Cancel(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Stop the request with this id, running or waiting; it has no reply of its own."""

    id: int


class Loaded(msgspec.Struct, frozen=True, tag=True, array_like=True):
    id: int
    info: ModelInfo


class Tokenized(msgspec.Struct, frozen=True, tag=True, array_like=True):
    id: int
    tokens: list[Tokens]


class Detokenized(msgspec.Struct, frozen=True, tag=True, array_like=True):
    id: int
    text: bytes


class Generated(msgspec.Struct, frozen=True, tag=True, array_like=True):
    id: int
    generation: Generation


class Failed(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The request failed; `message` is one sentence for the user."""

    id: int
    kind: Literal["model", "request", "cancelled"]
    message: str


Request = Load | Tokenize | Detokenize | Generate | Cancel
Reply = Loaded | Tokenized | Detokenized | Generated | Failed

_encoder = msgspec.msgpack.Encoder()
_request_decoder: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_reply_decoder: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


def encode(message: Request | Reply) -> bytes:
    """The frame of `message`, header included."""
    body = _encoder.encode(message)
    return HEADER.pack(len(body)) + body


def decode_request(body: bytes) -> Request:
    return _request_decoder.decode(body)


def decode_reply(body: bytes) -> Reply:
    return _reply_decoder.decode(body)


def read_frame(stream: BinaryIO) -> bytes | None:
    """The body of the next frame of a blocking stream; None at its end, a torn frame included."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    (length,) = HEADER.unpack(header)
    if length > MAX_BODY:
        return None
    body = stream.read(length)
    return body if len(body) == length else None
