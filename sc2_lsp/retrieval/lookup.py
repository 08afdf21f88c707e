"""One gathering's questions to an index, each name asked for once."""

from __future__ import annotations

from collections.abc import Iterable

from sc2_lsp.ports import CodeIndex
from sc2_lsp.symbols import Located

PER_NAME = 4
# As many names as an index answers at once.
_AT_ONCE = 128


class Lookup:
    """Remembers what `index` knows of a name, for as long as one gathering takes."""

    def __init__(self, index: CodeIndex) -> None:
        self.index = index
        self._known: dict[str, list[Located]] = {}
        self._tops: dict[str, list[Located]] = {}

    def definitions(self, names: Iterable[str]) -> dict[str, list[Located]]:
        """Up to `PER_NAME` definitions of each name that has any, in the order of the names."""
        wanted = list(dict.fromkeys(names))
        unknown = [name for name in wanted if name not in self._known]
        for first in range(0, len(unknown), _AT_ONCE):
            some = unknown[first : first + _AT_ONCE]
            self._known.update((name, []) for name in some)
            for located in self.index.definitions(some, PER_NAME):
                self._known[located.definition.name].append(located)
        return {name: self._known[name] for name in wanted if self._known[name]}

    def top_of(self, path: str) -> list[Located]:
        """The definitions of a file that stand in no other one."""
        if path not in self._tops:
            outline = self.index.outline_of(path)
            self._tops[path] = [at for at in outline if not at.definition.container]
        return self._tops[path]
