"""Ollama: prompts as text that no template touches, answers as one JSON object a line.

Source: docs/api.md of github.com/ollama/ollama. A model cannot be held to a text there: `format`
knows JSON alone.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from sc2_lsp.engine.remote.proof import differs
from sc2_lsp.engine.remote.protocol import Piece, Served, ServerError
from sc2_lsp.engine.remote.speaking import Speaker
from sc2_lsp.engine.remote.transport import Transport
from sc2_lsp.engine.remote.words import OwnWords
from sc2_lsp.engine.tokenizer import MERGES_KEY, TOKENS_KEY, Tokenizer
from sc2_lsp.vocabulary import FILE_SEP, FIM_MIDDLE, FIM_PREFIX, REPO_NAME, SPECIAL_TOKENS

_PROGRAM = "Ollama"
_FAMILY = "starcoder2"
# Loading a model takes longer than anybody waits while typing; Ollama's own is five minutes.
_KEEP_ALIVE = "30m"
_STOP = [SPECIAL_TOKENS[token] for token in (FILE_SEP, FIM_PREFIX, FIM_MIDDLE, REPO_NAME)]
_NS = 1e-9


@dataclass(frozen=True, slots=True)
class Ollama:
    """Implements `Manner`. `n_ctx` is the same in every request: another one loads anew."""

    model: str
    n_ctx: int

    @property
    def page(self) -> str:
        return "/api/version"

    @property
    def path(self) -> str:
        return "/api/generate"

    def asked(self, prompt: list[int] | str, n_tokens: int, typed: str) -> Mapping[str, Any]:
        return {
            "model": self.model,
            "prompt": prompt,
            "raw": True,
            "stream": True,
            "keep_alive": _KEEP_ALIVE,
            # What does not fit is an error rather than a prompt without its beginning.
            "truncate": False,
            "shift": False,
            "options": {
                "num_predict": n_tokens,
                "num_ctx": self.n_ctx,
                "temperature": 0.0,
                "repeat_penalty": 1.0,
                "stop": _STOP,
            },
        }

    def pieces(self, line: str) -> Sequence[Piece]:
        if not line.strip():
            return ()
        answer = json.loads(line)
        if "error" in answer:
            raise ServerError("broke off with an error", is_away=False)
        n_evaluated = int(answer.get("prompt_eval_count") or 0)
        prompt_s = float(answer.get("prompt_eval_duration") or 0) * _NS
        text = str(answer["response"])
        pieces = [Piece(text, (), n_evaluated, prompt_s, "")] if text else []
        if answer.get("done"):
            end = str(answer.get("done_reason") or "stop")
            end = "limit" if end == "length" else end
            pieces.append(Piece("", (), n_evaluated, prompt_s, end))
        return pieces


async def starcoder2_models(transport: Transport) -> list[str]:
    """The names of the models of StarCoder2's family."""
    answer = await transport.get("/api/tags")
    with transport.reading():
        models = answer["models"]
        return [
            str(model["name"])
            for model in models
            if (model.get("details") or {}).get("family") == _FAMILY
        ]


class Loader:
    """Has an Ollama load a model, which takes longer than any request waits, and aborts with it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._loading: asyncio.Task[None] | None = None

    async def n_ctx(self, name: str, wanted: int) -> int:
        """How many tokens a request to the loaded model may have; asking for others loads it anew.

        Raises ServerError while it is not loaded, and begins to load it for `wanted` tokens.
        """
        answer = await self._transport.get("/api/ps")
        with self._transport.reading():
            for model in answer["models"]:
                if model["name"] == name:
                    return int(model.get("context_length") or wanted)
        loading = self._loading
        if loading is None or loading.done():
            self._loading = asyncio.ensure_future(self._load(name, wanted))
            if loading is not None and (error := loading.exception()):
                raise ServerError(f"does not load {name}: it {error}", is_away=True)
        raise ServerError(f"is loading {name}", is_away=True)

    async def close(self) -> None:
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait({self._loading})

    async def _load(self, name: str, n_ctx: int) -> None:
        asked = {"model": name, "stream": False, "keep_alive": _KEEP_ALIVE}
        lines = self._transport.lines("/api/generate", {**asked, "options": {"num_ctx": n_ctx}})
        async with aclosing(lines):
            async for _ in lines:
                pass


async def ollama(transport: Transport, loader: Loader, name: str, n_ctx: int) -> Speaker:
    """The model `name` of an Ollama, with `n_ctx` tokens a request at most, once it is loaded.

    It tells its vocabulary, so that a prompt is counted as it is.
    """
    n_loaded = await loader.n_ctx(name, n_ctx)
    shown = await transport.post("/api/show", {"model": name, "verbose": True})
    with transport.reading():
        info = shown["model_info"]
        architecture = str(info["general.architecture"])
        n_ctx_train = int(info.get(f"{architecture}.context_length") or 0)
        n_params = int(info.get("general.parameter_count") or 0)
        served = Served(name, n_params, min(n_ctx, n_loaded), n_ctx_train, _PROGRAM)
        texts = tuple([*map(str, info[key])] for key in (TOKENS_KEY, MERGES_KEY))
    try:
        tokenizer = await asyncio.to_thread(Tokenizer, *texts)
    except ValueError:
        raise differs(name) from None

    async def check() -> None:
        if await loader.n_ctx(name, n_ctx) != n_loaded:
            raise ServerError(f"has loaded {name} anew", is_away=True)

    return Speaker(transport, Ollama(name, n_loaded), OwnWords(tokenizer), served, check)
