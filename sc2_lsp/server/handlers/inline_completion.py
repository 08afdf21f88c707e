"""`textDocument/inlineCompletion`: snapshot, ask the service, convert."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from contextlib import nullcontext

from lsprotocol import types

from sc2_lsp.domain import EmptyReason, Outcome, Snapshot, Trigger
from sc2_lsp.server import convert
from sc2_lsp.server.core import ServerCore
from sc2_lsp.server.handlers import metrics, recording

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
    ls.session.visit(params.text_document.uri, params.position)
    snapshot = ls.session.snapshot(params.text_document.uri, params.position, selected)
    return _answer(ls, params, snapshot, ls.clock())


async def _answer(
    ls: ServerCore,
    params: types.InlineCompletionParams,
    snapshot: Snapshot | None,
    started_s: float,
) -> types.InlineCompletionList | None:
    trigger = convert.to_trigger(params.context.trigger_kind)
    outcome = await complete(ls, snapshot, trigger, started_s)
    items = _items(ls, params, snapshot, outcome)
    places = [(item.range.start, str(item.insert_text)) for item in items if item.range]
    commands = recording.given(ls, params.text_document.uri, places, outcome, started_s)
    for item, command in zip(items, commands, strict=False):
        item.command = command
    return types.InlineCompletionList(items) if items else None


async def complete(
    ls: ServerCore, snapshot: Snapshot | None, trigger: Trigger, started_s: float
) -> Outcome:
    """What the service answers to a request that was counted at `started_s`; raises nothing.

    It is counted as well, and the user is told what there is to mend.
    """
    outcome = await _ask(ls, snapshot, trigger)
    ls.session.counters.count_outcome(outcome, ls.clock() - started_s)
    metrics.note(ls)
    if outcome.message:
        # With a suggestion beside it, it is how the model runs and not why it does not.
        works = outcome.suggestion is not None
        ls.tell(outcome.message, types.MessageType.Info if works else types.MessageType.Error)
    return outcome


async def _ask(ls: ServerCore, snapshot: Snapshot | None, trigger: Trigger) -> Outcome:
    if snapshot is None:
        return Outcome(None, EmptyReason.UNKNOWN_DOCUMENT)
    try:
        # What another machine is at needs no processor here.
        with ls.indexes.still() if ls.answering is None else nullcontext():
            return await ls.service.complete(snapshot, trigger, ls.session.settings)
    except Exception as error:
        logger.error("Request %.80r failed.", ls.protocol.msg_id, exc_info=error)
        return Outcome(None, EmptyReason.FAILED)


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
