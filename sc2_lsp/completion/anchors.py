"""The anchors of every document, and the order in which other files came into prompts."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence

from sc2_lsp.domain import Snapshot, Snippet
from sc2_lsp.prompt.anchor import Anchor, typed_since

_DOCUMENTS = 32
# Places of a document that somebody goes back and forth between.
_PER_DOCUMENT = 6
_FILES = 4096


class Anchors:
    """Remembers the last anchors of the last documents; the oldest go first."""

    def __init__(self) -> None:
        self._anchors: OrderedDict[str, deque[Anchor]] = OrderedDict()
        self._first_seen: dict[str, int] = {}

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

    def add(self, uri: str, anchor: Anchor) -> None:
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

    def in_stable_order(self, snippets: Sequence[Snippet]) -> tuple[Snippet, ...]:
        """`snippets`, the files that came into a prompt first standing first.

        The prompts of all documents begin alike that way, whatever was edited last.
        """
        if len(self._first_seen) > _FILES:
            self._first_seen.clear()
        # By name where several come at once, so that another session begins alike too.
        for path in sorted(snippet.path for snippet in snippets):
            self._first_seen.setdefault(path, len(self._first_seen))
        return tuple(sorted(snippets, key=lambda s: (self._first_seen[s.path], s.start_line)))
