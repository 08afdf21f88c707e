"""One server, whichever program it is: found out at each probe, then asked in its own way.

Asks pages that list models and name the program, in the order of how common a program is here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from sc2_lsp.engine.header import HeaderError
from sc2_lsp.engine.remote import dialects
from sc2_lsp.engine.remote.address import Address
from sc2_lsp.engine.remote.keys import NO_KEY, Key, Keys
from sc2_lsp.engine.remote.llama_server import LlamaServer
from sc2_lsp.engine.remote.ollama import Loader, ollama, starcoder2_models
from sc2_lsp.engine.remote.protocol import Piece, Served, ServerError
from sc2_lsp.engine.remote.reckoning import Places, Reckoning
from sc2_lsp.engine.remote.speaking import Speaker
from sc2_lsp.engine.remote.tgi import tgi
from sc2_lsp.engine.remote.transport import Transport
from sc2_lsp.engine.remote.words import OwnWords, Words
from sc2_lsp.engine.tokenizer import tokenizer_of
from sc2_lsp.models import BUNDLED_MODEL
from sc2_lsp.ports import ModelError

_UNKNOWN = "a server for completions"
_NOT_THERE = 404
_FORBIDDEN = (401, 403)
_REFUSED, _BROKEN = 400, 500
_MOST_SHOWN = 5

Model = Mapping[str, Any]
"""An entry of the list at `/v1/models`."""


class AnyServer:
    """Implements `Server`.

    `model` is the one to ask where the server has several, else empty. `n_ctx` is for a server that
    is told how many tokens a request may have. `places` are this machine's vocabularies. Where
    there are `keys`, one of those is shown rather than that of the address.
    """

    def __init__(
        self,
        address: Address,
        model: str,
        n_ctx: int,
        places: Places = tuple,
        keys: Keys | None = None,
    ) -> None:
        self._transport = Transport(address, _UNKNOWN)
        self._host = address.host
        self._keys = keys
        self._reckoning = Reckoning(places)
        self._loader = Loader(self._transport)
        self._model = model
        self._n_ctx = n_ctx
        self._found: LlamaServer | Speaker | None = None
        # What a server takes that does not tell, until it refuses a request for its length.
        self._limits: dict[str, int] = {}

    async def probe(self) -> Served:
        """What is loaded, and in which program; raises ServerError where that is no StarCoder2.

        Who has proved it is only asked whether it is still there, until it fails.
        """
        if self._keys is None:
            return await self._probe()
        key = await self._show_key(self._keys)
        try:
            return await self._probe()
        except ServerError as error:
            if error.status in _FORBIDDEN and key is NO_KEY and self._keys.is_waiting:
                message = "wants a key, for which the system's keyring is still being asked"
                raise ServerError(message, is_away=True, status=error.status) from None
            raise

    async def ask(self) -> None:
        await self._known().ask()

    async def tokenize(self, text: str) -> tuple[int, ...]:
        return await self._known().tokenize(text)

    async def detokenize(self, tokens: Sequence[int]) -> str:
        return await self._known().detokenize(tokens)

    async def write(
        self, prompt: Sequence[int], n_tokens: int, required: str, *, is_line: bool = False
    ) -> AsyncGenerator[Piece, None]:
        found = self._known()
        try:
            writing = found.write(prompt, n_tokens, required, is_line=is_line)
            async with aclosing(writing) as pieces:
                async for piece in pieces:
                    yield piece
        except ServerError as error:
            if error.n_ctx and isinstance(found, Speaker):
                self._limits[found.served.name] = error.n_ctx
            if error.is_away:
                self._found = None
            raise

    async def close(self) -> None:
        await self._loader.close()
        await self._reckoning.close()
        await self._transport.close()

    async def _probe(self) -> Served:
        if self._found is not None:
            return await self._again(self._found)
        self._transport.program = _UNKNOWN
        found = await self._find()
        if isinstance(found, LlamaServer):
            served = await found.probe()
        else:
            served, limit = found.served, self._limits.get(found.served.name, 0)
            if limit:
                served = replace(served, n_ctx=min(limit, served.n_ctx or limit))
                found.served = served
        self._found = found
        return served

    async def _show_key(self, keys: Keys) -> Key:
        if self._transport.is_refused:
            keys.renew()
        try:
            key = await keys.key(self._host)
        except ModelError as error:
            reason = str(error).rstrip(".")
            message = f"is not asked, as {reason[0].lower()}{reason[1:]}"
            raise ServerError(message, is_away=True) from None
        self._transport.show(key.word)
        return key

    async def _again(self, found: LlamaServer | Speaker) -> Served:
        try:
            if isinstance(found, LlamaServer):
                return await found.probe()
            await found.check()
            return found.served
        except Exception as error:
            if not isinstance(error, ServerError) or error.is_away:
                self._found = None
            raise

    def _known(self) -> LlamaServer | Speaker:
        if self._found is None:
            raise ServerError("is not known yet", is_away=True)
        return self._found

    async def _find(self) -> LlamaServer | Speaker:
        transport = self._transport
        try:
            models = _models(transport, await transport.get("/v1/models"))
        except ServerError as error:
            if error.status != _NOT_THERE:
                raise
            models = []
        model = models[0] if models else {}
        if model.get("owned_by") == "llamacpp" or "meta" in model:
            transport.program = "llama-server"
            return LlamaServer(transport, self._reckoning)
        words = await _words()
        match model.get("owned_by"):
            case "vllm":
                transport.program = "vLLM"
                return await dialects.vllm(transport, words, self._chosen(models))
            case "me":
                transport.program = "llama-cpp-python"
                return await dialects.llama_cpp_python(transport, words, self._chosen(models))
        for find in (self._ollama, self._tgi):
            if found := await find(words):
                return found
        if not models:
            raise ServerError(f"is not {_UNKNOWN} ({_NOT_THERE})", is_away=True)
        return await dialects.anything(transport, words, self._chosen(models))

    async def _ollama(self, _: Words) -> Speaker | None:
        if await self._page("/api/version") is None:
            return None
        self._transport.program = "Ollama"
        names = await starcoder2_models(self._transport)
        name = _one_of(names, _with_tag(self._model), "StarCoder2 ")
        return await ollama(self._transport, self._loader, name, self._n_ctx)

    async def _tgi(self, words: Words) -> Speaker | None:
        info = await self._page("/info")
        if info is None or "model_id" not in info:
            return None
        self._transport.program = "Text Generation Inference"
        return await tgi(self._transport, words, info)

    async def _page(self, path: str) -> Mapping[str, Any] | None:
        """What stands at `path`; None where the server, or a gateway, has no such page."""
        try:
            return await self._transport.get(path)
        except ServerError as error:
            if not _REFUSED <= error.status < _BROKEN:
                raise
            return None

    def _chosen(self, models: Sequence[Model]) -> Model:
        names = [str(model["id"]) for model in models]
        return models[names.index(_one_of(names, self._model, ""))]


def _models(transport: Transport, answer: Mapping[str, Any]) -> list[Model]:
    with transport.reading():
        models = [model for model in answer["data"] if str(model["id"])]
    if not models:
        raise ServerError("has no model", is_away=True)
    return models


def _one_of(names: Sequence[str], wanted: str, kind: str) -> str:
    """The model to ask; raises ServerError where that is not said, or is not there."""
    if not names:
        raise ServerError(f"has no {kind}model", is_away=True)
    shown = ", ".join(sorted(names)[:_MOST_SHOWN])
    shown += f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    if wanted and wanted not in names:
        raise ServerError(f"has no {kind}model {wanted!r} but {shown}", is_away=True)
    if not wanted and len(names) > 1:
        message = f"has several {kind}models ({shown}): write #NAME behind its address"
        raise ServerError(message, is_away=True)
    return wanted or names[0]


def _with_tag(name: str) -> str:
    """A model's name as Ollama lists it."""
    return name if not name or ":" in name else f"{name}:latest"


async def _words() -> Words:
    """Those of the bundled model; the first time they are read beside the loop."""
    try:
        return OwnWords(await asyncio.to_thread(tokenizer_of, BUNDLED_MODEL))
    except HeaderError as error:
        raise ServerError(f"cannot be asked: {error}", is_away=True) from None
