"""`workspace/executeCommand`: what this session cost, what is indexed, what a prompt shows.

`sc2.stats` and `sc2.index` take no arguments, `sc2.context` a text document and a position.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from sc2_lsp.domain import Snapshot
from sc2_lsp.models import engine_spec
from sc2_lsp.ports import EngineError
from sc2_lsp.server.core import ServerCore

STATS = "sc2.stats"
INDEX = "sc2.index"
CONTEXT = "sc2.context"

logger = logging.getLogger(__name__)


def register(server: ServerCore) -> None:
    server.command(STATS)(stats)
    server.command(INDEX)(index)
    server.command(CONTEXT)(context)
    server.feature(types.WORKSPACE_EXECUTE_COMMAND)(execute_command)


def execute_command(ls: ServerCore, params: types.ExecuteCommandParams) -> Any:
    """Run a command of ours."""
    command = ls.protocol.fm.commands.get(params.command)
    if command is None:
        raise JsonRpcInvalidParams(f"Unknown command '{params.command:.80}'.")
    return command(params.arguments or [])


def stats(ls: ServerCore, arguments: Sequence[Any]) -> dict[str, Any]:
    """Counters as plain JSON, with what the engine's owner knows of its process."""
    model_path = engine_spec(ls.session.settings).model_path
    background = ls.service.background_usage
    return {
        **ls.session.counters.to_json(),
        "cancelled": ls.protocol.n_cancelled,
        "background": {
            "is_busy": ls.service.is_preparing,
            "prompt_tokens_evaluated": background.prompt_tokens_evaluated,
            "generation_steps": background.generation_steps,
        },
        "model": ls.answering or Path(model_path).name,
        "open_documents": len(ls.session.documents),
        "engine": {
            "state": getattr(ls.engine, "state", None),
            "load_share": getattr(ls.engine, "load_share", None),
            "pid": getattr(ls.engine, "pid", None),
        },
    }


async def index(ls: ServerCore, arguments: Sequence[Any]) -> dict[str, Any]:
    """What is known of each folder, as plain JSON."""
    return {"indexes": await ls.indexes.summaries()}


def context(ls: ServerCore, arguments: Sequence[Any]) -> Awaitable[dict[str, Any] | None]:
    """What the prompt at a position shows of other files; None where no document is open there."""
    try:
        (given,) = arguments
        place = ls.protocol.structure(given, types.TextDocumentPositionParams)
    except Exception:
        wanted = "one argument with a text document and a position"
        raise JsonRpcInvalidParams(f"'{CONTEXT}' takes {wanted}.") from None
    return _context(ls, ls.session.snapshot(place.text_document.uri, place.position))


async def _context(ls: ServerCore, snapshot: Snapshot | None) -> dict[str, Any] | None:
    if snapshot is None:
        return None
    try:
        shown = await ls.service.context(snapshot, ls.session.settings)
    except EngineError as error:
        logger.warning("The engine could not count the tokens of a prompt: %s", error)
        return None
    return shown.to_json()
