"""Which names the lines around the cursor use, and how near. Reads text alone, by words.

From one key to the next all lines but one are the same, and so is what was read in them: lines are
remembered, and so are the last cursors' surroundings as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import msgspec

from sc2_lsp.syntax import identifiers, is_searched
from sc2_lsp.text import Text

# Beyond that many lines from the cursor a file is too large for its words to be looked at.
REACH_LINES = 300
# At that many lines from the cursor a use counts less than half.
_NEAR_LINES = 12.0
_SHORTEST_NAME = 3
_REMEMBERED_NAMES = 16_384
_REMEMBERED_LINES = 8192
_REMEMBERED_SURROUNDINGS = 8

_CHAIN = re.compile(r"(\.|->|::|\?\.)?([^\W\d]\w*(?:(?:\.|->|::|\?\.)[^\W\d]\w*)*)")
_CONNECTOR = re.compile(r"\.|->|::|\?\.")
_ASSIGNED_CALL = re.compile(
    r"^[ \t]*(?:(?:const|let|var|val|auto|local|my)[ \t]+)?([^\W\d][\w.]*)[ \t]*(?::[^=\n]+)?:?="
    r"[ \t]*(?:await[ \t]+|new[ \t]+)?([^\W\d][\w.:]*)\(",
    re.MULTILINE,
)


class Use(msgspec.Struct, frozen=True, gc=False):
    """How the current file uses a name.

    `nearness` is 1 at the cursor and falls with the distance of the nearest use. `receivers` stand
    before it, `?` for an expression and empty where it stands alone.
    """

    name: str
    nearness: float
    receivers: frozenset[str]


def uses_around(text: Text, line: int, lines_of_imports: set[int]) -> dict[str, Use]:
    """Every name that is used within reach of `line`, the nearest first.

    Lines of imports do not use what they name.
    """
    starts, content = (*text.line_starts, len(text.content)), text.content
    first = max(line - REACH_LINES, 0)
    end = min(line + REACH_LINES, text.n_lines - 1) + 1
    found: dict[str, Use] = {}
    if line not in lines_of_imports:
        found = _uses([names_in(content[starts[line] : starts[line + 1]])], [0])
    beside = _uses_beside(
        content[starts[first] : starts[line]],
        content[starts[line + 1] : starts[end]],
        tuple(sorted(at - line for at in lines_of_imports if first <= at < end and at != line)),
    )
    both = found.keys() & beside.keys()
    uses = {**found, **beside}
    for name in both:
        uses[name] = Use(name, found[name].nearness, found[name].receivers | beside[name].receivers)
    return uses


@lru_cache(_REMEMBERED_LINES)
def names_in(line: str) -> tuple[tuple[str, str], ...]:
    """The words of a line and what stands before their dots: `?` for an expression; each once."""
    names: list[tuple[str, str]] = []
    for found in dict.fromkeys(_CHAIN.findall(line)):
        names += _links(*found)
    return tuple(dict.fromkeys(names))


@lru_cache(_REMEMBERED_NAMES)
def _links(connector: str, chained: str) -> tuple[tuple[str, str], ...]:
    """The words of names with dots between them, and what stands before each."""
    receiver = "?" if connector else ""
    names = []
    for name in _CONNECTOR.split(chained):
        names.append((name, receiver))
        receiver = f"{receiver}.{name}" if receiver else name
    return tuple(names)


@lru_cache(_REMEMBERED_LINES)
def words_in(line: str) -> tuple[str, ...]:
    """The identifiers of a line and their parts, each once."""
    return tuple(dict.fromkeys(identifiers(line)))


@lru_cache(_REMEMBERED_NAMES)
def may_be_defined(name: str) -> bool:
    """Whether it is worth to ask for a definition: neither a keyword nor a letter or two."""
    return len(name) >= _SHORTEST_NAME and is_searched(name)


def near(n_lines: int) -> float:
    """1 at the cursor, falling with the distance in lines, never 0."""
    return 1.0 / (1.0 + abs(n_lines) / _NEAR_LINES)


def calls_before(text: Text, char_offset: int) -> dict[str, str]:
    """By variable what is called to make it, the call nearest before the cursor."""
    line = text.line_at(char_offset)
    starts, content = text.line_starts, text.content
    calls: dict[str, str] = {}
    for number in range(max(line - REACH_LINES, 0), line):
        if found := _calls_in(content[starts[number] : starts[number + 1]]):
            calls |= found
    return calls | _calls_in(content[starts[line] : char_offset])


_NEARNESS = tuple(map(near, range(REACH_LINES + 1)))


@lru_cache(_REMEMBERED_LINES)
def _calls_in(line: str) -> dict[str, str]:
    return dict(_ASSIGNED_CALL.findall(line)) if "(" in line else {}


@lru_cache(_REMEMBERED_SURROUNDINGS)
def _uses_beside(before: str, after: str, left_out: tuple[int, ...]) -> dict[str, Use]:
    """The uses in the lines before and behind the cursor's own. Not to be changed.

    `left_out` are lines that use nothing, by their distances from it.
    """
    above, below = _lines(before), _lines(after)
    names: list[Sequence[tuple[str, str]]] = []
    distances: list[int] = []
    for distance in range(1, max(len(above), len(below)) + 1):
        if distance <= len(above) and -distance not in left_out:
            names.append(names_in(above[-distance]))
            distances.append(distance)
        if distance <= len(below) and distance not in left_out:
            names.append(names_in(below[distance - 1]))
            distances.append(distance)
    return _uses(names, distances)


def _uses(names: Sequence[Sequence[tuple[str, str]]], distances: Sequence[int]) -> dict[str, Use]:
    """The uses in lines at these distances, which do not fall."""
    found: dict[str, tuple[int, frozenset[str]]] = {}
    for line, distance in zip(names, distances, strict=True):
        for name, receiver in line:
            old = found.get(name)
            if old is None:
                found[name] = distance, _only(receiver)
            elif receiver not in old[1]:
                found[name] = old[0], old[1] | {receiver}
    return {name: Use(name, _NEARNESS[at], receivers) for name, (at, receivers) in found.items()}


@lru_cache(_REMEMBERED_NAMES)
def _only(receiver: str) -> frozenset[str]:
    return frozenset((receiver,))


def _lines(content: str) -> list[str]:
    """The lines with their breaks."""
    starts = (*Text.of(content).line_starts, len(content))
    lines = [content[start:end] for start, end in pairwise(starts)]
    # What ends with a line break has no further line here.
    return lines if lines[-1] else lines[:-1]
