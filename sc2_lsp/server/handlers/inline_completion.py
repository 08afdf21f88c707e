"""`textDocument/inlineCompletion`: snapshot, ask the service, convert."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Awaitable

from lsprotocol import types

from sc2_lsp.domain import EmptyReason, Outcome, Snapshot
from sc2_lsp.server import convert
from sc2_lsp.server.core import ServerCore

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
    return _answer(ls, params, _snapshot(ls, params), ls.clock())


def _snapshot(ls: ServerCore, params: types.InlineCompletionParams) -> Snapshot | None:
    """What the editor holds, with the entry selected in its completion list filled in."""
    session = ls.session
    document = session.documents.get(params.text_document.uri)
    if document is None:
        return None
    at = convert.to_char_offset(document.text, params.position, session.encoding)
    snapshot = session.documents.snapshot(document.uri, at, session.repositories)
    selected = params.context.selected_completion_info
    if snapshot is None or selected is None:
        return snapshot
    edit = convert.to_edit(snapshot.text, selected.range, selected.text, session.encoding)
    return dataclasses.replace(
        snapshot,
        text=snapshot.text.splice(edit.start, edit.end, edit.text),
        char_offset=edit.start + len(edit.text),
    )


async def _answer(
    ls: ServerCore,
    params: types.InlineCompletionParams,
    snapshot: Snapshot | None,
    started_s: float,
) -> types.InlineCompletionList | None:
    outcome = await _complete(ls, params, snapshot)
    ls.session.counters.count_outcome(outcome, ls.clock() - started_s)
    if outcome.message:
        # With a suggestion beside it, it is how the model runs and not why it does not.
        works = outcome.suggestion is not None
        ls.tell(outcome.message, types.MessageType.Info if works else types.MessageType.Error)
    if snapshot is None or outcome.suggestion is None:
        return None
    selected = params.context.selected_completion_info
    suggestions = (outcome.suggestion, *outcome.alternatives)
    if selected is None:
        encoding = ls.session.encoding
        return types.InlineCompletionList(
            [convert.to_item(snapshot, suggestion, encoding) for suggestion in suggestions]
        )
    return types.InlineCompletionList(
        [convert.to_selected_item(selected, suggestion) for suggestion in suggestions]
    )


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
