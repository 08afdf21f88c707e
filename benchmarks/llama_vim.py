"""What llama.vim asks of a llama-server while somebody types, and when it shows something.

Follows the plug-in as of 2025 (commit ae3cb00) with its defaults: 256 lines before the cursor, 64
behind it; a ring of 16 chunks of other files; one request at a time, asked for again 100 ms after a
key that found one under way; at most 128 tokens; the last 250 answers, of which one is shown again
while it is typed through; and with each suggestion the request for what would follow it. Left out,
all in its favour: chunks that the ring takes up while typing goes on, each of which changes the
beginning of the prompt, and the start of curl. `slower` stretches every time of it.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Sequence
from typing import Any

import httpx2

from benchmarks.screen import Screen
from sc2_lsp.bench.keystrokes import Stroke
from sc2_lsp.text import Text, indentation

N_PREFIX, N_SUFFIX = 256, 64
N_CHUNKS, CHUNK_LINES = 16, 32
N_PREDICT = 128
PREDICT_MS, FIRST_PREDICT_MS = 1000, 250
RETRY_S = 0.1
MOST_ANSWERS = 250
TYPED_THROUGH = 128
TRIMMED_LINES = 3
LONGEST_REST = 8
_BLANK = re.compile(r"\s*")


class LlamaVim:
    """One editor with the plug-in; belongs to one event loop."""

    def __init__(
        self,
        url: str,
        text: Text,
        cursor: int,
        chunks: Sequence[dict[str, str]],
        seed: int,
        slower: float = 1.0,
    ) -> None:
        self.screen = Screen()
        self._slower = slower
        self._client = httpx2.AsyncClient(
            base_url=url,
            timeout=None,
            # The plug-in starts a curl for each request.
            limits=httpx2.Limits(max_keepalive_connections=0),
            trust_env=False,
        )
        self._text, self._cursor = text, cursor
        self._chunks = list(chunks)
        self._answers = Answers(random.Random(seed))
        self._job: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._indent = 0
        self._shows = False

    async def open(self) -> None:
        """Ask once, as a first key would, and wait for the answer."""
        self._move()
        while self._job is not None:
            await asyncio.wait({self._job})
        self._stop_timer()

    def press(self, stroke: Stroke) -> None:
        self._text = self._text.splice(stroke.start, stroke.end, stroke.text)
        self._cursor = stroke.cursor
        self.screen.key()
        self._move()

    async def close(self) -> None:
        self._stop_timer()
        if self._job is not None:
            self._job.cancel()
            await asyncio.wait({self._job})
        await self._client.aclose()

    def _move(self) -> None:
        self._shows = False
        self._try_hint()
        self._ask(None, [])

    def _ask(self, at: int | None, shown: list[str]) -> None:
        """Ask for what follows at `at` once `shown` stands there; None: wherever the cursor is."""
        if self._job is not None:
            self._stop_timer()
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(RETRY_S * self._slower, self._ask, at, shown)
            return
        cursor = min(self._cursor if at is None else at, len(self._text.content))
        prefix, middle, suffix = around(self._text, cursor, shown)
        if len(suffix.partition("\n")[0]) > LONGEST_REST:
            return
        places = [(prefix + middle, suffix)]
        for _ in range(TRIMMED_LINES):
            prefix_left = places[-1][0].partition("\n")[2]
            if len(prefix_left) <= len(middle):
                break
            places.append((prefix_left, suffix))
        if any(place in self._answers for place in places):
            return
        if not shown:
            self._indent = len(indentation(middle))
        predict_ms = PREDICT_MS if shown else FIRST_PREDICT_MS
        request = {
            "input_prefix": prefix,
            "input_suffix": suffix,
            "input_extra": self._chunks,
            "prompt": middle,
            "n_predict": N_PREDICT,
            "n_indent": self._indent,
            "top_k": 40,
            "top_p": 0.90,
            "samplers": ["top_k", "top_p", "infill"],
            "cache_prompt": True,
            "t_max_predict_ms": int(predict_ms * self._slower),
            "stream": False,
            "response_fields": ["content"],
        }
        self._job = asyncio.ensure_future(self._send(request, places))

    async def _send(self, request: dict[str, Any], places: list[tuple[str, str]]) -> None:
        try:
            response = await self._client.post("/infill", json=request)
            response.raise_for_status()
            content = str(response.json()["content"])
        finally:
            self._job = None
        for place in places:
            self._answers.add(place, content)
        if not self._shows:
            self._try_hint()

    def _try_hint(self) -> None:
        prefix, middle, suffix = around(self._text, self._cursor, [])
        content = self._answers.find(prefix + middle, suffix)
        if content is None:
            return
        shown, is_something = rendered(self._text, self._cursor, content)
        if is_something:
            self._shows = True
            self.screen.show()
        self._ask(self._cursor, shown)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Answers:
    """The last answers, by the text before and behind the cursor; the one to go is drawn."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._contents: dict[tuple[str, str], str] = {}

    def __contains__(self, place: tuple[str, str]) -> bool:
        return place in self._contents

    def add(self, place: tuple[str, str], content: str) -> None:
        if place not in self._contents and len(self._contents) >= MOST_ANSWERS:
            del self._contents[self._rng.choice(list(self._contents))]
        self._contents[place] = content

    def find(self, before: str, behind: str) -> str | None:
        """The answer there, or the longest that is left of one from some chars ago."""
        exact = self._contents.get((before, behind))
        if exact is not None:
            return exact
        best = None
        for (earlier, suffix), content in self._contents.items():
            n_typed = len(before) - len(earlier)
            if not 0 < n_typed <= TYPED_THROUGH or len(content) <= n_typed:
                continue
            if not before.endswith(content[:n_typed]) or suffix != behind:
                continue
            left = content[n_typed:]
            if before.startswith(earlier) and (best is None or len(left) > len(best)):
                best = left
        return best


