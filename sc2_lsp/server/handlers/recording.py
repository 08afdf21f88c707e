"""The record of suggestions, where the setting `record` asks for it: `sc2.accepted` and its items.

Every item carries a command that the editor sends back once it has inserted it; an editor that does
not know of such commands inserts as ever. Without the setting nothing is kept, sent or written.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from sc2_lsp.domain import EmptyReason, Outcome
from sc2_lsp.record.entry import Cause
from sc2_lsp.record.offers import ContentOf, Offer
from sc2_lsp.server import convert
from sc2_lsp.server.core import ServerCore

ACCEPTED = "sc2.accepted"


def register(server: ServerCore) -> None:
    server.command(ACCEPTED)(accepted)


def accepted(ls: ServerCore, arguments: Sequence[Any]) -> None:
    """The editor inserted an item as a whole."""
    match arguments:
        case [str(id_), int(index)]:
            if ls.session.settings.record:
                ls.journal.write(ls.session.offers.accept(id_, index))
        case _:
            raise JsonRpcInvalidParams(f"'{ACCEPTED}' takes what came with the suggestion.")


def given(
    ls: ServerCore,
    uri: str,
    places: Sequence[tuple[types.Position, str]],
    outcome: Outcome,
    started_s: float,
) -> list[types.Command]:
    """The editor gets texts for these places, or none: the commands of the items with them."""
    session = ls.session
    if not session.settings.record:
        return []
    document = session.documents.get(uri)
    if document is None or not places:
        # An older request's answer says nothing of what is shown for the newer one.
        if outcome.reason is not EmptyReason.SUPERSEDED:
            ls.journal.write(session.offers.settle(ls.clock(), _content_of(ls)))
        return []
    now_s, (place, _) = ls.clock(), places[0]
    offer = Offer(
        id=uuid.uuid4().hex,
        uri=uri,
        char_offset=convert.to_char_offset(document.text, place, session.encoding),
        texts=tuple(text for _, text in places),
        language_id=document.language_id,
        cause=Cause.CACHE if outcome.usage.cached else Cause.ENGINE,
        latency_s=now_s - started_s,
        given_at_s=time.time(),
        shown_at_s=now_s,
    )
    id_, decided = session.offers.give(offer, _content_of(ls))
    ls.journal.write(decided)
    return [
        types.Command("Accepted", ACCEPTED, arguments=[id_, index]) for index in range(len(places))
    ]


def closing(ls: ServerCore, uri: str) -> None:
    """The document is about to be forgotten."""
    if ls.session.settings.record:
        ls.journal.write(ls.session.offers.settle_document(uri, ls.clock(), _content_of(ls)))


def finish(ls: ServerCore) -> None:
    """The session ends."""
    if ls.session.settings.record:
        ls.journal.write(ls.session.offers.settle(ls.clock(), _content_of(ls)))


def _content_of(ls: ServerCore) -> ContentOf:
    def content_of(uri: str) -> str:
        document = ls.session.documents.get(uri)
        return document.text.content if document else ""

    return content_of
