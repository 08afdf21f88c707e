"""Speaks to llama.cpp's own server: what it has loaded, tokens, and a stream of what it writes.

Asks no page that a gateway has reason to hide: models, tokenize, detokenize and completion.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from sc2_lsp.engine.remote.proof import NEEDED, NEEDED_TEXT, differs
from sc2_lsp.engine.remote.protocol import Piece, Served, ServerError
from sc2_lsp.engine.remote.reckoning import Reckoning
from sc2_lsp.engine.remote.transport import Transport

_DATA = "data: "


class LlamaServer:
    """Implements `Server`."""

    def __init__(self, transport: Transport, reckoning: Reckoning) -> None:
        self._transport = transport
        self._reckoning = reckoning

    async def probe(self) -> Served:
        answer = await self._transport.get("/v1/models")
        with self._transport.reading():
            served = _served(answer)
        sample = self._reckoning.sample(served)
        found = await self._tokens({"content": NEEDED_TEXT + sample.text, "parse_special": True})
        if found != NEEDED + sample.tokens:
            if not sample.text or found[: len(NEEDED)] != NEEDED:
                raise differs(served.name)
            self._reckoning.refute()
            raise ServerError("has another vocabulary than it had", is_away=True)
        self._reckoning.meet(served, self._plain)
        return served

    async def ask(self) -> None:
        await self._transport.get("/v1/models")

    async def tokenize(self, text: str) -> tuple[int, ...]:
        tokens = await self._reckoning.tokens(text)
        return await self._plain(text) if tokens is None else tokens

    async def detokenize(self, tokens: Sequence[int]) -> str:
        answer = await self._transport.post("/detokenize", {"tokens": list(tokens)})
        return str(answer.get("content", ""))

    async def write(
        self, prompt: Sequence[int], n_tokens: int, required: str, *, is_line: bool = False
    ) -> AsyncGenerator[Piece, None]:
        asked: dict[str, Any] = {
            "prompt": list(prompt),
            "n_predict": n_tokens,
            "stream": True,
            "cache_prompt": True,
            "samplers": ["temperature"],
            "temperature": 0.0,
            "return_tokens": True,
            "timings_per_token": True,
            # While it has nothing to send, it does not notice for a second that nobody reads.
            "return_progress": True,
        }
        if is_line and "\n" not in required:
            # A limit on the time that only counts once there is a line break. So its place is free
            # at once, which it is not where somebody has to hang up.
            asked["t_max_predict_ms"] = 1
        if required:
            literal = "".join(f"\\U{ord(char):08X}" for char in required)
            asked["grammar"] = rf'root ::= "{literal}" [\U00000000-\U0010FFFF]*'
        async with aclosing(self._transport.lines("/completion", asked)) as lines:
            async for line in lines:
                if line.startswith(_DATA):
                    with self._transport.reading():
                        piece = _piece(json.loads(line.removeprefix(_DATA)))
                    yield piece
                elif line.startswith("error"):
                    raise ServerError("broke off with an error", is_away=False)

    async def close(self) -> None:
        await self._reckoning.close()
        await self._transport.close()

    async def _plain(self, text: str) -> tuple[int, ...]:
        return await self._tokens({"content": text, "parse_special": False})

    async def _tokens(self, asked: dict[str, Any]) -> tuple[int, ...]:
        answer = await self._transport.post("/tokenize", {**asked, "add_special": False})
        tokens = answer.get("tokens")
        if not isinstance(tokens, list) or not all(isinstance(token, int) for token in tokens):
            raise ServerError("answers with something else than tokens", is_away=True)
        return tuple(tokens)


def _served(answer: dict[str, Any]) -> Served:
    """What of the list of models counts: the one that is loaded."""
    model = answer["data"][0]
    meta = model.get("meta") or {}
    n_ctx_train = int(meta.get("n_ctx_train") or 0)
    return Served(
        name=str(model["id"]).replace("\\", "/").rsplit("/", 1)[-1],
        n_params=int(meta.get("n_params") or 0),
        n_ctx=int(meta.get("n_ctx") or n_ctx_train),
        n_ctx_train=n_ctx_train,
        n_vocab=int(meta.get("n_vocab") or 0),
    )


def _piece(answer: dict[str, Any]) -> Piece:
    if "error" in answer:
        raise ServerError("broke off with an error", is_away=False)
    timings = answer.get("timings") or {}
    if progress := answer.get("prompt_progress"):
        return Piece("", (), 0, 0.0, "", int(progress["processed"]))
    return Piece(
        text=str(answer["content"]),
        tokens=tuple(int(token) for token in answer.get("tokens") or ()),
        n_evaluated=int(timings.get("prompt_n", 0)),
        prompt_s=float(timings.get("prompt_ms", 0.0)) / 1000,
        end=str(answer.get("stop_type") or "end") if answer.get("stop") else "",
    )