def around(text: Text, cursor: int, shown: list[str]) -> tuple[str, str, str]:
    """The lines before the cursor's line, that line up to the cursor, and what is behind.

    With `shown` as if its lines had been accepted there.
    """
    line = text.line_at(cursor)
    current = text.line(line)
    first = max(0, line - N_PREFIX + max(0, len(shown) - 1))
    before = [text.line(number) for number in range(first, line)]
    last = min(text.n_lines - 1, line + N_SUFFIX)
    behind = [text.line(number) for number in range(line + 1, last + 1)]
    rest = ""
    if shown:
        lines = [current + shown[0], *shown[1:]]
        before += lines[:-1]
        middle = lines[-1]
    elif not current.strip():
        middle = ""
    else:
        column = cursor - text.line_start(line)
        middle, rest = current[:column], current[column:]
    return "\n".join(before) + "\n", middle, rest + "\n" + "\n".join(behind) + "\n"


def rendered(text: Text, cursor: int, content: str) -> tuple[list[str], bool]:
    """The lines that would be shown, and whether they hold anything that could be accepted."""
    line = text.line_at(cursor)
    current = text.line(line)
    lines = content.split("\n")
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        return [""], False
    column = cursor - text.line_start(line)
    if not current.strip():
        blanks = _BLANK.match(lines[0])
        lead = min(len(blanks.group()) if blanks else 0, len(current))
        current, lines[0] = lines[0][:lead], lines[0][lead:]
    if len(lines) == 1 and lines[0] in (current[column:], ""):
        return [""], False
    following = next(
        (n for n in range(line + 1, text.n_lines) if text.line(n).strip()), text.n_lines - 1
    )
    if current[:column] + lines[0] == text.line(following):
        last = min(following + len(lines), text.n_lines)
        if lines[1:] == [text.line(number) for number in range(following + 1, last)]:
            return [""], False
    return lines, bool("".join(lines).strip())


def chunks_of(files: Sequence[tuple[str, str]], rng: random.Random) -> list[dict[str, str]]:
    """A full ring: windows somewhere in `files`, name and content, as visits leave them there."""
    chunks = []
    for _ in range(N_CHUNKS if files else 0):
        name, content = rng.choice(files)
        lines = content.split("\n")
        first = rng.randrange(max(1, len(lines) - CHUNK_LINES))
        chunks.append(
            {"filename": name, "text": "\n".join(lines[first : first + CHUNK_LINES + 1]) + "\n"}
        )
    return chunks
