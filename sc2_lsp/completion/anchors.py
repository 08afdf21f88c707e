"""The anchors of every document, and what their prompts showed of other files."""

from __future__ import annotations

from collections import OrderedDict, deque

from sc2_lsp.domain import Snapshot, Snippet
from sc2_lsp.prompt.anchor import Anchor, typed_since

_DOCUMENTS = 32
# Places of a document that somebody goes back and forth between.
_PER_DOCUMENT = 6


class Anchors:
    """Remembers the last anchors of the last documents; the oldest go first."""

    def __init__(self) -> None:
        self._anchors: OrderedDict[str, deque[Anchor]] = OrderedDict()
        self._shown: dict[str, tuple[Snippet, ...]] = {}
        self.used: Anchor | None = None
        """The one of the last prompt; what others show may be of some time ago."""

    def holding(self, snapshot: Snapshot) -> tuple[Anchor, str] | None:
        """The newest anchor that still holds, with the text typed since; None if none does."""
        for anchor in reversed(self._anchors.get(snapshot.uri, ())):
            typed = typed_since(anchor, snapshot.text, snapshot.char_offset)
            if typed is not None:
                return anchor, typed
        return None

    def latest(self, uri: str) -> Anchor | None:
        """The anchor that was added last, whether it holds or not."""
        anchors = self._anchors.get(uri)
        return anchors[-1] if anchors else None

    def add(self, snapshot: Snapshot, anchor: Anchor) -> None:
        """Remember an anchor that was dropped in the snapshot's document."""
        uri = snapshot.uri
        self.used = anchor
        self._shown[snapshot.repository] = anchor.snippets
        anchors = self._anchors.setdefault(uri, deque(maxlen=_PER_DOCUMENT))
        if anchor in anchors:
            anchors.remove(anchor)
        anchors.append(anchor)
        self._anchors.move_to_end(uri)
        if len(self._anchors) > _DOCUMENTS:
            self._anchors.popitem(last=False)

    def forget(self, uri: str) -> None:
        self._anchors.pop(uri, None)

    def clear(self) -> None:
        self._anchors.clear()
        self._shown.clear()
        self.used = None

    def shown_last(self, snapshot: Snapshot) -> tuple[Snippet, ...]:
        """What the last prompt of this document showed of other files, else of its repository.

        Prompts of several documents begin alike that way.
        """
        latest = self.latest(snapshot.uri)
        return latest.snippets if latest else self._shown.get(snapshot.repository, ())
