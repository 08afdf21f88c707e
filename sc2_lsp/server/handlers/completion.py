"""`textDocument/completion`: the suggestion as one entry of a menu, where `completion_items` asks.

For editors that have no inline completion. It is not offered to those that have: their two requests
for the same place would end one another.
"""

from __future__ import annotations

from collections.abc import Awaitable

from lsprotocol import types

from sc2_lsp.domain import Snapshot, Trigger
from sc2_lsp.server import convert
from sc2_lsp.server.core import ServerCore
from sc2_lsp.server.handlers import inline_completion, recording

_OPTIONS = types.CompletionOptions()
_NOT_BESIDE = "The setting 'sc2.completion_items' is ignored: this editor has inline completion."
_TOO_LATE = "The setting 'sc2.completion_items' takes effect when the server is started again."


def follow(ls: ServerCore) -> None:
    """Offer the feature once the settings ask for it; to be called when they changed."""
    method = types.TEXT_DOCUMENT_COMPLETION
    if not ls.session.settings.completion_items or method in ls.protocol.fm.features:
        return
    document = ls.client_capabilities.text_document
    if document and document.inline_completion:
        ls.warn_once(_NOT_BESIDE)
        return
    can_be_late = document and document.completion and document.completion.dynamic_registration
    if ls.protocol.is_running and not can_be_late:
        ls.warn_once(_TOO_LATE)
        return
    ls.feature(method, _OPTIONS)(completion)
    if ls.protocol.is_running:
        options = types.CompletionRegistrationOptions()
        registration = types.Registration("sc2-completion", method, options)
        ls.protocol.send_request(
            types.CLIENT_REGISTER_CAPABILITY, types.RegistrationParams([registration])
        )


def completion(
    ls: ServerCore, params: types.CompletionParams
) -> Awaitable[types.CompletionList | None]:
    """Take the snapshot now, before the next edit arrives; the answer comes later."""
    ls.session.counters.count_request()
    ls.session.visit(params.text_document.uri, params.position)
    snapshot = ls.session.snapshot(params.text_document.uri, params.position)
    return _answer(ls, params, snapshot, ls.clock())


async def _answer(
    ls: ServerCore, params: types.CompletionParams, snapshot: Snapshot | None, started_s: float
) -> types.CompletionList | None:
    if not ls.session.settings.completion_items:
        return None
    # Editors do not tell whether somebody typed or pressed a key.
    outcome = await inline_completion.complete(ls, snapshot, Trigger.AUTOMATIC, started_s)
    suggestion, uri = outcome.suggestion, params.text_document.uri
    place = [(params.position, suggestion.text)] if suggestion else []
    commands = recording.given(ls, uri, place, outcome, started_s)
    if snapshot is None or suggestion is None:
        return None
    item = convert.to_menu_item(snapshot, suggestion, ls.session.encoding)
    item.command = commands[0] if commands else None
    # What is typed on may be continued otherwise: the editor has to ask again.
    return types.CompletionList(is_incomplete=True, items=[item])
