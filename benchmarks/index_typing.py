"""What typing costs while the index of the repository is built from nothing.

In each round somebody types the same lines of a file three times, each time in front of a server
of its own: with the index switched off, while it is built from nothing, and when it is complete.
Counted are the answers that the model was asked for. Of the second kind only those count that came
while the indexer was at work. Prints a Markdown table:

    python -m benchmarks.index_typing --root FOLDER --file FILE --line N [--lines N] [--rounds N]
        [--model MODEL.gguf] [--shared-engine]

An engine that is shared with other editors, as by default, has a session of its own for the system
to share processors out to. Take a folder whose index takes longer to build than the lines to type:
10,000 files or so.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sc2_lsp.bench.contenders import Document, OurServer
from sc2_lsp.bench.keystrokes import Passage, Scenario, strokes
from sc2_lsp.editor import Editor, editor
from sc2_lsp.index.place import FOLDER_VARIABLE
from sc2_lsp.text import Text

KINDS = ("off", "building", "complete")
BAR = 1.3
_POLL_S = 0.05
_BLOCK = 10


@dataclass(slots=True)
class Times:
    """Owns the milliseconds from a keystroke to its answer, and what was left out and why."""

    milliseconds: list[float] = field(default_factory=list)
    n_typed_through: int = 0
    n_too_late: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--line", type=int, required=True)
    parser.add_argument("--lines", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--model", default="")
    parser.add_argument("--shared-engine", action="store_true")
    arguments = parser.parse_args()
    times = {kind: Times() for kind in KINDS}
    with tempfile.TemporaryDirectory() as complete:
        asyncio.run(_round("complete", complete, arguments, Times()))
        for _ in range(arguments.rounds):
            for kind in KINDS:
                with tempfile.TemporaryDirectory() as empty:
                    folder = complete if kind == "complete" else empty
                    asyncio.run(_round(kind, folder, arguments, times[kind]))
    _print(times, arguments)


async def _round(kind: str, folder: str, arguments: argparse.Namespace, times: Times) -> None:
    """Type the lines once, and note how long answers took."""
    os.environ[FOLDER_VARIABLE] = folder
    passage = Passage(
        Text.of(arguments.file.read_text(encoding="utf-8")), arguments.line - 1, arguments.lines
    )
    path = arguments.file.absolute()
    options: Mapping[str, Any] = {
        "model": arguments.model,
        "index": "off" if kind == "off" else "auto",
        "shared_engine": arguments.shared_engine,
        "warm_start_mb": 0,
        "deadline_ms": 600_000,
        "max_tokens": 8,
    }
    root = arguments.root.absolute()
    async with editor("index_typing", root, options, reply_timeout_s=600.0) as session:
        if kind == "complete":
            await _wait_until_complete(session)
        server = OurServer(kind, session)
        await server.open([Document(path, passage.before.content, passage.start)], [])
        keys = list(strokes(passage, Scenario.STRAIGHT, None, seed=1))
        for start in range(0, len(keys), _BLOCK):
            answered: list[float] = []
            for stroke in keys[start : start + _BLOCK]:
                answer = await server.press(stroke)
                if answer.is_typed_through:
                    times.n_typed_through += 1
                else:
                    answered.append(answer.elapsed_ms)
                await asyncio.sleep(stroke.pause_s)
            # Asking costs the server more than a keystroke does, so it is not done at each one.
            if kind != "building" or await _state(session) in ("scanning", "indexing"):
                times.milliseconds += answered
            else:
                times.n_too_late += len(answered)


async def _wait_until_complete(session: Editor) -> None:
    while await _state(session) != "ready":  # noqa: ASYNC110  no event tells of it
        await asyncio.sleep(_POLL_S)


async def _state(session: Editor) -> str:
    """What the indexer is at; nothing where there is none."""
    indexes = await session.indexes()
    return str(indexes[0]["state"]) if indexes else ""


def _print(times: Mapping[str, Times], arguments: argparse.Namespace) -> None:
    print(
        "| index | answers | median ms | p95 ms | p95 beside complete | too late | typed through |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    base = _p95(times["complete"].milliseconds)
    for kind in KINDS:
        row = times[kind]
        median, p95 = statistics.median(row.milliseconds or [0.0]), _p95(row.milliseconds)
        print(
            f"| {kind} | {len(row.milliseconds)} | {median:.1f} | {p95:.1f} "
            f"| {p95 / base if base else 0:.2f} | {row.n_too_late} | {row.n_typed_through} |"
        )
    ratio = _p95(times["building"].milliseconds) / base if base else 0.0
    print()
    print(
        f"While the index is built p95 is {ratio:.2f} times what it is later; the bar is {BAR}. "
        f"{arguments.root.name}, {arguments.rounds} rounds of {arguments.lines} lines, "
        f"{Path(arguments.model).name or 'sc2-tiny'}, {os.cpu_count()} cores, "
        f"{platform.machine()}, {time.strftime('%Y-%m-%d')}."
    )


def _p95(milliseconds: list[float]) -> float:
    ordered = sorted(milliseconds)
    return ordered[-(-len(ordered) * 95 // 100) - 1] if ordered else 0.0


if __name__ == "__main__":
    main()
