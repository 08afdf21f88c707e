"""A real session for people to watch: start the server over stdio, open a file, print ghost text.

The file is one of this package's own modules. At each spot the rest of the line is deleted before
the server sees it, as if somebody were just typing the line; nothing is written to disk.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient
from rich.console import Console
from rich.text import Text as Rich

from sc2_lsp import __version__
from sc2_lsp.text import Text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

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
_REPLY_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the server answered at a spot and what that cost."""

    text: Text
    char_offset: int
    suggestion: str | None
    n_evaluated: int
    n_prompt: int
    elapsed_ms: float


class _ServerComplained(Exception):
    """The server showed the user a message, which an editor would pop up."""


def run(options: Mapping[str, Any]) -> int:
    """Print the demo under the given initialization options; the exit code of the command."""
    console = Console(highlight=False, soft_wrap=True)
    errors = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
    try:
        n_suggestions = asyncio.run(_session(console, options))
    except _ServerComplained as error:
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
    complaints: list[str] = []
    async with _client(options, complaints) as client:
        console.print(f"sc2-lsp {__version__}: what an editor would show in {_FILE.name}\n")
        _open(client, _OPEN_BESIDE, _OPEN_BESIDE.read_text(encoding="utf-8"))
        _open(client, _FILE, document.content)
        shown = document
        for version, spot in enumerate(SPOTS, start=2):
            text, cursor = demo_document(spot)
            _replace(client, version, shown, text)
            shown = text
            answer = await _ask(client, text, cursor)
            if complaints:
                raise _ServerComplained(complaints[0])
            _print(console, answer)
            n_suggestions += answer.suggestion is not None
        stats = await _stats(client)
        console.print(
            f"{n_suggestions} suggestions by {stats['model']}; "
            f"{stats['prompt_tokens_evaluated']} of {stats['prompt_tokens']} prompt tokens had to "
            f"be evaluated, the others stood in the KV cache."
        )
    return n_suggestions


@asynccontextmanager
async def _client(
    options: Mapping[str, Any], complaints: list[str]
) -> AsyncIterator[LanguageClient]:
    """A client of a server that runs as a child process, initialized; shut down at the end.

    What the server wants to show the user is appended to `complaints`.
    """
    client = LanguageClient("sc2-lsp demo", __version__)
    client.feature(types.WINDOW_SHOW_MESSAGE)(lambda params: complaints.append(params.message))
    client.feature(types.WINDOW_LOG_MESSAGE)(lambda params: None)
    await client.start_io(sys.executable, "-m", "sc2_lsp", "serve")
    await _reply(
        client.initialize_async(
            types.InitializeParams(
                capabilities=types.ClientCapabilities(
                    general=types.GeneralClientCapabilities(
                        position_encodings=[types.PositionEncodingKind.Utf32]
                    )
                ),
                root_uri=_PACKAGE.as_uri(),
                initialization_options=dict(options),
            )
        )
    )
    client.initialized(types.InitializedParams())
    try:
        yield client
    finally:
        await _reply(client.shutdown_async(None))
        client.exit(None)
        await _reply(_stop(client))


async def _stop(client: LanguageClient) -> None:
    await client.stop()  # type: ignore[no-untyped-call]


async def _reply(call: Any) -> Any:
    return await asyncio.wait_for(call, _REPLY_TIMEOUT_S)


def _open(client: LanguageClient, path: Path, content: str) -> None:
    client.text_document_did_open(
        types.DidOpenTextDocumentParams(
            types.TextDocumentItem(path.as_uri(), types.LanguageKind.Python, 1, content)
        )
    )


def _replace(client: LanguageClient, version: int, old: Text, new: Text) -> None:
    """Send the whole document again as one edit, which is what undo and redo amount to."""
    last = old.n_lines - 1
    everything = types.Range(
        types.Position(0, 0), types.Position(last, old.line_end(last) - old.line_start(last))
    )
    client.text_document_did_change(
        types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(version, _FILE.as_uri()),
            [types.TextDocumentContentChangePartial(everything, new.content)],
        )
    )


async def _ask(client: LanguageClient, text: Text, cursor: int) -> _Shown:
    line = text.line_at(cursor)
    before = await _stats(client)
    started_s = time.perf_counter()
    reply = await _reply(
        client.text_document_inline_completion_async(
            types.InlineCompletionParams(
                context=types.InlineCompletionContext(types.InlineCompletionTriggerKind.Automatic),
                text_document=types.TextDocumentIdentifier(_FILE.as_uri()),
                position=types.Position(line, cursor - text.line_start(line)),
            )
        )
    )
    elapsed_ms = (time.perf_counter() - started_s) * 1000
    after = await _stats(client)
    items = reply.items if isinstance(reply, types.InlineCompletionList) else reply or []
    return _Shown(
        text=text,
        char_offset=cursor,
        suggestion=str(items[0].insert_text) if items else None,
        n_evaluated=after["prompt_tokens_evaluated"] - before["prompt_tokens_evaluated"],
        n_prompt=after["prompt_tokens"] - before["prompt_tokens"],
        elapsed_ms=elapsed_ms,
    )


async def _stats(client: LanguageClient) -> dict[str, Any]:
    stats: dict[str, Any] = await _reply(
        client.workspace_execute_command_async(types.ExecuteCommandParams("sc2.stats"))
    )
    return stats


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
