"""The document around the cursor, as the filters look at it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BREAK = re.compile(r"\r\n|\n|\r")
_LAST_BREAK = re.compile(r"[\n\r](?=[^\n\r]*\Z)")


@dataclass(frozen=True, slots=True)
class Around:
    """The document's text before and after the cursor, or as much of it as the caller gives."""

    before: str
    after: str

    @property
    def typed(self) -> str:
        """The cursor's line up to the cursor."""
        match = _LAST_BREAK.search(self.before)
        return self.before[match.end() :] if match else self.before

    @property
    def rest(self) -> str:
        """The cursor's line from the cursor on, without its line break."""
        match = _BREAK.search(self.after)
        return self.after[: match.start()] if match else self.after

    def code_above(self) -> Iterator[str]:
        """The lines above the cursor's line that are not blank, the nearest first."""
        lines = _BREAK.split(self.before)[:-1]
        return (line for line in reversed(lines) if line.strip())

    def code_below(self) -> Iterator[str]:
        """The lines below the cursor's line that are not blank, the nearest first."""
        lines = _BREAK.split(self.after)[1:]
        return (line for line in lines if line.strip())
