"""Replays a person who types lines of a real file, through our server and through its peers.

The contenders take turns in short blocks of the same strokes, so that whatever else the machine
does falls on all of them alike; only one works at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os.path import commonpath
from pathlib import Path

import msgspec

from sc2_lsp.bench.contenders import Contender, Document, OurServer
from sc2_lsp.bench.failure import BenchError
from sc2_lsp.bench.figures import Record
from sc2_lsp.bench.keystrokes import Passage, Scenario, Stroke, strokes
from sc2_lsp.bench.peer import Address, LlamaServer
from sc2_lsp.editor import ServerComplained, editor
from sc2_lsp.settings import Settings
from sc2_lsp.text import Text

OURS = "sc2-lsp"
_REPLY_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Replay:
    """What to type, and who answers. `first_line` counts from 1; `pause_ms` None: as people do.

    `n_tokens` is the length of a suggestion, `block` how many strokes a contender does in a turn,
    `most_keys` where to stop before the end of the lines (0: nowhere).
    """

    file: Path
    first_line: int
    n_lines: int
    scenario: Scenario
    settings: Settings
    second_file: Path | None = None
    others: tuple[Path, ...] = ()
    peers: tuple[Address, ...] = ()
    pause_ms: float | None = None
    n_tokens: int = 8
    block: int = 20
    most_keys: int = 0
    seed: int = 1


def run(replay: Replay, progress: Callable[[int, int], object]) -> list[Record]:
    """Measure; `progress` gets the strokes done and their number. Raises BenchError."""
    passage = _passage(replay)
    second = _text(replay.second_file) if replay.second_file else None
    keys = list(strokes(passage, replay.scenario, second, replay.seed))
    keys = keys[: replay.most_keys or None]
    if not keys:
        raise BenchError(f"Nothing is to be typed in these lines of {replay.file}.")
    documents = [Document(replay.file.absolute(), passage.before.content, passage.start)]
    if replay.second_file is not None and second is not None:
        end = second.line_end(second.n_lines - 1)
        documents.append(Document(replay.second_file.absolute(), second.content, end))
    others = [Document(path.absolute(), _text(path).content, 0) for path in replay.others]
    try:
        return asyncio.run(_measure(replay, documents, others, keys, progress))
    except ServerComplained as error:
        raise BenchError(str(error)) from None
    except (RuntimeError, OSError, asyncio.TimeoutError) as error:
        reason = str(error) or "it did not answer in time"
        raise BenchError(f"The language server failed: {reason}.") from None


async def _measure(
    replay: Replay,
    documents: Sequence[Document],
    others: Sequence[Document],
    keys: Sequence[Stroke],
    progress: Callable[[int, int], object],
) -> list[Record]:
    root = Path(commonpath([document.path.parent for document in (*documents, *others)]))
    options = msgspec.structs.asdict(replay.settings)
    async with editor("sc2-lsp bench", root, options, _REPLY_TIMEOUT_S) as ours:
        contenders: list[Contender] = [OurServer(OURS, ours)]
        contenders += [LlamaServer(address, replay.n_tokens) for address in replay.peers]
        # A peer that is not there is to be noticed before our model has read its prompt.
        for contender in reversed(contenders):
            await contender.open(documents, others)
        n_done, n_keys = 0, len(keys) * len(contenders)
        for start in range(0, len(keys), replay.block):
            for contender in contenders:
                turn = keys[start : start + replay.block]
                await _take_turn(contender, turn, replay.pause_ms)
                n_done += len(turn)
                progress(n_done, n_keys)
        return [contender.record for contender in contenders]


async def _take_turn(contender: Contender, turn: Sequence[Stroke], pause_ms: float | None) -> None:
    record, before_s = contender.record, contender.cpu_s()
    for stroke in turn:
        record.answers.append(await contender.press(stroke))
        await asyncio.sleep(stroke.pause_s if pause_ms is None else pause_ms / 1000)
    await contender.settle()
    after_s = contender.cpu_s()
    if before_s is None or after_s is None or record.cpu_s is None:
        record.cpu_s = None
    else:
        record.cpu_s += after_s - before_s


def _passage(replay: Replay) -> Passage:
    text = _text(replay.file)
    try:
        return Passage(text, replay.first_line - 1, replay.n_lines)
    except ValueError:
        last = replay.first_line + replay.n_lines - 1
        raise BenchError(
            f"{replay.file} has {text.n_lines} lines, so lines {replay.first_line} to {last} "
            "cannot be typed."
        ) from None


def _text(path: Path) -> Text:
    try:
        return Text.of(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise BenchError(f"{path} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError as error:
        raise BenchError(f"{path} is not UTF-8 text (byte {error.start}).") from None
