"""Which other packages the project declares that it depends on, for where imports are written."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from sc2_lsp.domain import Snippet
from sc2_lsp.ports import CodeIndex
from sc2_lsp.retrieval.scene import Scene
from sc2_lsp.secrets import lead_of

_SOURCE = "project"
_MAX_CHARS = 200_000
_MAX_LINES = 24
_MAX_LINE_CHARS = 160
_AT_IMPORTS, _ELSEWHERE = 0.2, 0.02
_NEAR_LINES = 3

_MANIFESTS = {
    "python": ("pyproject.toml", "requirements.txt", "setup.cfg"),
    "javascript": ("package.json",),
    "go": ("go.mod",),
    "rust": ("Cargo.toml",),
    "php": ("composer.json",),
    "ruby": ("Gemfile",),
    "java": ("build.gradle", "build.gradle.kts"),
    "swift": ("Package.swift",),
}
_ALSO = {"typescript": "javascript", "tsx": "javascript", "vue": "javascript"} | {
    "svelte": "javascript",
    "kotlin": "java",
}
_BEGINS = re.compile(
    r"""\s*(?:"?(?:dependencies|devDependencies|peerDependencies|require|require-dev)"?\s*[:=({]"""
    r"""|\[(?:tool\.poetry\.)?dependencies\]|install_requires\s*=|require\s*\(|dependencies\s*\{)"""
)
_ENDS = re.compile(r"\s*[\])}]+,?\s*|\[.*\]\s*|")


def snippets(scene: Scene, index: CodeIndex) -> Iterator[Snippet]:
    """The lines of the nearest manifest that declare dependencies."""
    name = scene.language.name if scene.language else ""
    manifests = _MANIFESTS.get(_ALSO.get(name, name), ())
    if not manifests:
        return
    found = index.paths_ending(manifests, 4)
    above = [path for path in found if _is_above(path, scene.path)]
    if not above:
        return
    path = max(
        above, key=lambda path: (len(posixpath.dirname(path)), -manifests.index(_name(path)))
    )
    content = index.read(path)
    if content is None or len(content) > _MAX_CHARS:
        return
    first, lines = _declared(content, is_whole=_name(path) in ("requirements.txt", "Gemfile"))
    if lines:
        last_import = max((one.line for one in scene.outline.imports), default=0)
        is_near = scene.line <= last_import + _NEAR_LINES
        yield Snippet(
            path=path,
            start_line=first,
            text="\n".join(lines) + "\n",
            source=_SOURCE,
            reason="declared dependencies",
            score=_AT_IMPORTS if is_near else _ELSEWHERE,
            leads=((first, lead_of(content.split("\n"), first)),),
        )


def _name(path: str) -> str:
    return posixpath.basename(path)


def _is_above(path: str, other: str) -> bool:
    folder = posixpath.dirname(path)
    return not folder or other.startswith(f"{folder}/")


def _declared(content: str, *, is_whole: bool) -> tuple[int, list[str]]:
    """The first line of the declarations, and these up to the bracket that closes them."""
    lines = [line.rstrip("\r") for line in content.split("\n")]
    first = 0
    if not is_whole:
        starts = (number for number, line in enumerate(lines) if _BEGINS.match(line))
        first = next(starts, len(lines))
    kept: list[str] = []
    for line in lines[first : first + _MAX_LINES]:
        if len(line) > _MAX_LINE_CHARS:
            break
        if kept and not is_whole and _ENDS.fullmatch(line):
            if line.strip()[:1] in ("]", "}", ")"):
                kept.append(line)
            break
        kept.append(line)
    return first, kept if any(map(str.strip, kept)) else []
