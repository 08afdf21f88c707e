"""Code like the code around the cursor, by BM25; what it uses may be needed here as well."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sc2_lsp.domain import Snippet
from sc2_lsp.ports import CodeIndex
from sc2_lsp.retrieval.candidate import Candidate
from sc2_lsp.retrieval.scene import Scene
from sc2_lsp.symbols import Match
from sc2_lsp.syntax import identifiers

_LINES_BEFORE, _LINES_AFTER = 16, 8
_MAX_WORDS = 48
_MAX_MATCHES = 12
_MAX_LINES = 24
_MAX_NAMES = 150
_PER_NAME = 6
_SOURCE = "similar"

_NAME = re.compile(r"[^\W\d]\w{2,}")


def find(scene: Scene, matches: list[Match], index: CodeIndex) -> Iterator[Candidate]:
    """Definitions of the names that similar code uses."""
    weights: dict[str, float] = {}
    best = max((match.score for match in matches), default=0.0)
    for match in matches:
        content = index.read(match.path)
        if content is None:
            continue
        lines = content.splitlines()[match.start_line : match.end_line + 1]
        weight = match.score / best if best else 0.0
        for name in set(_NAME.findall("\n".join(lines))):
            weights[name] = weights.get(name, 0.0) + weight
    own = {definition.name for definition in scene.outline.definitions}
    names = sorted(set(weights) - own, key=lambda name: -weights[name])[:_MAX_NAMES]
    found = index.definitions(names, _PER_NAME)
    n_of: dict[str, int] = {}
    for located in found:
        name = located.definition.name
        n_of[name] = n_of.get(name, 0) + 1
    total = sum(match.score / best for match in matches) if best else 1.0
    for located in found:
        name = located.definition.name
        if located.path != scene.path:
            score = 0.25 * weights[name] / total / n_of[name] ** 1.5
            yield Candidate(located, score, _SOURCE, f"similar code uses {name}")


def matches_of(scene: Scene, index: CodeIndex) -> list[Match]:
    """The pieces of other files that are most like the lines around the cursor."""
    words = words_around(scene, _LINES_BEFORE, _LINES_AFTER)
    found = index.search(words[:_MAX_WORDS], _MAX_MATCHES + 8) if words else []
    return [match for match in found if match.path != scene.path][:_MAX_MATCHES]


def snippets(scene: Scene, matches: list[Match], index: CodeIndex) -> Iterator[Snippet]:
    """The most similar pieces as they are."""
    return iter(())


def words_around(scene: Scene, n_before: int, n_after: int) -> list[str]:
    """The identifiers of the lines around the cursor, the nearest first, each once."""
    text, line = scene.snapshot.text, scene.line
    numbers = range(max(line - n_before, 0), min(line + n_after, text.n_lines - 1) + 1)
    nearest = sorted(numbers, key=lambda number: abs(number - line))
    return list(dict.fromkeys(w for number in nearest for w in identifiers(text.line(number))))
