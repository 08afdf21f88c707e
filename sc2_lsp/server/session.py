"""The state of one editor session. Owned by the event loop: no other thread touches it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

from lsprotocol import types

from sc2_lsp.domain import Snapshot
from sc2_lsp.record.offers import Offers
from sc2_lsp.server import convert
from sc2_lsp.server.metrics import MetricsFile
from sc2_lsp.server.status import Counters
from sc2_lsp.settings import Settings
from sc2_lsp.text import Encoding
from sc2_lsp.workspace.documents import Documents
from sc2_lsp.workspace.repository import repository_name
from sc2_lsp.workspace.uris import path_of_uri

_MAX_REMEMBERED_MESSAGES = 100


class Session:
    """Owns documents, settings, workspace folders, the encoding, counters and offers.

    `excludes` says which files, by their paths, no prompt shows though they are open.
    """

    def __init__(
        self, settings: Settings, excludes: Callable[[str], bool] = lambda path: False
    ) -> None:
        self.settings = settings
        self.model_at_start = settings.model
        self.encoding: Encoding = "utf-16"
        self.documents = Documents(excludes)
        self.counters = Counters()
        self.offers = Offers()
        self.repositories: dict[str, str] = {}
        self.can_pull_configuration = False
        self.is_indexing = False
        self.metrics_file = MetricsFile()
        self.is_metrics_due = False
        self.metrics_written_s = -math.inf
        self._told: set[str] = set()

    def add_folders(self, uris: Sequence[str]) -> None:
        """Take the folders as roots of repositories; reads their names from disk."""
        for uri in uris:
            path = path_of_uri(uri)
            if path is not None:
                self.repositories[path] = repository_name(path)

    def remove_folders(self, uris: Sequence[str]) -> None:
        for uri in uris:
            path = path_of_uri(uri)
            if path is not None:
                self.repositories.pop(path, None)

    def snapshot(
        self,
        uri: str,
        position: types.Position,
        selected: types.SelectedCompletionInfo | None = None,
    ) -> Snapshot | None:
        """What the editor holds, with the cursor at `position`; None if it is not open.

        The entry `selected` in its completion list is filled in.
        """
        document = self.documents.get(uri)
        if document is None:
            return None
        at = convert.to_char_offset(document.text, position, self.encoding)
        snapshot = self.documents.snapshot(uri, at, self.repositories)
        if snapshot is None or selected is None:
            return snapshot
        start = snapshot.char_offset - at
        edit = convert.to_edit(document.text, selected.range, selected.text, self.encoding)
        return dataclasses.replace(
            snapshot,
            text=snapshot.text.splice(start + edit.start, start + edit.end, edit.text),
            char_offset=start + edit.start + len(edit.text),
        )

    def visit(self, uri: str, position: types.Position) -> None:
        """Somebody wants to write at `position`; what stands there may matter elsewhere later."""
        document = self.documents.get(uri)
        if document is not None:
            at = convert.to_char_offset(document.text, position, self.encoding)
            self.documents.visit(uri, at)

    def is_news(self, message: str) -> bool:
        """Whether the user was not told `message` before; asking counts as telling."""
        if message in self._told or len(self._told) >= _MAX_REMEMBERED_MESSAGES:
            return False
        self._told.add(message)
        return True
