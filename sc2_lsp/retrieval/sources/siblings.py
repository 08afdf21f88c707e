"""What files like this one import, and this one does not import yet."""

from __future__ import annotations

from collections.abc import Iterator

from sc2_lsp.retrieval.candidate import Candidate
from sc2_lsp.retrieval.lookup import Lookup
from sc2_lsp.retrieval.scene import Scene

_MAX_FILES = 16
_MAX_NAMES = 64
_SOURCE = "siblings"

_SCORE = 0.15


def find(scene: Scene, paths: list[str], lookup: Lookup) -> Iterator[Candidate]:
    """Definitions that the files at `paths` import by name."""
    ours = {found.alias or found.name for found in scene.outline.imports}
    own = {definition.name for definition in scene.outline.definitions}
    weights: dict[str, float] = {}
    total = 0.0
    for path in list(dict.fromkeys(paths))[:_MAX_FILES]:
        theirs = {found.name for found in lookup.index.imports_of(path)} - {"", "*"}
        alike = (1 + len(theirs & ours)) / (4 + len(theirs | ours))
        total += alike
        for name in theirs - ours - own:
            weights[name] = weights.get(name, 0.0) + alike
    names = sorted(weights, key=lambda name: (-weights[name], name))[:_MAX_NAMES]
    for name, found in lookup.definitions(names).items():
        top = [located for located in found if not located.definition.container]
        for located in top:
            if located.path != scene.path:
                score = _SCORE * weights[name] / total / len(top)
                yield Candidate(located, score, _SOURCE, f"similar files import {name}")
