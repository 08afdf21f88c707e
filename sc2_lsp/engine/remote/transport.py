"""JSON over HTTP with one server.

Whatever goes wrong is a ServerError of one sentence, without what was sent or what came: either may
hold code. Redirects are not followed, and no proxy of the environment is asked. A server that says
429 is not asked for tokens or text during the pause that follows.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any

import httpx2

from sc2_lsp.engine.remote.address import Address
from sc2_lsp.engine.remote.connecting import ANSWER_S, CONNECT_S, authorization, client_for
from sc2_lsp.engine.remote.pausing import Pausing, Spread
from sc2_lsp.engine.remote.protocol import ServerError
from sc2_lsp.ports import Clock

# In bytes. The longest answer there is, Ollama's of 49,152 tokens with their merges, is a fraction.
_LONGEST_ANSWER = 8 << 20
_LONGEST_REFUSAL = 64 << 10
_LONGEST_LINE = 1 << 20
# What JSON may come to that is nested without an end, or is of other types and numbers.
_ODD = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
# What OpenAI, vLLM and llama-cpp-python say to a prompt that is too long.
_TOO_LONG = re.compile(rb"maximum context length is (\d{1,9})\b")


class Transport:
    """Owns the connections to one server; `program` is what answers there, as far as known.

    `is_refused` says that the server did not want the key that it was shown.
    """

    def __init__(
        self,
        address: Address,
        program: str,
        clock: Clock = time.monotonic,
        spread: Spread = random.random,
    ) -> None:
        self.program = program
        self.is_refused = False
        self._client = client_for(address)
        self._pausing = Pausing(clock, spread)

    def show(self, key: str) -> None:
        """Ask with `key` from now on, empty for none."""
        self.is_refused = False
        self._client.headers.pop("Authorization", None)
        self._client.headers.update(authorization(key))

    async def get(self, path: str) -> dict[str, Any]:
        """The JSON object at `path`."""
        async with self._asking():
            return _object(await self._whole("GET", path))

    async def post(self, path: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON object that answers `asked`."""
        async with self._asking():
            return _object(await self.post_any(path, asked))

    async def post_any(self, path: str, asked: Mapping[str, Any]) -> Any:
        """The JSON that answers `asked`, whatever its shape."""
        self._refuse_in_pause()
        async with self._asking():
            return await self._whole("POST", path, json=asked)

    async def lines(self, path: str, asked: Mapping[str, Any]) -> AsyncGenerator[str, None]:
        """The lines of an answer that comes bit by bit, each when it comes, for as long as it does.

        To be closed by whoever does not read it to its end, which closes the connection.
        """
        self._refuse_in_pause()
        timeout = httpx2.Timeout(None, connect=CONNECT_S)
        with_stream = self._client.stream("POST", path, json=asked, timeout=timeout)
        async with self._asking(), with_stream as response:
            if response.status_code == httpx2.codes.BAD_REQUEST:
                said = await asyncio.wait_for(_content(response), ANSWER_S)
                raise self._refusal(response, said)
            if response.status_code != httpx2.codes.OK:
                raise self._refusal(response)
            self._pausing.end()
            async for line in _lines(response):
                yield line

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Take an answer apart in here: one of another shape is a ServerError."""
        try:
            yield
        except _ODD:
            message = f"does not answer as {self.program} would"
            raise ServerError(message, is_away=True) from None

    async def close(self) -> None:
        await self._client.aclose()

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        try:
            with self.reading():
                yield
        except (httpx2.TimeoutException, asyncio.TimeoutError):
            raise ServerError("does not answer in time", is_away=True) from None
        except httpx2.RemoteProtocolError:
            # The library's own words repeat what came.
            raise ServerError("broke off, or speaks no HTTP", is_away=True) from None
        except httpx2.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise ServerError(f"cannot be reached ({reason})", is_away=True) from None

    def _refuse_in_pause(self) -> None:
        if pause_s := self._pausing.remaining_s:
            message = "had too much to do (429) and is not asked for a while"
            raise ServerError(message, is_away=False, status=429, pause_s=pause_s)

    async def _whole(self, method: str, path: str, **asked: Any) -> Any:
        """The JSON of a whole answer, which the library's limits alone would let come for ever."""

        async def read() -> Any:
            async with self._client.stream(method, path, **asked) as response:
                content = await _content(response)
                if response.status_code != httpx2.codes.OK:
                    raise self._refusal(response, content)
            return json.loads(content)

        return await asyncio.wait_for(read(), ANSWER_S)

    def _refusal(self, response: httpx2.Response, said: bytes = b"") -> ServerError:
        """What a status means; of what is `said`, which may repeat the prompt, a number at most."""
        status = response.status_code
        message, is_away = f"answers {status}", status >= 500 or status < 400
        if status in (401, 403):
            self.is_refused = True
            message, is_away = f"refuses the key ({status})", True
        elif status == 404:
            message, is_away = f"is not {self.program} (404)", True
        elif status == 429:
            pause_s = self._pausing.begin(response.headers.get("Retry-After", ""))
            message = "has too much to do (429)"
            return ServerError(message, is_away=False, status=status, pause_s=pause_s)
        elif status == 400 and (found := _TOO_LONG.search(said)):
            n_ctx = int(found[1])
            message = f"takes {n_ctx} tokens a request, fewer than it was sent"
            return ServerError(message, is_away=True, status=status, n_ctx=n_ctx)
        return ServerError(message, is_away=is_away, status=status)


async def _lines(response: httpx2.Response) -> AsyncIterator[str]:
    """What stands between line feeds: the library ends lines at chars that JSON may hold, too."""
    rest = b""
    async with aclosing(_parts(response)) as parts:
        async for part in parts:
            *whole, rest = (rest + part).split(b"\n")
            if len(rest) > _LONGEST_LINE:
                raise ServerError("writes lines without an end", is_away=True)
            for line in whole:
                yield line.removesuffix(b"\r").decode()
    if rest:
        yield rest.decode()


async def _content(response: httpx2.Response) -> bytes:
    """What an answer says, and the beginning of what a refusal does."""
    is_answer = response.status_code == httpx2.codes.OK
    if _is_packed(response) and not is_answer:
        return b""
    n_most = _LONGEST_ANSWER if is_answer else _LONGEST_REFUSAL
    content = bytearray()
    async with aclosing(_parts(response)) as parts:
        async for part in parts:
            content += part
            if len(content) <= n_most:
                continue
            if is_answer:
                message = f"answers with more than {n_most >> 20} MiB"
                raise ServerError(message, is_away=True)
            break
    return bytes(content)


async def _parts(response: httpx2.Response) -> AsyncGenerator[bytes, None]:
    """An answer as it comes: nothing is unpacked, since what that comes to has no limit."""
    if _is_packed(response):
        raise ServerError("packs what it answers, though not asked to", is_away=True)
    async with aclosing(response.aiter_raw()) as parts:
        async for part in parts:
            yield part


def _is_packed(response: httpx2.Response) -> bool:
    return response.headers.get("Content-Encoding", "identity").strip().lower() != "identity"


def _object(answer: Any) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise ValueError("no object")
    return answer
