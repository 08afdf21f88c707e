"""What retrieval finds in a small repository, drawn as texts by their paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sc2_lsp.retrieval.candidate import Candidate
from sc2_lsp.retrieval.lookup import Lookup
from sc2_lsp.retrieval.scene import Scene, scene_of
from tests.support.memory_index import MemoryIndex
from tests.support.snapshots import CURSOR, snapshot

Find = Callable[[Scene, Lookup], Iterable[Candidate]]


def looked_at(files: Mapping[str, str]) -> tuple[Scene, Lookup]:
    """The scene at the cursor in the one file that has it, and a lookup of all of them."""
    (path,) = (path for path, content in files.items() if CURSOR in content)
    scene = scene_of(snapshot(files[path], path=path, language_id=""))
    plain = {path: content.replace(CURSOR, "") for path, content in files.items()}
    return scene, Lookup(MemoryIndex(plain))


def names_found(find: Find, files: Mapping[str, str]) -> list[str]:
    """`path:container.name` of what a source finds, the best first, each once."""
    scene, lookup = looked_at(files)
    found = sorted(find(scene, lookup), key=lambda candidate: -candidate.score)
    assert all(0 < candidate.score <= 1 and candidate.reason for candidate in found)
    return list(dict.fromkeys(map(_name, found)))


def _name(candidate: Candidate) -> str:
    path, definition = candidate.located.path, candidate.located.definition
    return f"{path}:{'.'.join(filter(None, (definition.container, definition.name)))}"
