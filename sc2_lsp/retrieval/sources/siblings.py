"""What files like this one import, and this one does not import yet."""

from __future__ import annotations

from collections.abc import Iterator

from sc2_lsp.ports import CodeIndex
from sc2_lsp.retrieval.candidate import Candidate
from sc2_lsp.retrieval.scene import Scene

_MAX_FILES = 16
_MAX_NAMES = 120
_PER_NAME = 6
_SOURCE = "siblings"

_SCORE = 0.15


def find(scene: Scene, paths: list[str], index: CodeIndex) -> Iterator[Candidate]:
    """Definitions that the files at `paths` import by name."""
    ours = {found.alias or found.name for found in scene.outline.imports}
    own = {definition.name for definition in scene.outline.definitions}
    weights: dict[str, float] = {}
    total = 0.0
    for path in list(dict.fromkeys(paths))[:_MAX_FILES]:
        theirs = {found.name for found in index.imports_of(path)} - {"", "*"}
        alike = (1 + len(theirs & ours)) / (4 + len(theirs | ours))
        total += alike
        for name in theirs - ours - own:
            weights[name] = weights.get(name, 0.0) + alike
    names = sorted(weights, key=lambda name: -weights[name])[:_MAX_NAMES]
    found = [
        located
        for located in index.definitions(names, _PER_NAME)
        if not located.definition.container and located.path != scene.path
    ]
    n_of: dict[str, int] = {}
    for located in found:
        n_of[located.definition.name] = n_of.get(located.definition.name, 0) + 1
    for located in found:
        name = located.definition.name
        score = _SCORE * weights[name] / total / n_of[name]
        yield Candidate(located, score, _SOURCE, f"similar files import {name}")
