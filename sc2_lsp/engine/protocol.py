"""Messages between the server and the engine process, and their frames.

A frame is the length of its body as four bytes, big end first, then the body in MessagePack. Every
request carries an id and gets exactly one reply with that id, a cancelled one too; before
that of a `Load`, `Loading` may come.

A connection to a shared engine begins with `Hello`, which is answered by `Welcome`; any other
beginning ends it.
"""

from __future__ import annotations

import struct
from typing import Annotated, BinaryIO, Literal, TypeVar

import msgspec

from sc2_lsp.domain import EngineSpec, Generation, GenerationRequest, ModelInfo, Tokens

VERSION = 3
"""To be raised with every change of the messages: an engine and its users have to agree."""

HEADER = struct.Struct(">I")
MAX_BODY = 64 * 1024 * 1024
MAX_HELLO_BODY = 1024
MAX_IDLE_S = 86_400.0


class BadFrame(ValueError):
    """The stream holds something that is no frame, or one longer than allowed."""


class Hello(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Who connects knows the token, and wants the engine to outlive its last user by `idle_s`."""

    token: bytes
    idle_s: Annotated[float, msgspec.Meta(ge=0, le=MAX_IDLE_S)]


class Welcome(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The engine's process id."""

    pid: int


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


class Linger(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Wish that a shared engine outlive its last user by another time than `Hello` said.

    It has no reply and means nothing to an engine of one's own.
    """

    id: int
    idle_s: Annotated[float, msgspec.Meta(ge=0, le=MAX_IDLE_S)]


class Loading(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """How much of the weights is there, from 0 to 1."""

    id: int
    share: float


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


Request = Load | Tokenize | Detokenize | Generate | Cancel | Linger
Reply = Loading | Loaded | Tokenized | Detokenized | Generated | Failed

_encoder = msgspec.msgpack.Encoder()
_request_decoder: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_reply_decoder: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)
_hello_decoder = msgspec.msgpack.Decoder(Hello)
_welcome_decoder = msgspec.msgpack.Decoder(Welcome)
_T = TypeVar("_T")


def encode(message: Hello | Welcome | Request | Reply) -> bytes:
    """The frame of `message`, header included."""
    body = _encoder.encode(message)
    return HEADER.pack(len(body)) + body


def decode_request(body: bytes) -> Request:
    """Raises BadFrame."""
    return _decode(_request_decoder, body)


def decode_reply(body: bytes) -> Reply:
    """Raises BadFrame."""
    return _decode(_reply_decoder, body)


def decode_hello(body: bytes) -> Hello:
    """Raises BadFrame."""
    return _decode(_hello_decoder, body)


def decode_welcome(body: bytes) -> Welcome:
    """Raises BadFrame."""
    return _decode(_welcome_decoder, body)


def _decode(decoder: msgspec.msgpack.Decoder[_T], body: bytes) -> _T:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(str(error)) from None


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


def take_frame(buffer: bytearray, longest: int = MAX_BODY) -> bytes | None:
    """Take the body of the first frame out of `buffer`; None while it is not there as a whole.

    Raises BadFrame as soon as a body is announced that has more than `longest` bytes.
    """
    if len(buffer) < HEADER.size:
        return None
    (length,) = HEADER.unpack_from(buffer)
    if length > longest:
        raise BadFrame(f"a frame of {length} bytes is too long")
    end = HEADER.size + length
    if len(buffer) < end:
        return None
    body = bytes(memoryview(buffer)[HEADER.size : end])
    del buffer[:end]
    return body
