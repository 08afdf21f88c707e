"""llama.cpp's own server as a contender, asked over POST /infill the way llama.vim asks it.

256 lines before the cursor and 64 behind it, the cursor's line as the prompt, chunks of other files
as extra context; what was suggested is typed through as there. Three things differ. It takes the
likeliest token, as we do: llama.vim's sampling ends at once where random weights are sure of
nothing. Left out, both in the peer's favour, are the limit on prediction time and the request for
what might follow once a suggestion is accepted. It connects to the address that the user gave, and
nowhere else.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psutil

from sc2_lsp.bench.contenders import Document, cpu_s_of
from sc2_lsp.bench.failure import BenchError
from sc2_lsp.bench.figures import Answer, Record
from sc2_lsp.bench.keystrokes import Stroke
from sc2_lsp.text import Text

N_PREFIX_LINES = 256
N_SUFFIX_LINES = 64
N_CHUNKS = 16
N_CHUNK_LINES = 64
_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens, and what it is called in a table."""

    name: str
    host: str
    port: int
    path: str

    @staticmethod
    def parse(written: str) -> Address:
        """`URL` or `NAME=URL`; raises BenchError."""
        name, equals, url = written.partition("=")
        if not equals or "/" in name:
            name, url = written, written
        try:
            parts = urlsplit(url)
            port = parts.port or 80
        except ValueError:
            parts, port = urlsplit(""), 0
        if parts.scheme != "http" or not parts.hostname:
            raise BenchError(f"'--peer {written}' needs the form NAME=http://HOST:PORT.")
        return Address(name, parts.hostname, port, parts.path.rstrip("/") + "/infill")


class LlamaServer:
    """A running llama-server, and the documents as an editor in front of it would hold them."""

    def __init__(self, address: Address, n_tokens: int) -> None:
        self.record = Record(address.name)
        self._address = address
        self._n_tokens = n_tokens
        self._documents: list[Document] = []
        self._texts: list[Text] = []
        self._current = 0
        self._chunks: deque[dict[str, str]] = deque(maxlen=N_CHUNKS)
        self._ahead = _Ahead(0, 0, "")
        self._pid = _listening_pid(address.port)

    async def open(self, documents: Sequence[Document], others: Sequence[Document]) -> None:
        self._documents = list(documents)
        self._texts = [Text.of(document.content) for document in documents]
        for other in others:
            self._chunks.extend(_chunks(other))
        for document in documents[1:]:
            self._chunks.extend(_chunks(document)[:1])
        for number in reversed(range(len(documents))):
            await self._ask(number, documents[number].char_offset, self._n_tokens)
        self._current = 0

    async def press(self, stroke: Stroke) -> Answer:
        started_s = time.perf_counter()
        if stroke.document != self._current:
            await self._switch(stroke.document)
            started_s = time.perf_counter()
        text = self._texts[stroke.document]
        self._texts[stroke.document] = text.splice(stroke.start, stroke.end, stroke.text)
        through = self._ahead.after(stroke)
        if through is None:
            reply = await self._ask(stroke.document, stroke.cursor, self._n_tokens)
            suggestion, timings = str(reply["content"]), reply["timings"]
        else:
            suggestion, timings = through, {}
        self._ahead = _Ahead(stroke.document, stroke.cursor, suggestion)
        n_evaluated, n_cached = int(timings.get("prompt_n", 0)), int(timings.get("cache_n", 0))
        n_generated = int(timings.get("predicted_n", 0))
        return Answer(
            kind=stroke.kind,
            n_prompt=n_evaluated + n_cached,
            n_evaluated=n_evaluated,
            n_generated=n_generated,
            n_steps=n_generated,
            elapsed_ms=(time.perf_counter() - started_s) * 1000,
            is_typed_through=through is not None,
            has_suggestion=bool(suggestion.strip()),
        )

    async def settle(self) -> None:
        """Nothing: this server works only while it is asked."""

    def cpu_s(self) -> float | None:
        return None if self._pid is None else cpu_s_of({self._pid})

    async def _switch(self, number: int) -> None:
        """Take what was left as a chunk, and have it evaluated before it is needed."""
        left, text = self._documents[self._current], self._texts[self._current]
        line = text.line_at(min(self._ahead.char_offset, len(text.content)))
        first = max(0, line - N_CHUNK_LINES // 2)
        self._chunks.append(_chunk(left, text, first))
        self._current = number
        reply = await self._post({"input_prefix": "", "input_suffix": "", "n_predict": 0})
        self.record.n_background_evaluated += int(reply["timings"]["prompt_n"])

    async def _ask(self, number: int, char_offset: int, n_predict: int) -> dict[str, Any]:
        text = self._texts[number]
        line = text.line_at(char_offset)
        start, end = text.line_start(line), text.line_end(line)
        last = min(text.n_lines - 1, line + N_SUFFIX_LINES)
        first = text.line_start(max(0, line - N_PREFIX_LINES))
        behind = text.content[char_offset:end] + text.content[end : text.line_end(last)]
        return await self._post(
            {
                "input_prefix": text.content[first:start],
                "prompt": text.content[start:char_offset],
                "input_suffix": behind + "\n",
                "n_predict": n_predict,
                "samplers": ["top_k"],
                "top_k": 1,
            }
        )

    async def _post(self, request: dict[str, Any]) -> dict[str, Any]:
        body = {**request, "input_extra": list(self._chunks), "cache_prompt": True}
        return await asyncio.to_thread(_post, self._address, {**body, "stream": False})


@dataclass(frozen=True, slots=True)
class _Ahead:
    """The last suggestion and where it stood."""

    document: int
    char_offset: int
    text: str

    def after(self, stroke: Stroke) -> str | None:
        """What is left of it behind `stroke`; None where that is nothing, or something else."""
        at = (stroke.document, stroke.start, stroke.end)
        if at != (self.document, self.char_offset, self.char_offset):
            return None
        if not self.text.startswith(stroke.text):
            return None
        return self.text[len(stroke.text) :] or None


def _chunks(document: Document) -> list[dict[str, str]]:
    """All of a file in pieces."""
    text = Text.of(document.content)
    return [_chunk(document, text, first) for first in range(0, text.n_lines, N_CHUNK_LINES)]


def _chunk(document: Document, text: Text, first: int) -> dict[str, str]:
    last = min(first + N_CHUNK_LINES, text.n_lines) - 1
    piece = text.content[text.line_start(first) : text.line_end(last)]
    return {"filename": document.path.name, "text": piece + "\n"}


def _post(address: Address, request: dict[str, Any]) -> dict[str, Any]:
    """The reply's JSON. A connection a request, as a plug-in that runs curl has."""
    where = f"{address.host}:{address.port}"
    connection = http.client.HTTPConnection(address.host, address.port, timeout=_TIMEOUT_S)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", address.path, json.dumps(request), headers)
        response = connection.getresponse()
        reply = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise BenchError(f"The peer at {where} does not answer: {error}.") from None
    finally:
        connection.close()
    if response.status != http.client.OK:
        message = reply.get("error", {}).get("message", response.reason)
        raise BenchError(f"The peer at {where} refuses: {str(message).rstrip('. ')}.")
    answer: dict[str, Any] = reply
    return answer


def _listening_pid(port: int) -> int | None:
    """The process on this machine that listens on `port`; None where that cannot be told."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            address = connection.laddr
            if connection.status == psutil.CONN_LISTEN and address and address.port == port:
                return connection.pid
    except psutil.Error:
        pass
    return None
