"""Definitions of the names that are used around the cursor, and members of the types in scope."""

from __future__ import annotations

from collections.abc import Iterator

from sc2_lsp.ports import CodeIndex
from sc2_lsp.retrieval.candidate import Candidate
from sc2_lsp.retrieval.scene import Scene, Use
from sc2_lsp.retrieval.types import members_in_scope
from sc2_lsp.symbols import Located

_MAX_NAMES = 150
_PER_NAME = 8
_SHORTEST_NAME = 3
_SOURCE = "definitions"

# Scores of the development repositories' benchmark: far from the cursor, and how much more near it.
_MEMBER_FAR, _MEMBER_NEAR = 0.1, 0.4
_MAKER = 0.2
_ANY_MEMBER, _MANY_MEMBERS = 0.8, 4
_USED_FAR, _USED_NEAR = 0.05, 0.3
_AMBIGUITY_POWER = 1.5


def find(scene: Scene, index: CodeIndex) -> Iterator[Candidate]:
    """What is used near the cursor and defined in another file."""
    yield from _members(scene, index)
    yield from _used(scene, index)


def _members(scene: Scene, index: CodeIndex) -> Iterator[Candidate]:
    for member in members_in_scope(scene, index):
        definition = member.located.definition
        use = scene.uses.get(definition.name)
        if use is not None and _fits(use, member.owners):
            score = member.weight * (_MEMBER_FAR + _MEMBER_NEAR * use.nearness)
            reason = f"{definition.container}.{definition.name} is used"
        elif definition.name == "__init__":
            score, reason = _MAKER * member.weight, f"makes a {definition.container}"
        elif definition.name.startswith("__"):
            continue
        else:
            score = member.weight * _ANY_MEMBER / (member.reach + _MANY_MEMBERS)
            reason = f"a {definition.container} is in scope"
        yield Candidate(member.located, score, _SOURCE, reason)


def _fits(use: Use, owners: frozenset[str]) -> bool:
    lasts = {receiver.rpartition(".")[2] for receiver in use.receivers if receiver}
    return bool(lasts & owners) or "?" in use.receivers or bool(use.receivers & owners)


def _used(scene: Scene, index: CodeIndex) -> Iterator[Candidate]:
    """Names that are used, where few files define them."""
    own = {definition.name for definition in scene.outline.definitions}
    imported = {found.alias or found.name for found in scene.outline.imports}
    uses = [
        use
        for use in scene.uses.values()
        if len(use.name) >= _SHORTEST_NAME and use.name not in own and use.name not in imported
    ]
    uses.sort(key=lambda use: -use.nearness)
    names = [use.name for use in uses[:_MAX_NAMES]]
    by_name: dict[str, list[Located]] = {}
    for located in index.definitions(names, _PER_NAME):
        by_name.setdefault(located.definition.name, []).append(located)
    for name, found in by_name.items():
        use = scene.uses[name]
        is_member = any(use.receivers)
        fitting = [
            located
            for located in found
            if located.path != scene.path and bool(located.definition.container) <= is_member
        ]
        for located in fitting:
            score = (_USED_FAR + _USED_NEAR * use.nearness) / len(found) ** _AMBIGUITY_POWER
            yield Candidate(located, score, _SOURCE, f"{name} is used")
