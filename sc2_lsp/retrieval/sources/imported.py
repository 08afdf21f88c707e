"""What the current file imports from the repository, whether it is used yet or not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sc2_lsp.retrieval.candidate import Candidate
from sc2_lsp.retrieval.lookup import Lookup
from sc2_lsp.retrieval.modules import Place, place_of
from sc2_lsp.retrieval.scene import Scene
from sc2_lsp.symbols import Import, Located

_MAX_ENDS = 128
_MAX_PATHS = 512
_MAX_MODULES = 12
_SOURCE = "imported"

_UNUSED, _OUT_OF_REACH = 0.35, 0.04
_USED_FAR, _USED_NEAR = 0.05, 0.45
_ELSEWHERE = 0.7
_ANY_OF_MODULE, _MANY = 0.6, 4
_STAR_NEARNESS = 0.3


def find(scene: Scene, lookup: Lookup) -> Iterator[Candidate]:
    """Definitions of imported names, and what stands at the top of imported modules."""
    if scene.language is None:
        return
    imports = [
        (found, place_of(found, scene.path, scene.language.name)) for found in scene.outline.imports
    ]
    ends = list(dict.fromkeys(file for _, place in imports for file in place.files))[:_MAX_ENDS]
    known = _by_end(lookup.index.paths_ending(ends, _MAX_PATHS)) if ends else {}
    by_name = _by_name(imports, lookup)
    modules: dict[str, str] = {}
    for found, place in imports:
        alias = found.alias or found.name
        here = [path for file in place.files for path in known.get(file, ())]
        exact = [at for at in by_name.get(found.name, ()) if place.holds(at.path)]
        near = exact or (by_name.get(found.name, []) if here else [])
        for located in _closest(near, here, scene):
            yield _named(scene, located, alias, is_exact=bool(exact))
        if not near:
            modules |= dict.fromkeys(here[:1], alias)
    for path, alias in list(modules.items())[:_MAX_MODULES]:
        yield from _of_module(scene, lookup, path, alias)


def _by_end(paths: list[str]) -> dict[str, list[str]]:
    """Paths by each of their ends that begins behind a slash."""
    by_end: dict[str, list[str]] = {}
    for path in dict.fromkeys(paths):
        at = -1
        while True:
            by_end.setdefault(path[at + 1 :], []).append(path)
            at = path.find("/", at + 1)
            if at < 0:
                break
    return by_end


def _by_name(imports: list[tuple[Import, Place]], lookup: Lookup) -> dict[str, list[Located]]:
    names = {found.name for found, _ in imports if found.name not in ("", "*")}
    return {
        name: [located for located in found if not located.definition.container]
        for name, found in lookup.definitions(names).items()
    }


def _closest(found: list[Located], modules: list[str], scene: Scene) -> list[Located]:
    """The definitions most likely meant: those that share most folders with the module."""
    others = [located for located in found if located.path != scene.path]
    if not others:
        return []
    at = modules[0] if modules else scene.path
    best = max(_shared(at, located.path) for located in others)
    return [located for located in others if _shared(at, located.path) == best][:2]


def _shared(one: str, other: str) -> int:
    n = 0
    for a, b in zip(one.split("/"), other.split("/"), strict=False):
        if a != b:
            break
        n += 1
    return n


def _named(scene: Scene, located: Located, alias: str, *, is_exact: bool) -> Candidate:
    sure = 1.0 if is_exact else _ELSEWHERE
    use = scene.uses.get(alias)
    if use is None and not _stands_twice(alias, scene.snapshot.text.content):
        return Candidate(located, _UNUSED * sure, _SOURCE, f"{alias} is imported, not used yet")
    if use is None:
        return Candidate(located, _OUT_OF_REACH * sure, _SOURCE, f"{alias} is imported")
    score = _USED_FAR + _USED_NEAR * use.nearness
    return Candidate(located, score * sure, _SOURCE, f"{alias} is imported")


def _stands_twice(name: str, content: str) -> bool:
    found = re.finditer(rf"\b{re.escape(name)}\b", content)
    return next(found, None) is not None and next(found, None) is not None


def _of_module(scene: Scene, lookup: Lookup, path: str, alias: str) -> Iterator[Candidate]:
    """Top definitions of a module that is imported as a whole."""
    top = [at for at in lookup.index.outline_of(path) if not at.definition.container]
    is_star = alias == "*"
    for located in top:
        name = located.definition.name
        use = scene.uses.get(name)
        if use is not None and (is_star or any(alias in r for r in use.receivers)):
            score = _USED_FAR + _USED_NEAR * use.nearness
            yield Candidate(located, score, _SOURCE, f"{name} of {alias or path} is used")
        elif not name.startswith("_"):
            nearness = _STAR_NEARNESS if is_star else scene.nearness(alias)
            score = _ANY_OF_MODULE * nearness / (len(top) + _MANY)
            yield Candidate(located, score, _SOURCE, f"{alias or path} is imported")
