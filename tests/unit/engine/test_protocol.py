from __future__ import annotations

import io

import pytest

from sc2_lsp.domain import EngineSpec, Generation, GenerationRequest, StopReason, StopRule
from sc2_lsp.engine import protocol

REQUESTS = [
    protocol.Load(1, EngineSpec("/m.gguf", 4096, 0, -1, 64)),
    protocol.Tokenize(2, [b"caf\xc3\xa9 \xff", b""]),
    protocol.Detokenize(3, (1, 2)),
    protocol.Generate(4, GenerationRequest((5, 6), 8, 1.5, StopRule(9, 4, None))),
    protocol.Cancel(5),
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
