"""Code like the code around the cursor, by BM25; what it uses may be needed here as well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sc2_lsp.domain import Snippet
from sc2_lsp.ports import CodeIndex
from sc2_lsp.retrieval.candidate import Candidate
from sc2_lsp.retrieval.lookup import Lookup
from sc2_lsp.retrieval.scene import Scene, may_be_defined, names_in
from sc2_lsp.syntax import identifiers
from sc2_lsp.text import Text

_LINES_BEFORE, _LINES_AFTER = 16, 8
_MAX_WORDS = 24
_MAX_MATCHES = 8
_MAX_OWN = 8
_MAX_LINES = 16
_MAX_LINE_CHARS = 240
_MAX_SHOWN = 4
_MAX_NAMES = 96
_SOURCE = "similar"

_SCORE = 0.35
# More than a chance: lines like these lower the loss of the next line more than the definitions do
# that would stand in their place (hidden lines of five packages, the bundled model).
_SHOWN_SCORE = 1.2
_AMBIGUITY_POWER = 1.5


# What a piece gives a value to itself, keyword arguments included.
_ASSIGNED = re.compile(r"(?<![\w.])([^\W\d]\w*)[ \t]*(?::[^=\n]{1,40})?:?=(?!=)")


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines of another file that are like those around the cursor, `likeness` from 0 to 1."""

    path: str
    start_line: int
    lines: list[str]
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
            lines = _lines_of(content, match.start_line, match.end_line)
            pieces.append(Piece(match.path, match.start_line, lines, match.score / best))
    return pieces


def find(scene: Scene, pieces: list[Piece], lookup: Lookup) -> Iterator[Candidate]:
    """Definitions of the names that similar code uses."""
    weights: dict[str, float] = {}
    members: set[str] = set()
    for piece in pieces:
        used = {name for line in piece.lines for name in names_in(line)}
        used -= {(name, "") for name in _ASSIGNED.findall("\n".join(piece.lines))}
        members.update(name for name, receiver in used if receiver)
        for name in {name for name, _ in used}:
            weights[name] = weights.get(name, 0.0) + piece.likeness
    own = {definition.name for definition in scene.outline.definitions}
    names = [name for name in weights if name not in own and may_be_defined(name)]
    names.sort(key=lambda name: (-weights[name], name))
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
        first, lines = _closest(piece.lines, words)
        if any(map(str.strip, lines)) and max(map(len, lines)) <= _MAX_LINE_CHARS:
            yield Snippet(
                path=piece.path,
                start_line=piece.start_line + first,
                text="\n".join(lines).rstrip() + "\n",
                source=_SOURCE,
                reason="similar code",
                score=_SHOWN_SCORE * piece.likeness,
            )


def _closest(lines: list[str], words: Mapping[str, float]) -> tuple[int, list[str]]:
    """The run of at most so many lines that shares most words, and its first line's index."""
    shared = [sum(words.get(word, 0.0) for word in set(identifiers(line))) for line in lines]
    starts = range(max(len(lines) - _MAX_LINES, 0) + 1)
    first = max(starts, key=lambda start: (sum(shared[start : start + _MAX_LINES]), -start))
    return first, lines[first : first + _MAX_LINES]


def _words_around(scene: Scene) -> list[str]:
    """The identifiers of the lines around the cursor, the nearest first, each once."""
    text, line = scene.snapshot.text, scene.line
    last = min(line + _LINES_AFTER, text.n_lines - 1)
    numbers = range(max(line - _LINES_BEFORE, 0), last + 1)
    nearest = sorted(numbers, key=lambda number: abs(number - line))
    words = (word for number in nearest for word in identifiers(text.line(number)))
    return list(dict.fromkeys(words))


def _lines_of(content: str, first: int, last: int) -> list[str]:
    if "\r" not in content:
        return content.split("\n")[first : last + 1]
    text = Text.of(content)
    return [text.line(number) for number in range(first, min(last, text.n_lines - 1) + 1)]
