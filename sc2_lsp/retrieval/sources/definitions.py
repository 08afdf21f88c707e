"""Definitions of the names that are used around the cursor, and members of the types in scope."""

from __future__ import annotations

from collections.abc import Iterator

from sc2_lsp.retrieval.candidate import Candidate
from sc2_lsp.retrieval.lookup import Lookup
from sc2_lsp.retrieval.scene import Scene
from sc2_lsp.retrieval.types import members_in_scope
from sc2_lsp.retrieval.uses import Use, may_be_defined

_MAX_NAMES = 60
_SOURCE = "definitions"

_MEMBER_FAR, _MEMBER_NEAR = 0.1, 0.4
_MAKER = 0.2
_ANY_MEMBER, _MANY_MEMBERS = 0.8, 4
# What is less likely is never among those that are shown.
_LEAST = 0.005
_USED_FAR, _USED_NEAR = 0.05, 0.3
_AMBIGUITY_POWER = 1.5


def find(scene: Scene, lookup: Lookup) -> Iterator[Candidate]:
    """What is used near the cursor and defined in another file."""
    yield from _members(scene, lookup)
    yield from _used(scene, lookup)


def _members(scene: Scene, lookup: Lookup) -> Iterator[Candidate]:
    uses = scene.uses
    for members in members_in_scope(scene, lookup):
        by_chance = members.weight * _ANY_MEMBER / (len(members.found) + _MANY_MEMBERS)
        for located in members.found:
            definition = located.definition
            use = uses.get(definition.name)
            if use is not None and _fits(use, members.owners):
                score = members.weight * (_MEMBER_FAR + _MEMBER_NEAR * use.nearness)
                reason = f"{definition.container}.{definition.name} is used"
            elif definition.name == "__init__":
                score, reason = _MAKER * members.weight, f"makes a {definition.container}"
            elif by_chance < _LEAST or definition.name.startswith("__"):
                continue
            else:
                score, reason = by_chance, f"a {definition.container} is in scope"
            yield Candidate(located, score, _SOURCE, reason)


def _fits(use: Use, owners: frozenset[str]) -> bool:
    """Whether a name is used with one of `owners` before it, or with what nobody knows."""
    if "?" in use.receivers or use.receivers & owners:
        return True
    return any(receiver.rpartition(".")[2] in owners for receiver in use.receivers if receiver)


def _used(scene: Scene, lookup: Lookup) -> Iterator[Candidate]:
    """Names that are used, where few files define them."""
    known = {definition.name for definition in scene.outline.definitions}
    known |= {found.alias or found.name for found in scene.outline.imports}
    names = [name for name in scene.uses if name not in known and may_be_defined(name)]
    # They stand in the order of their nearness.
    for name, found in lookup.definitions(names[:_MAX_NAMES]).items():
        use = scene.uses[name]
        is_member = any(use.receivers)
        score = (_USED_FAR + _USED_NEAR * use.nearness) / len(found) ** _AMBIGUITY_POWER
        for located in found:
            if located.path != scene.path and bool(located.definition.container) <= is_member:
                yield Candidate(located, score, _SOURCE, f"{name} is used")
