"""The file of metrics, where the setting `metrics_file` names one: kept while requests come.

Written beside the event loop, at most every `EVERY_S` seconds and once more at the end. One that
cannot be written is said once, in the editor's log, and changes nothing else.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sc2_lsp import __version__
from sc2_lsp.server import metrics
from sc2_lsp.server.core import ServerCore
from sc2_lsp.server.metrics import PID, Count

EVERY_S = 2.0


def note(ls: ServerCore) -> None:
    """Something was counted."""
    session = ls.session
    if session.settings.metrics_file and not session.is_metrics_due:
        session.is_metrics_due = True
        ls.start_task(_write_soon(ls))


async def finish(ls: ServerCore) -> None:
    """The session ends. A file of this process alone goes with it."""
    setting = ls.session.settings.metrics_file
    path = metrics.path_of(setting, os.getpid()) if setting else None
    if path is not None:
        last = None if PID in setting else _text(ls)
        await _write(ls, path, partial(ls.session.metrics_file.end, path, last))


async def _write_soon(ls: ServerCore) -> None:
    session = ls.session
    await asyncio.sleep(max(0.0, session.metrics_written_s + EVERY_S - ls.clock()))
    session.is_metrics_due = False
    session.metrics_written_s = ls.clock()
    setting = session.settings.metrics_file
    path = metrics.path_of(setting, os.getpid()) if setting else None
    if path is not None:
        await _write(ls, path, partial(session.metrics_file.put, path, _text(ls)))
    elif setting:
        ls.warn_once("The setting 'metrics_file' needs an absolute path; nothing is written.")


async def _write(ls: ServerCore, path: Path, write: Callable[[], None]) -> None:
    try:
        # It goes on in its thread where this is cancelled.
        await asyncio.to_thread(write)
    except OSError as error:
        ls.warn_once(f"The metrics file {path} cannot be written: {error.strerror or error}.")


def _text(ls: ServerCore) -> str:
    stats, background = ls.session.counters.to_json(), ls.service.background_usage
    counts = (
        Count("requests", "Requests for a suggestion.", stats["requests"]),
        Count("suggestions", "Requests that got one.", stats["suggestions"]),
        Count(
            "empty_answers",
            "Requests that got none, by reason.",
            label="reason",
            by=tuple(sorted(stats["empty"].items())),
        ),
        Count("cancelled_requests", "Requests that the editor took back.", ls.protocol.n_cancelled),
        Count("cache_hits", "Answers that no engine was asked for.", stats["cache_hits"]),
        Count("prompt_tokens", "Tokens of all prompts.", stats["prompt_tokens"]),
        Count(
            "prompt_tokens_evaluated",
            "Those of them that the KV cache did not hold.",
            stats["prompt_tokens_evaluated"],
        ),
        Count("generated_tokens", "Tokens that the model wrote.", stats["generated_tokens"]),
        Count(
            "background_prompt_tokens_evaluated",
            "Tokens evaluated while nobody waited.",
            background.prompt_tokens_evaluated,
        ),
        Count(
            "background_generation_steps",
            "Tokens written while nobody waited.",
            background.generation_steps,
        ),
        Count(
            "engine_ends",
            "Times that the engine's process died, or did not start.",
            getattr(ls.engine, "n_ends", 0),
        ),
    )
    labels = {"pid": str(os.getpid())} if PID in ls.session.settings.metrics_file else {}
    return metrics.openmetrics(counts, ls.session.counters.latencies(), __version__, labels)
