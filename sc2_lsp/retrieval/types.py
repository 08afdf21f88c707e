"""Which types of the repository are in scope at the cursor, and where they are defined.

What the file tells is followed: annotations, constructors, what a called function returns, the
bases of the class around, and the fields of types found that way, one step further.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from sc2_lsp.retrieval.lookup import Lookup
from sc2_lsp.retrieval.scene import Scene
from sc2_lsp.symbols import Kind, Located

_MAX_TYPES = 24
_MAX_MEMBERS = 200
_REMEMBERED_TYPES = 4096

_WORD = re.compile(r"[^\W\d]\w*")
_STANDARD_NAMES = """
    Any Awaitable Callable ClassVar Dict Final Generic Iterable Iterator List Literal Mapping
    None NoReturn Optional Protocol Self Sequence Set Tuple Type TypeVar Union bool bytes dict
    float frozenset int list object set str tuple type char void auto const unsigned long short
    double string number boolean undefined null never unknown any Promise Array Map Record
    String Int Integer Boolean Object Option Result Vec Box Rc Arc Ok Err Some super self cls
    this typing collections abc error byte
"""
_STANDARD = frozenset(_STANDARD_NAMES.split())


@dataclass(frozen=True, slots=True)
class Members:
    """The members of a type in scope. `weight` says how likely the type is used; `owners` are the
    expressions that hold a value of it."""

    found: list[Located]
    weight: float
    owners: frozenset[str]


def members_in_scope(scene: Scene, lookup: Lookup) -> list[Members]:
    """The members of each type in scope, and of their bases."""
    seen: dict[str, tuple[float, frozenset[str]]] = {}
    found: list[Members] = []
    fresh = _told_by_file(scene, lookup)
    for _ in range(3):
        fresh = {name: told for name, told in fresh.items() if name not in seen}
        if not fresh:
            break
        best = sorted(fresh, key=lambda name: -fresh[name][0])[:_MAX_TYPES]
        fresh = {name: fresh[name] for name in best}
        seen |= fresh
        members = _members(fresh, scene, lookup)
        found += members
        fresh = _further(fresh, members, scene, lookup)
    return found


@lru_cache(_REMEMBERED_TYPES)
def types_in(text: str) -> tuple[str, ...]:
    """The names in a type's text that a repository may define."""
    return tuple(word for word in _WORD.findall(text) if word not in _STANDARD)


Told = dict[str, tuple[float, frozenset[str]]]


def _told_by_file(scene: Scene, lookup: Lookup) -> Told:
    told: Told = {}
    for depth, around in enumerate(scene.classes):
        for base in around.bases:
            for name in types_in(base)[-1:]:
                _tell(told, name, 0.9 / (1 + depth), ("self", "this", "super", "cls", "super()"))
    for binding in scene.outline.bindings:
        last = binding.name.rpartition(".")[2].lstrip("$@")
        weight = scene.nearness(last)
        for name in types_in(binding.type_name):
            _tell(told, name, weight, (binding.name, last))
    called = {callee.rpartition(".")[2]: variable for variable, callee in scene.calls.items()}
    functions = lookup.definitions(called)
    for located in chain.from_iterable(functions.values()):
        variable = called[located.definition.name]
        last = variable.rpartition(".")[2]
        weight = scene.nearness(last)
        names = (
            [located.definition.name]
            if located.definition.kind is Kind.CLASS
            else types_in(located.definition.type_name)
        )
        for name in names:
            _tell(told, name, weight, (variable, last))
    for found in scene.outline.imports:
        name = found.alias or found.name
        if name and name in scene.uses:
            _tell(told, found.name or name, 0.6 * scene.nearness(name), (name,))
    for definition in scene.outline.definitions:
        if definition.type_name and definition.name in scene.uses:
            for name in types_in(definition.type_name):
                owners = (definition.name, f"self.{definition.name}")
                _tell(told, name, 0.8 * scene.nearness(definition.name), owners)
    return told


def _tell(told: Told, name: str, weight: float, owners: Iterable[str]) -> None:
    nothing: tuple[float, frozenset[str]] = (0.0, frozenset())
    old_weight, old_owners = told.get(name, nothing)
    told[name] = (max(weight, old_weight), old_owners | frozenset(owners))


def _members(types: Told, scene: Scene, lookup: Lookup) -> list[Members]:
    by_owner: dict[str, list[Located]] = {}
    by_container: dict[str, list[Located]] = {}
    path = scene.path
    for located in lookup.index.members(list(types), _MAX_MEMBERS):
        if located.path != path:
            container = located.definition.container
            some = by_container.get(container)
            if some is None:
                owner = container.rpartition(".")[2]
                some = by_container[container] = by_owner.setdefault(owner, [])
            some.append(located)
    return [Members(found, *types[owner]) for owner, found in by_owner.items() if owner in types]


def _further(types: Told, members: list[Members], scene: Scene, lookup: Lookup) -> Told:
    """The bases of `types`, and the types of members that the file uses."""
    told: Told = {}
    for located in chain.from_iterable(lookup.definitions(types).values()):
        weight, owners = types[located.definition.name]
        for base in located.definition.bases:
            for name in types_in(base)[-1:]:
                _tell(told, name, 0.8 * weight, owners)
    uses = scene.uses
    for located in chain.from_iterable(one.found for one in members):
        definition = located.definition
        if definition.type_name and (use := uses.get(definition.name)) is not None:
            for name in types_in(definition.type_name):
                fields = (definition.name, f"self.{definition.name}")
                _tell(told, name, 0.8 * use.nearness, fields)
    return told
