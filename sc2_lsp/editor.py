"""An editor in miniature: a client that speaks LSP to a language server of its own, over stdio.

It holds the documents, sends each edit, and waits for every answer; it shows nothing and decides
nothing. `demo` and `bench` drive it.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient

from sc2_lsp import __version__
from sc2_lsp.text import Text

REPLY_TIMEOUT_S = 60.0
_LOG_LINES_KEPT = 20


class ServerComplained(Exception):
    """The server showed the user a message, which an editor would pop up."""


@asynccontextmanager
async def editor(
    name: str, root: Path, options: Mapping[str, Any], reply_timeout_s: float = REPLY_TIMEOUT_S
) -> AsyncIterator[Editor]:
    """An editor called `name` with `root` open, in front of a server started with `options`.

    The server is shut down at the end. Raises RuntimeError where it ends before that, TimeoutError
    where it does not answer.
    """
    client = _Client(name)
    await client.start_io(sys.executable, "-m", "sc2_lsp", "serve")
    session = Editor(client, reply_timeout_s)
    await session.reply(
        client.initialize_async(
            types.InitializeParams(
                capabilities=types.ClientCapabilities(
                    general=types.GeneralClientCapabilities(
                        position_encodings=[types.PositionEncodingKind.Utf32]
                    )
                ),
                root_uri=root.as_uri(),
                initialization_options=dict(options),
            )
        )
    )
    client.initialized(types.InitializedParams())
    try:
        yield session
    finally:
        await session.reply(client.shutdown_async(None))
        client.exit(None)
        await session.reply(client.stop())  # type: ignore[no-untyped-call]


class Editor:
    """Owns the open documents and the connection to the server."""

    def __init__(self, client: _Client, reply_timeout_s: float) -> None:
        self._client = client
        self._reply_timeout_s = reply_timeout_s
        self._documents: dict[str, tuple[int, Text]] = {}

    @property
    def server_pid(self) -> int:
        return self._client.pid

    def text(self, path: Path) -> Text:
        """What the editor holds of an open file."""
        return self._documents[path.as_uri()][1]

    def open(self, path: Path, content: str) -> None:
        """Open `path` with `content`, whatever stands on the disk."""
        uri, language = path.as_uri(), path.suffix.lstrip(".")
        self._documents[uri] = (1, Text.of(content))
        self._client.text_document_did_open(
            types.DidOpenTextDocumentParams(
                types.TextDocumentItem(uri, _LANGUAGES.get(language, language), 1, content)
            )
        )

    def edit(self, path: Path, start: int, end: int, replacement: str) -> None:
        """Replace the chars from `start` up to `end`."""
        uri = path.as_uri()
        version, text = self._documents[uri]
        place = types.Range(_position(text, start), _position(text, end))
        self._documents[uri] = (version + 1, text.splice(start, end, replacement))
        self._client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(version + 1, uri),
                [types.TextDocumentContentChangePartial(place, replacement)],
            )
        )

    async def complete(self, path: Path, char_offset: int) -> str | None:
        """The suggestion there, as for a request that an editor sends while somebody types.

        Raises ServerComplained where the server has shown a message by then.
        """
        uri = path.as_uri()
        reply = await self.reply(
            self._client.text_document_inline_completion_async(
                types.InlineCompletionParams(
                    context=types.InlineCompletionContext(
                        types.InlineCompletionTriggerKind.Automatic
                    ),
                    text_document=types.TextDocumentIdentifier(uri),
                    position=_position(self._documents[uri][1], char_offset),
                )
            )
        )
        if self._client.complaints:
            raise ServerComplained(self._client.complaints[0])
        items = reply.items if isinstance(reply, types.InlineCompletionList) else reply or []
        return str(items[0].insert_text) if items else None

    async def stats(self) -> dict[str, Any]:
        """The server's counters, as `sc2.stats` gives them."""
        stats: dict[str, Any] = await self._run("sc2.stats")
        return stats

    async def indexes(self) -> list[dict[str, Any]]:
        """What is indexed, a summary for each folder, as `sc2.index` gives it."""
        summary = await self._run("sc2.index")
        indexes: list[dict[str, Any]] = summary["indexes"]
        return indexes

    async def _run(self, command: str) -> Any:
        return await self.reply(
            self._client.workspace_execute_command_async(types.ExecuteCommandParams(command))
        )

    async def reply(self, call: Any) -> Any:
        return await asyncio.wait_for(call, self._reply_timeout_s)


_LANGUAGES = {"py": types.LanguageKind.Python}


class _Client(LanguageClient):
    """Owns the server process; keeps its last log lines, so that its pipe never fills."""

    def __init__(self, name: str) -> None:
        super().__init__(name, __version__)
        self.complaints: list[str] = []
        self._log: deque[str] = deque(maxlen=_LOG_LINES_KEPT)
        self.feature(types.WINDOW_SHOW_MESSAGE)(
            lambda params: self.complaints.append(params.message)
        )
        self.feature(types.WINDOW_LOG_MESSAGE)(lambda params: None)

    @property
    def pid(self) -> int:
        assert self._server is not None, "asked for before the server was started"
        return self._server.pid

    async def start_io(self, cmd: str, *args: Any, **kwargs: Any) -> None:
        await super().start_io(cmd, *args, **kwargs)
        self._async_tasks.append(asyncio.ensure_future(self._read_log()))

    async def _read_log(self) -> None:
        assert self._server is not None
        assert self._server.stderr is not None
        async for line in self._server.stderr:
            self._log.append(line.decode("utf-8", "replace"))


def _position(text: Text, char_offset: int) -> types.Position:
    line = text.line_at(char_offset)
    return types.Position(line, char_offset - text.line_start(line))
