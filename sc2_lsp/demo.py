"""A real session for people to watch: start the server over stdio, open a file, print ghost text.

The file is one of this package's own modules. At each spot the rest of the line is deleted before
the server sees it, as if somebody were just typing the line; nothing is written to disk.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text as Rich

from sc2_lsp import __version__
from sc2_lsp.editor import Editor, ServerComplained, editor
from sc2_lsp.text import Text

_PACKAGE = Path(__file__).parent
_FILE = _PACKAGE / "text.py"
_OPEN_BESIDE = _PACKAGE / "domain.py"
SPOTS = (
    "return self.line_starts[",
    "content = self.content[:start] + replacement + self.",
    "last = bisect_right(",
    "codec, width, _ = _UNITS[",
    "match = _INDENT.",
    "def indentation(line: str) -> ",
)
_LINES_AROUND = 3
_GUTTER = 7
_ENOUGH = 3


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the server answered at a spot and what that cost."""

    text: Text
    char_offset: int
    suggestion: str | None
    n_evaluated: int
    n_prompt: int
    elapsed_ms: float


def run(options: Mapping[str, Any]) -> int:
    """Print the demo under the given initialization options; the exit code of the command."""
    console = Console(highlight=False, soft_wrap=True)
    errors = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
    try:
        n_suggestions = asyncio.run(_session(console, options))
    except ServerComplained as error:
        errors.print(str(error))
        return 1
    except (RuntimeError, OSError, asyncio.TimeoutError) as error:
        reason = str(error) or "the server did not answer"
        errors.print(f"The demo ended early: {reason}.")
        return 1
    if n_suggestions < _ENOUGH:
        errors.print(f"Only {n_suggestions} suggestions, {_ENOUGH} were expected.")
        return 1
    return 0


def demo_document(spot: str) -> tuple[Text, int]:
    """The demo's file with nothing behind `spot` on its line, and the cursor there."""
    document = Text.of(_FILE.read_text(encoding="utf-8"))
    cursor = document.content.index(spot) + len(spot)
    return document.splice(cursor, document.line_end(document.line_at(cursor)), ""), cursor


async def _session(console: Console, options: Mapping[str, Any]) -> int:
    document = Text.of(_FILE.read_text(encoding="utf-8"))
    n_suggestions = 0
    async with editor("sc2-lsp demo", _PACKAGE, options) as session:
        console.print(f"sc2-lsp {__version__}: what an editor would show in {_FILE.name}\n")
        session.open(_OPEN_BESIDE, _OPEN_BESIDE.read_text(encoding="utf-8"))
        session.open(_FILE, document.content)
        for spot in SPOTS:
            text, cursor = demo_document(spot)
            # The whole document again as one edit, which is what undo and redo amount to.
            session.edit(_FILE, 0, len(session.text(_FILE).content), text.content)
            answer = await _ask(session, text, cursor)
            _print(console, answer)
            n_suggestions += answer.suggestion is not None
        stats = await session.stats()
        console.print(
            f"{n_suggestions} suggestions by {stats['model']}; "
            f"{stats['prompt_tokens_evaluated']} of {stats['prompt_tokens']} prompt tokens had to "
            f"be evaluated, the others stood in the KV cache."
        )
    return n_suggestions


async def _ask(session: Editor, text: Text, cursor: int) -> _Shown:
    before = await session.stats()
    started_s = time.perf_counter()
    suggestion = await session.complete(_FILE, cursor)
    elapsed_ms = (time.perf_counter() - started_s) * 1000
    after = await session.stats()
    return _Shown(
        text=text,
        char_offset=cursor,
        suggestion=suggestion,
        n_evaluated=after["prompt_tokens_evaluated"] - before["prompt_tokens_evaluated"],
        n_prompt=after["prompt_tokens"] - before["prompt_tokens"],
        elapsed_ms=elapsed_ms,
    )


def _print(console: Console, shown: _Shown) -> None:
    """The lines around the cursor, the suggestion dimmed in its place, and what it cost."""
    text, cursor = shown.text, shown.char_offset
    line = text.line_at(cursor)
    for number in range(max(line - _LINES_AROUND, 0), min(line + 2, text.n_lines)):
        row = Rich(f"{number + 1:{_GUTTER - 2}}  ", style="bright_black")
        row.append(text.line(number), style="default")
        if number == line:
            row.append("▏", style="bold cyan")
            if shown.suggestion is not None:
                row.append(_ghost(console, shown.suggestion), style="italic cyan")
        console.print(row)
    verdict = "" if shown.suggestion is not None else "no suggestion, "
    console.print(
        f"{'':{_GUTTER}}{verdict}{shown.n_evaluated} of {shown.n_prompt} prompt tokens evaluated, "
        f"{shown.elapsed_ms:.0f} ms\n",
        style="bright_black",
    )


def _ghost(console: Console, suggestion: str) -> str:
    """The suggestion, between marks where there is no colour to tell it from the code."""
    shown = suggestion.replace("\n", "\n" + " " * _GUTTER)
    return shown if console.is_terminal else f"«{shown}»"
