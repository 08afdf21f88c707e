"""Text Generation Inference: prompts as text, answers with the ids of tokens.

Source: docs/openapi.json of github.com/huggingface/text-generation-inference, 3.3. A model can be
held to a regular expression there, but the first time takes seconds, so it is not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sc2_lsp.engine.remote.proof import NEEDED, NEEDED_TEXT, differs
from sc2_lsp.engine.remote.protocol import Piece, Served, ServerError
from sc2_lsp.engine.remote.speaking import Speaker
from sc2_lsp.engine.remote.transport import Transport
from sc2_lsp.engine.remote.words import Words
from sc2_lsp.vocabulary import FILE_SEP, N_SPECIAL_TOKENS, SPECIAL_TOKENS

_PROGRAM = "Text Generation Inference"
_DATA = "data:"


@dataclass(frozen=True, slots=True)
class Tgi:
    """Implements `Manner`."""

    @property
    def page(self) -> str:
        return "/info"

    @property
    def path(self) -> str:
        return "/generate_stream"

    def asked(self, prompt: list[int] | str, n_tokens: int, typed: str) -> Mapping[str, Any]:
        return {
            "inputs": prompt,
            "parameters": {
                "max_new_tokens": n_tokens,
                "do_sample": False,
                "return_full_text": False,
                "stop": [SPECIAL_TOKENS[FILE_SEP]],
            },
        }

    def pieces(self, line: str) -> Sequence[Piece]:
        if not line.startswith(_DATA):
            return ()
        answer = json.loads(line.removeprefix(_DATA))
        if "error" in answer:
            raise ServerError("broke off with an error", is_away=False)
        token = answer["token"]
        number = int(token["id"])
        if number < N_SPECIAL_TOKENS:
            return (Piece("", (), 0, 0.0, "special"),)
        pieces = [Piece(str(token["text"]), (number,), 0, 0.0, "")]
        if answer.get("generated_text") is not None:
            end = str((answer.get("details") or {}).get("finish_reason") or "")
            pieces.append(Piece("", (), 0, 0.0, "limit" if end == "length" else "eos"))
        return pieces


async def tgi(transport: Transport, words: Words, info: Mapping[str, Any]) -> Speaker:
    """A TGI, by what it says of itself at `/info`; it has one model."""
    with transport.reading():
        name, n_ctx = str(info["model_id"]), int(info.get("max_total_tokens") or 0)
        served = Served(name, n_params=0, n_ctx=n_ctx, n_ctx_train=0, program=_PROGRAM)
    answer = await transport.post_any("/tokenize", {"inputs": NEEDED_TEXT})
    with transport.reading():
        if tuple(int(token["id"]) for token in answer) != NEEDED:
            raise differs(name)
    return Speaker(transport, Tgi(), words, served)
