"""The file that a test is of, and the test of the file that is being written, by their names."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from sc2_lsp.domain import Snippet
from sc2_lsp.ports import CodeIndex
from sc2_lsp.retrieval.candidate import Candidate
from sc2_lsp.retrieval.scene import Scene
from sc2_lsp.secrets import lead_of
from sc2_lsp.symbols import Definition, Kind, Located

_SOURCE = "tests"
_MAX_FILES = 4
_MAX_LINES = 24
_MAX_LINE_CHARS = 240
_TESTED, _MANY = 0.6, 4
_USED_FAR, _USED_NEAR = 0.05, 0.3
_SHOWN_SCORE = 0.12

_TEST = re.compile(
    r"(?:test_(?P<a>.+)|(?P<b>.+)(?:_test|_spec|[.-]test|[.-]spec|Tests|Test|Spec|IT)|Test(?P<c>[A-Z].*))"
)
_CALLABLE = (Kind.FUNCTION, Kind.METHOD)


def find(scene: Scene, index: CodeIndex) -> Iterator[Candidate]:
    """In a test, what the tested file defines."""
    stem, extension = posixpath.splitext(posixpath.basename(scene.path))
    tested = _tested(stem)
    if not tested:
        return
    for path in _closest(index.paths_ending([tested + extension], _MAX_FILES), scene.path):
        top = [at for at in index.outline_of(path) if _is_seen(at.definition)]
        for located in top:
            name = located.definition.name
            use = scene.uses.get(name)
            score = _TESTED / (len(top) + _MANY)
            if use is not None:
                score = max(score, _USED_FAR + _USED_NEAR * use.nearness)
            yield Candidate(located, score, _SOURCE, f"{name} is tested here")


def snippets(scene: Scene, index: CodeIndex) -> Iterator[Snippet]:
    """The test that calls the function around the cursor."""
    function = scene.function
    stem, extension = posixpath.splitext(posixpath.basename(scene.path))
    if function is None or _tested(stem):
        return
    names = [f"{form.format(stem=stem)}{extension}" for form in _FORMS]
    for path in _closest(index.paths_ending(names, _MAX_FILES), scene.path):
        content = index.read(path)
        if content is None:
            continue
        lines = content.split("\n")
        for located in index.outline_of(path):
            if snippet := _calling(located, lines, function):
                yield snippet
                return


_FORMS = ("test_{stem}", "{stem}_test", "{stem}.test", "{stem}.spec", "{stem}Test", "{stem}Tests")


def _tested(stem: str) -> str:
    match = _TEST.fullmatch(stem)
    return (match["a"] or match["b"] or match["c"] or "") if match else ""


def _closest(paths: list[str], path: str) -> list[str]:
    """The one path that shares most folders with `path`."""
    ours = set(posixpath.dirname(path).split("/"))
    others = sorted(other for other in paths if other != path)
    others.sort(key=lambda other: -len(ours & set(posixpath.dirname(other).split("/"))))
    return others[:1]


def _is_seen(definition: Definition) -> bool:
    """Whether a test is likely to use it."""
    return definition.kind is not Kind.FIELD and not definition.name.startswith("_")


def _calling(located: Located, lines: list[str], function: Definition) -> Snippet | None:
    definition = located.definition
    if definition.kind not in _CALLABLE:
        return None
    shown = lines[definition.start_line : definition.end_line + 1][:_MAX_LINES]
    if not any(function.name in line for line in shown) or max(map(len, shown)) > _MAX_LINE_CHARS:
        return None
    text = "\n".join(line.rstrip("\r") for line in shown) + "\n"
    reason = f"tests {function.name}"
    first = definition.start_line
    leads = ((first, lead_of(lines, first)),)
    return Snippet(located.path, first, text, _SOURCE, reason, _SHOWN_SCORE, leads=leads)
