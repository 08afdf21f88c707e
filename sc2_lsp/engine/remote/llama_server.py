"""Speaks to llama.cpp's own server: what it has loaded, tokens, and a stream of what it writes.

One attempt each, within a time; every failure is a ServerError. Whoever stops reading a stream
closes the connection, at which the server stops writing. Asks no page that a gateway has reason to
hide: models, tokenize, detokenize and completion.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from sc2_lsp.engine.remote.address import Address
from sc2_lsp.vocabulary import (
    ENDOFTEXT,
    FILE_SEP,
    FIM_MIDDLE,
    FIM_PREFIX,
    FIM_SUFFIX,
    REPO_NAME,
    SPECIAL_TOKENS,
)

_CONNECT_S = 1.0
_ANSWER_S = 2.0
_MOST_CONNECTIONS = 16
_LONGEST_LINE = 1 << 20
_NEEDED = (FIM_PREFIX, FIM_MIDDLE, FIM_SUFFIX, REPO_NAME, FILE_SEP, ENDOFTEXT)
_DATA = "data: "

# At their usual level they log the address of each request.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class ServerError(Exception):
    """The server did not do what it was asked; the message completes `The server …`.

    `is_away` says that it cannot be asked anything now, rather than that it refused one request.
    """

    def __init__(self, message: str, *, is_away: bool) -> None:
        super().__init__(message)
        self.is_away = is_away


@dataclass(frozen=True, slots=True)
class Served:
    """The model that the server has loaded. `n_ctx` is in tokens, for one request."""

    name: str
    n_params: int
    n_ctx: int
    n_ctx_train: int


@dataclass(frozen=True, slots=True)
class Piece:
    """What came with one token: its text, ids, and what the prompt has cost. Seconds.

    `end` is empty until the last piece, which brings no text: `limit`, `eos` or another word.
    """

    text: str
    tokens: tuple[int, ...]
    n_evaluated: int
    prompt_s: float
    end: str


class LlamaServer:
    """Owns the connections to one server."""

    def __init__(self, address: Address) -> None:
        headers = {"Authorization": f"Bearer {address.key}"} if address.key else {}
        self._client = httpx2.AsyncClient(
            base_url=address.url,
            headers=headers,
            # Who waits for one of our own connections does not wait for the server.
            timeout=httpx2.Timeout(_ANSWER_S, connect=_CONNECT_S, pool=None),
            limits=httpx2.Limits(max_connections=_MOST_CONNECTIONS),
            # The system's authorities, or those of SSL_CERT_FILE; but no proxy of the environment,
            # which is not what the user's settings named.
            verify=httpx2.create_ssl_context(),
            trust_env=False,
        )

    async def probe(self) -> Served:
        """What it has loaded; raises ServerError where that is no StarCoder2."""
        async with _failures():
            served = _served(_object(await self._client.get("/v1/models")))
        text = "".join(SPECIAL_TOKENS[token] for token in _NEEDED)
        found = await self._tokens({"content": text, "parse_special": True})
        if found != _NEEDED:
            raise ServerError(
                f"has {served.name}, which is no StarCoder2 model: its special tokens differ",
                is_away=True,
            )
        return served

    async def tokenize(self, text: str) -> tuple[int, ...]:
        """The tokens of `text`, special ones written in it taken as plain text."""
        return await self._tokens({"content": text, "parse_special": False})

    async def detokenize(self, tokens: Sequence[int]) -> str:
        """The text of `tokens`, special ones written out."""
        return str((await self._post("/detokenize", {"tokens": list(tokens)})).get("content", ""))

    async def write(
        self, prompt: Sequence[int], n_tokens: int, required: str
    ) -> AsyncGenerator[Piece, None]:
        """Continue `prompt` greedily, by a text that begins with `required`, one token at a time.

        To be closed by whoever does not read it to its end.
        """
        asked: dict[str, Any] = {
            "prompt": list(prompt),
            "n_predict": n_tokens,
            "stream": True,
            "cache_prompt": True,
            "samplers": ["temperature"],
            "temperature": 0.0,
            "return_tokens": True,
            "timings_per_token": True,
        }
        if required:
            literal = "".join(f"\\U{ord(char):08X}" for char in required)
            asked["grammar"] = rf'root ::= "{literal}" [\U00000000-\U0010FFFF]*'
        timeout = httpx2.Timeout(None, connect=_CONNECT_S)
        with_stream = self._client.stream("POST", "/completion", json=asked, timeout=timeout)
        async with _failures(), with_stream as response:
            if response.status_code != httpx2.codes.OK:
                await response.aread()
                raise _refusal(response)
            async for line in response.aiter_lines():
                if len(line) > _LONGEST_LINE:
                    raise ServerError("writes lines without an end", is_away=True)
                if line.startswith(_DATA):
                    yield _piece(json.loads(line.removeprefix(_DATA)))
                elif line.startswith("error"):
                    raise ServerError("broke off with an error", is_away=False)

    async def close(self) -> None:
        await self._client.aclose()

    async def _tokens(self, asked: dict[str, Any]) -> tuple[int, ...]:
        answer = await self._post("/tokenize", {**asked, "add_special": False})
        tokens = answer.get("tokens")
        if not isinstance(tokens, list) or not all(isinstance(token, int) for token in tokens):
            raise ServerError("answers with something else than tokens", is_away=True)
        return tuple(tokens)

    async def _post(self, path: str, asked: dict[str, Any]) -> dict[str, Any]:
        async with _failures():
            return _object(await self._client.post(path, json=asked))


@asynccontextmanager
async def _failures() -> AsyncIterator[None]:
    try:
        yield
    except httpx2.TimeoutException:
        raise ServerError("does not answer in time", is_away=True) from None
    except httpx2.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise ServerError(f"cannot be reached ({reason})", is_away=True) from None
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ServerError("does not answer as llama-server would", is_away=True) from None


def _object(response: httpx2.Response) -> dict[str, Any]:
    if response.status_code != httpx2.codes.OK:
        raise _refusal(response)
    answer = response.json()
    if not isinstance(answer, dict):
        raise ValueError("no object")
    return answer


def _refusal(response: httpx2.Response) -> ServerError:
    """What a status means; the body, which may repeat the prompt, is left out."""
    status = response.status_code
    if status in (401, 403):
        return ServerError(f"refuses the key ({status})", is_away=True)
    if status == 404:
        return ServerError("is no llama-server (404)", is_away=True)
    if status == 429:
        return ServerError("has too much to do (429)", is_away=False)
    return ServerError(f"answers {status}", is_away=status >= 500 or status < 400)


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
    )


def _piece(answer: dict[str, Any]) -> Piece:
    if "error" in answer:
        raise ServerError("broke off with an error", is_away=False)
    timings = answer.get("timings") or {}
    return Piece(
        text=str(answer["content"]),
        tokens=tuple(int(token) for token in answer.get("tokens") or ()),
        n_evaluated=int(timings.get("prompt_n", 0)),
        prompt_s=float(timings.get("prompt_ms", 0.0)) / 1000,
        end=str(answer.get("stop_type") or "end") if answer.get("stop") else "",
    )
