"""What the current file imports from the repository, whether it is used yet or not."""

from __future__ import annotations

from collections.abc import Iterator

from sc2_lsp.retrieval.candidate import Candidate
from sc2_lsp.retrieval.lookup import PER_NAME, Lookup
from sc2_lsp.retrieval.modules import Place, place_of
from sc2_lsp.retrieval.scene import Scene
from sc2_lsp.symbols import Import, Located
from sc2_lsp.text import is_word_char

_MAX_ENDS = 128
_MAX_PATHS = 512
_MAX_MEANT = 2
_MAX_MODULES = 12
_SOURCE = "imported"

_UNUSED, _OUT_OF_REACH = 0.35, 0.04
_USED_FAR, _USED_NEAR = 0.05, 0.45
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
    lookup.definitions(found.name for found in scene.outline.imports)
    modules: dict[str, str] = {}
    for found, place in imports:
        here = [path for file in place.files for path in known.get(file, ())]
        named = _meant(found, place, here, scene, lookup)
        for located in named:
            yield _named(scene, located, found.alias or found.name)
        if not named:
            modules |= dict.fromkeys(here[:1], found.alias or found.name)
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


def _meant(
    found: Import, place: Place, modules: list[str], scene: Scene, lookup: Lookup
) -> list[Located]:
    """The definitions that an import names: of its module, or of one near it that hands it on."""
    if found.name in ("", "*") or not (modules or place.folders):
        return []
    all_named = lookup.definitions([found.name]).get(found.name, [])
    named = [at for at in all_named if not at.definition.container and at.path != scene.path]
    if inside := [at for at in named if at.path in modules]:
        return inside[:_MAX_MEANT]
    if len(all_named) >= PER_NAME:
        # There are more of that name than the index tells of.
        for path in modules:
            if inside := [at for at in lookup.top_of(path) if at.definition.name == found.name]:
                return inside[:_MAX_MEANT]
    if not modules:
        named = [located for located in named if place.holds(located.path)]
    origin = modules[0] if modules else scene.path
    nearest = max((_shared(origin, at.path) for at in named), default=0)
    return [at for at in named if _shared(origin, at.path) == nearest][:_MAX_MEANT]


def _shared(one: str, other: str) -> int:
    n = 0
    for a, b in zip(one.split("/"), other.split("/"), strict=False):
        if a != b:
            break
        n += 1
    return n


def _named(scene: Scene, located: Located, alias: str) -> Candidate:
    use = scene.uses.get(alias)
    if use is None and not _stands_twice(alias, scene.snapshot.text.content):
        return Candidate(located, _UNUSED, _SOURCE, f"{alias} is imported, not used yet")
    if use is None:
        return Candidate(located, _OUT_OF_REACH, _SOURCE, f"{alias} is imported")
    score = _USED_FAR + _USED_NEAR * use.nearness
    return Candidate(located, score, _SOURCE, f"{alias} is imported")


def _stands_twice(name: str, content: str) -> bool:
    n_found, at = 0, content.find(name)
    while at >= 0 and n_found < 2:
        end = at + len(name)
        before = content[at - 1] if at else ""
        n_found += not (is_word_char(before) or is_word_char(content[end : end + 1]))
        at = content.find(name, end)
    return n_found == 2


def _of_module(scene: Scene, lookup: Lookup, path: str, alias: str) -> Iterator[Candidate]:
    """Top definitions of a module that is imported as a whole."""
    top = lookup.top_of(path)
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
