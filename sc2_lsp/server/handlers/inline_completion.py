"""`textDocument/inlineCompletion`: snapshot, ask the service, convert."""

from __future__ import annotations

import logging
from collections.abc import Awaitable

from lsprotocol import types

from sc2_lsp.domain import EmptyReason, Outcome, Snapshot
from sc2_lsp.server import convert
from sc2_lsp.server.core import ServerCore
from sc2_lsp.server.handlers import recording

logger = logging.getLogger(__name__)


def register(server: ServerCore) -> None:
    # pygls advertises the feature only where it is registered with options.
    server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())(
        inline_completion
    )


def inline_completion(
    ls: ServerCore, params: types.InlineCompletionParams
) -> Awaitable[types.InlineCompletionList | None]:
    """Take the snapshot now, before the next edit arrives; the answer comes later."""
    ls.session.counters.count_request()
    selected = params.context.selected_completion_info
    snapshot = ls.session.snapshot(params.text_document.uri, params.position, selected)
    return _answer(ls, params, snapshot, ls.clock())


async def _answer(
    ls: ServerCore,
    params: types.InlineCompletionParams,
    snapshot: Snapshot | None,
    started_s: float,
) -> types.InlineCompletionList | None:
    outcome = await _complete(ls, params, snapshot)
    latency_s = ls.clock() - started_s
    ls.session.counters.count_outcome(outcome, latency_s)
    if outcome.message:
        # With a suggestion beside it, it is how the model runs and not why it does not.
        works = outcome.suggestion is not None
        ls.tell(outcome.message, types.MessageType.Info if works else types.MessageType.Error)
    items = _items(ls, params, snapshot, outcome)
    recording.given(ls, params.text_document.uri, items, outcome, latency_s)
    return types.InlineCompletionList(items) if items else None


def _items(
    ls: ServerCore,
    params: types.InlineCompletionParams,
    snapshot: Snapshot | None,
    outcome: Outcome,
) -> list[types.InlineCompletionItem]:
    if snapshot is None or outcome.suggestion is None:
        return []
    selected = params.context.selected_completion_info
    suggestions = (outcome.suggestion, *outcome.alternatives)
    if selected is None:
        encoding = ls.session.encoding
        return [convert.to_item(snapshot, suggestion, encoding) for suggestion in suggestions]
    return [convert.to_selected_item(selected, suggestion) for suggestion in suggestions]


async def _complete(
    ls: ServerCore, params: types.InlineCompletionParams, snapshot: Snapshot | None
) -> Outcome:
    if snapshot is None:
        return Outcome(None, EmptyReason.UNKNOWN_DOCUMENT)
    trigger = convert.to_trigger(params.context.trigger_kind)
    try:
        return await ls.service.complete(snapshot, trigger, ls.session.settings)
    except Exception as error:
        logger.error("Request %.80r failed.", ls.protocol.msg_id, exc_info=error)
        return Outcome(None, EmptyReason.FAILED)
