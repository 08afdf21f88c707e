"""What became of the suggestions that an editor was given. Pure: no clock, no disk, no protocol.

An editor tells of one thing alone, that a suggestion was accepted as a whole. The rest is read off
the document when another suggestion is given, or none:

accepted   The editor said so.
typed      All of it stands where it was offered: typed, accepted part by part, or accepted in an
           editor that does not tell.
rejected   It was there for `SEEN_S` or longer, and the document goes on otherwise.
passed     The same, but sooner: whoever types past a suggestion has not judged it.

Typing what is suggested goes on with the same suggestion. Texts are compared and forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from sc2_lsp.record.entry import Cause, Entry, Fate

SEEN_S = 0.5

_REMEMBERED = 64

ContentOf = Callable[[str], str]
"""The text of the document at a URI; empty where none is open."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Suggestions for one place: `texts` begin at `char_offset` of the document at `uri`.

    `given_at_s` is Unix time, `shown_at_s` counts as the caller's monotonic clock.
    """

    id: str
    uri: str
    char_offset: int
    texts: tuple[str, ...]
    language_id: str
    cause: Cause
    latency_s: float
    given_at_s: float
    shown_at_s: float


@dataclass(frozen=True, slots=True)
class _Shown:
    """An offer since it was first made: its `texts` from there on, the first `n_typed` typed.

    `behind` stood at its place when it was made.
    """

    offer: Offer
    texts: tuple[str, ...]
    behind: str
    n_typed: int = 0
    is_accepted: bool = False


class Offers:
    """Owns what the editor shows, and what it may still say was accepted."""

    def __init__(self) -> None:
        self._shown: _Shown | None = None
        self._known: OrderedDict[str, _Shown] = OrderedDict()

    def give(self, offer: Offer, content_of: ContentOf) -> tuple[str, list[Entry]]:
        """The editor gets `offer`: the id under which it was first made, and what that decides."""
        content = content_of(offer.uri)
        shown = self._shown and _gone_on(self._shown, offer, content)
        decided = [] if shown else self.settle(offer.shown_at_s, content_of)
        if shown is None:
            longest = max(map(len, offer.texts))
            behind = content[offer.char_offset : offer.char_offset + longest]
            shown = _Shown(offer, offer.texts, behind)
        self._shown = self._known[shown.offer.id] = shown
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return shown.offer.id, decided

    def settle(self, now_s: float, content_of: ContentOf) -> list[Entry]:
        """Nothing is shown any more: what became of what was."""
        shown, self._shown = self._shown, None
        if shown is None or shown.is_accepted:
            return []
        content = content_of(shown.offer.uri)
        kept = [(text, _n_kept(text, shown, content)) for text in shown.texts]
        for text, n_kept in kept:
            if n_kept == len(text):
                return [_entry(shown, Fate.TYPED, text, n_kept)]
        was_seen = now_s - shown.offer.shown_at_s >= SEEN_S
        fate = Fate.REJECTED if was_seen else Fate.PASSED
        return [_entry(shown, fate, *kept[0])]

    def settle_document(self, uri: str, now_s: float, content_of: ContentOf) -> list[Entry]:
        """The document at `uri` is about to be closed."""
        is_shown = self._shown is not None and self._shown.offer.uri == uri
        return self.settle(now_s, content_of) if is_shown else []

    def accept(self, id_: str, index: int) -> list[Entry]:
        """The editor inserted the suggestion `index` of an offer; unknown ones count nothing.

        What was decided otherwise by then gives way to the new entry, by its id.
        """
        offered = self._known.pop(id_, None)
        if offered is None or not 0 <= index < len(offered.texts):
            return []
        if self._shown is not None and self._shown.offer.id == id_:
            self._shown = replace(offered, is_accepted=True)
        text = offered.texts[index]
        entry = _entry(offered, Fate.ACCEPTED, text, len(text))
        return [replace(entry, n_accepted=len(text) - offered.n_typed)]


def _gone_on(shown: _Shown, offer: Offer, content: str) -> _Shown | None:
    """`shown` if `offer` is what is left of it behind what was typed of it."""
    text, start = shown.texts[0], shown.offer.char_offset
    n_typed = offer.char_offset - start
    if shown.is_accepted or shown.offer.uri != offer.uri or not 0 <= n_typed < len(text):
        return None
    typed, left, now = text[:n_typed], text[n_typed:], offer.texts[0]
    if content[start : offer.char_offset] != typed or not (
        left.startswith(now) or now.startswith(left)
    ):
        return None
    return replace(shown, texts=tuple(typed + rest for rest in offer.texts), n_typed=n_typed)


def _n_kept(text: str, shown: _Shown, content: str) -> int:
    """How many characters of `text` stand at its place and did not before."""
    start = shown.offer.char_offset
    there = content[start : start + len(text)]
    if there == shown.behind[: len(text)]:
        return 0
    return next((n for n in range(len(there)) if there[n] != text[n]), len(there))


def _entry(shown: _Shown, fate: Fate, text: str, n_kept: int) -> Entry:
    offer = shown.offer
    return Entry(
        id=offer.id,
        given_at_s=offer.given_at_s,
        language_id=offer.language_id,
        fate=fate,
        cause=offer.cause,
        latency_s=offer.latency_s,
        n_chars=len(text),
        n_kept=n_kept,
    )
