"""Where somebody was of late: lines of documents, whether these are open still or not.

Holds no text. The lines of a place move with edits above them for as long as its document is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

MAX_PLACES = 16
_NEAR_LINES = 16
_MOST_LINES = 48


@dataclass(frozen=True, slots=True)
class Place:
    """Lines of the document at `uri`, from zero, the last one included."""

    uri: str
    first_line: int
    last_line: int


class Places:
    """Owns the last few places, the latest one last."""

    def __init__(self) -> None:
        self._places: list[Place] = []

    def __iter__(self) -> Iterator[Place]:
        return iter(self._places)

    def visit(self, uri: str, line: int) -> None:
        """Somebody is at this line; lines near a place belong to it while that is small."""
        place = Place(uri, line, line)
        for number, other in enumerate(self._places):
            if other.uri == uri and (both := _as_one(other, line)) is not None:
                place = both
                del self._places[number]
                break
        self._places.append(place)
        del self._places[:-MAX_PLACES]

    def move(self, uri: str, below: int, n_lines: int) -> None:
        """The lines of a document behind the line `below` stand `n_lines` further down now.

        With fewer lines than before, some up to that one are gone.
        """
        if n_lines:
            self._places = [
                _moved(place, below, n_lines) if place.uri == uri else place
                for place in self._places
            ]


def _as_one(place: Place, line: int) -> Place | None:
    """`place` with `line` in it, if they are near each other."""
    first, last = min(place.first_line, line), max(place.last_line, line)
    is_near = place.first_line - _NEAR_LINES <= line <= place.last_line + _NEAR_LINES
    is_small = last - first < _MOST_LINES
    return replace(place, first_line=first, last_line=last) if is_near and is_small else None


def _moved(place: Place, below: int, n_lines: int) -> Place:
    first, last = (
        line + n_lines if line > below else min(line, below + n_lines)
        for line in (place.first_line, place.last_line)
    )
    return replace(place, first_line=first, last_line=last)
