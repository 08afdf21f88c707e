"""What a replay asks of whoever answers keystrokes, and our language server as one of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psutil

from sc2_lsp.bench.failure import BenchError
from sc2_lsp.bench.figures import Answer, Record
from sc2_lsp.bench.keystrokes import Stroke
from sc2_lsp.editor import Editor

_POLL_S = 0.02
_LONGEST_SETTLING_S = 300.0
# The first request may be answered before its whole prompt is evaluated, and then it is repeated.
_MOST_WARM_UPS = 5


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it is opened, and where its cursor stands first."""

    path: Path
    content: str
    char_offset: int


class Contender(Protocol):
    """Something that completes while somebody types."""

    record: Record

    async def open(self, documents: Sequence[Document], others: Sequence[Document]) -> None:
        """Take `documents`, which strokes name by number, and `others` as context; warm up."""
        ...

    async def press(self, stroke: Stroke) -> Answer:
        """Do one keystroke and wait for its answer."""
        ...

    async def settle(self) -> None:
        """Wait until no work goes on in the background."""
        ...

    def cpu_s(self) -> float | None:
        """Processor time used so far; None where that cannot be told."""
        ...


class OurServer:
    """The language server behind `editor`. Its figures are differences of `sc2.stats`."""

    def __init__(self, name: str, editor: Editor) -> None:
        self.record = Record(name)
        self._editor = editor
        self._paths: list[Path] = []
        self._engine_pid: int | None = None
        self._background: dict[str, int] = {}

    async def open(self, documents: Sequence[Document], others: Sequence[Document]) -> None:
        self._paths = [document.path for document in documents]
        for document in (*others, *reversed(documents)):
            self._editor.open(document.path, document.content)
        for document in reversed(documents):
            await self._warm_up(document)
        stats = await self._editor.stats()
        self._engine_pid = stats["engine"]["pid"]
        self._background = _background(stats)

    async def press(self, stroke: Stroke) -> Answer:
        path = self._paths[stroke.document]
        before = await self._editor.stats()
        started_s = time.perf_counter()
        self._editor.edit(path, stroke.start, stroke.end, stroke.text)
        suggestion = await self._editor.complete(path, stroke.cursor)
        elapsed_ms = (time.perf_counter() - started_s) * 1000
        after = await self._editor.stats()

        def cost(name: str) -> int:
            difference: int = after[name] - before[name]
            return difference

        return Answer(
            kind=stroke.kind,
            n_prompt=cost("prompt_tokens"),
            n_evaluated=cost("prompt_tokens_evaluated"),
            n_generated=cost("generated_tokens"),
            n_steps=cost("generation_steps"),
            elapsed_ms=elapsed_ms,
            is_typed_through=cost("cache_hits") > 0,
            has_suggestion=suggestion is not None,
        )

    async def settle(self) -> None:
        deadline_s = time.monotonic() + _LONGEST_SETTLING_S
        while (stats := await self._editor.stats())["background"]["is_busy"]:
            if time.monotonic() > deadline_s:
                raise BenchError("The server's work in the background does not come to an end.")
            await asyncio.sleep(_POLL_S)
        now, before = _background(stats), self._background
        self.record.n_background_evaluated += now["evaluated"] - before["evaluated"]
        self.record.n_background_steps += now["steps"] - before["steps"]
        self._background = now

    def cpu_s(self) -> float | None:
        pids = {self._editor.server_pid, *([self._engine_pid] if self._engine_pid else [])}
        return cpu_s_of(pids)

    async def _warm_up(self, document: Document) -> None:
        for _ in range(_MOST_WARM_UPS):
            before = await self._editor.stats()
            await self._editor.complete(document.path, document.char_offset)
            await self.settle_unrecorded()
            after = await self._editor.stats()
            if after["prompt_tokens_evaluated"] == before["prompt_tokens_evaluated"]:
                return

    async def settle_unrecorded(self) -> None:
        self._background = _background(await self._editor.stats())
        await self.settle()
        self.record.n_background_evaluated = self.record.n_background_steps = 0


def cpu_s_of(pids: set[int]) -> float:
    """Processor time of these processes and of all that they have started."""
    processes: dict[int, psutil.Process] = {}
    for pid in pids:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            for each in (process, *process.children(recursive=True)):
                processes[each.pid] = each
    total_s = 0.0
    for process in processes.values():
        with suppress(psutil.Error):
            times = process.cpu_times()
            total_s += times.user + times.system
    return total_s


def _background(stats: dict[str, Any]) -> dict[str, int]:
    background = stats["background"]
    return {
        "evaluated": background["prompt_tokens_evaluated"],
        "steps": background["generation_steps"],
    }
