"""`workspace/executeCommand`: `sc2.stats` tells what this session cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from sc2_lsp.models import engine_spec
from sc2_lsp.server.core import ServerCore

STATS = "sc2.stats"


def register(server: ServerCore) -> None:
    server.command(STATS)(stats)
    server.feature(types.WORKSPACE_EXECUTE_COMMAND)(execute_command)


def execute_command(ls: ServerCore, params: types.ExecuteCommandParams) -> Any:
    """Run a command of ours; none takes arguments."""
    command = ls.protocol.fm.commands.get(params.command)
    if command is None:
        raise JsonRpcInvalidParams(f"Unknown command '{params.command:.80}'.")
    return command()


def stats(ls: ServerCore) -> dict[str, Any]:
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
        "model": Path(model_path).name,
        "open_documents": len(ls.session.documents),
        "engine": {
            "state": getattr(ls.engine, "state", None),
            "pid": getattr(ls.engine, "pid", None),
        },
    }
