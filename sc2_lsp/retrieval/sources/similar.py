"""Code like the code around the cursor, by BM25; what it uses may be needed here as well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from sc2_lsp.domain import Snippet
from sc2_lsp.ports import CodeIndex
from sc2_lsp.retrieval.candidate import Candidate
from sc2_lsp.retrieval.lookup import Lookup
from sc2_lsp.retrieval.scene import Scene
from sc2_lsp.retrieval.uses import may_be_defined, names_in, words_in
from sc2_lsp.secrets import lead_in, lead_of
from sc2_lsp.text import Text

_LINES_BEFORE, _LINES_AFTER = 16, 8
_MAX_WORDS = 24
_MAX_MATCHES = 8
_MAX_OWN = 8
_MAX_LINES = 16
_MAX_LINE_CHARS = 240
_MAX_SHOWN = 4
_MAX_NAMES = 96
_REMEMBERED_BODIES = 64
_SOURCE = "similar"

_SCORE = 0.35
# More than a chance: lines like these lower the loss of the next line more than the definitions do
# that would stand in their place (hidden lines of five packages, the bundled model).
_SHOWN_SCORE = 1.2
_AMBIGUITY_POWER = 1.5


# What a piece gives a value to itself, keyword arguments included.
_ASSIGNED = re.compile(r"(?<![\w.])([^\W\d]\w*)[ \t]*(?::[^=\n]{1,40})?:?=(?!=)")


class _Body(NamedTuple):
    """Lines of a file, and what they use that may be defined elsewhere.

    `before` is what the file has right before them. Of the `names` that stand in them, `members`
    stand behind a dot at least once.
    """

    lines: tuple[str, ...]
    before: str
    names: frozenset[str]
    members: frozenset[str]


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines of another file that are like those around the cursor, `likeness` from 0 to 1."""

    path: str
    start_line: int
    body: _Body
    likeness: float


def pieces_of(scene: Scene, index: CodeIndex) -> list[Piece]:
    """The pieces of other files that are most like the lines around the cursor."""
    words = _words_around(scene)[:_MAX_WORDS]
    matches = index.search(words, _MAX_MATCHES + _MAX_OWN) if words else []
    matches = [match for match in matches if match.path != scene.path][:_MAX_MATCHES]
    best = max((match.score for match in matches), default=0.0)
    pieces = []
    for match in matches:
        content = index.read(match.path)
        if content is not None and match.score > 0:
            body = _body(content, match.start_line, match.end_line)
            pieces.append(Piece(match.path, match.start_line, body, match.score / best))
    return pieces


def find(scene: Scene, pieces: list[Piece], lookup: Lookup) -> Iterator[Candidate]:
    """Definitions of the names that similar code uses."""
    weights: dict[str, float] = {}
    members: set[str] = set()
    for piece in pieces:
        members |= piece.body.members
        for name in piece.body.names:
            weights[name] = weights.get(name, 0.0) + piece.likeness
    own = {definition.name for definition in scene.outline.definitions}
    names = sorted(weights.keys() - own, key=lambda name: (-weights[name], name))
    total = sum(piece.likeness for piece in pieces)
    for name, found in lookup.definitions(names[:_MAX_NAMES]).items():
        score = _SCORE * weights[name] / total / len(found) ** _AMBIGUITY_POWER
        for located in found:
            is_member = bool(located.definition.container)
            if located.path != scene.path and is_member <= (name in members):
                yield Candidate(located, score, _SOURCE, f"similar code uses {name}")


def snippets(pieces: list[Piece], words: Mapping[str, float]) -> Iterator[Snippet]:
    """Of the most similar pieces the lines that are most like the code around the cursor.

    `words` are those of that code and how near they stand.
    """
    for piece in pieces[:_MAX_SHOWN]:
        first, lines = _closest(piece.body.lines, words)
        if any(map(str.strip, lines)) and max(map(len, lines)) <= _MAX_LINE_CHARS:
            yield Snippet(
                path=piece.path,
                start_line=piece.start_line + first,
                text="\n".join(lines).rstrip() + "\n",
                source=_SOURCE,
                reason="similar code",
                score=_SHOWN_SCORE * piece.likeness,
                leads=((piece.start_line + first, _lead_in(piece.body, first)),),
            )


def _lead_in(body: _Body, first: int) -> str:
    before = body.before + "".join(f"{line}\n" for line in body.lines[:first])
    return lead_in(before, len(before))


def _closest(lines: Sequence[str], words: Mapping[str, float]) -> tuple[int, Sequence[str]]:
    """The run of at most so many lines that shares most words, and its first line's index."""
    shared = [sum([words[word] for word in words_in(line) if word in words]) for line in lines]
    starts = range(max(len(lines) - _MAX_LINES, 0) + 1)
    first = max(starts, key=lambda start: (sum(shared[start : start + _MAX_LINES]), -start))
    return first, lines[first : first + _MAX_LINES]


def _words_around(scene: Scene) -> list[str]:
    """The identifiers of the lines around the cursor, the nearest first, each once."""
    text, line = scene.snapshot.text, scene.line
    last = min(line + _LINES_AFTER, text.n_lines - 1)
    numbers = range(max(line - _LINES_BEFORE, 0), last + 1)
    nearest = sorted(numbers, key=lambda number: abs(number - line))
    words = (word for number in nearest for word in words_in(text.line(number)))
    return list(dict.fromkeys(words))


@lru_cache(_REMEMBERED_BODIES)
def _body(content: str, first: int, last: int) -> _Body:
    """The lines from `first` to `last` of a file that has this text."""
    lines = _lines_of(content, first, last)
    whole = "\n".join(lines)
    used = set(names_in.__wrapped__(whole))
    assigning = "\n".join(line for line in lines if "=" in line)
    used -= {(name, "") for name in _ASSIGNED.findall(assigning)}
    return _Body(
        tuple(lines),
        _lead_of(content, first),
        frozenset(filter(may_be_defined, {name for name, _ in used})),
        frozenset(name for name, receiver in used if receiver),
    )


def _lead_of(content: str, first: int) -> str:
    if "\r" not in content:
        return lead_of(content.split("\n"), first)
    text = Text.of(content)
    return lead_in(content, text.line_start(min(first, text.n_lines - 1)))


def _lines_of(content: str, first: int, last: int) -> list[str]:
    if "\r" not in content:
        return content.split("\n")[first : last + 1]
    text = Text.of(content)
    return [text.line(number) for number in range(first, min(last, text.n_lines - 1) + 1)]
