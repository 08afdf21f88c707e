"""What of a text a grammar is to read, and which grammar. Every line keeps its number."""

from __future__ import annotations

import re

from sc2_lsp.syntax.grammars import is_available
from sc2_lsp.syntax.languages import Language

_LONE_CR = re.compile(rb"\r(?!\n)")
_CPP_ONLY = re.compile(
    rb"^[ \t]*(?:class[ \t]+\w+|namespace\b|template[ \t]*<|(?:public|private|protected)[ \t]*:"
    rb"|using[ \t]+\w|constexpr\b)",
    re.MULTILINE,
)
_SCRIPT = re.compile(rb"<script\b([^>]*)>(.*?)(?:</script\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_SCRIPT_LANGUAGE = re.compile(rb"""\blang\s*=\s*["']?(\w+)""", re.IGNORECASE)
_TYPED = {b"ts": "typescript", b"typescript": "typescript", b"tsx": "tsx"}
# No person wrote a longer line, and on some of them grammars take gigabytes of memory.
_MAX_LINE_BYTES = 20_000
# Their grammars take gigabytes for what may be the beginning of thousands of type arguments.
_AFRAID_OF_OPENINGS = ("csharp", "java")
_NOT_LINE_BREAK = re.compile(rb"[^\n]+")


def prepare(data: bytes, language: Language) -> tuple[str, bytes] | None:
    """The grammar for a text of `language` and the bytes for it; None where it cannot be read."""
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        # The grammars count no lone CR as the end of a line, which for an editor it is.
        data = _LONE_CR.sub(b"\n", data)
    if _has_line_over(data, _MAX_LINE_BYTES):
        return None
    grammar = language.name
    if grammar in _AFRAID_OF_OPENINGS and _is_mostly_openings(data):
        return None
    if grammar in ("vue", "svelte"):
        return _script(data)
    if grammar == "c" and _CPP_ONLY.search(data):
        grammar = "cpp"
    return (grammar, data) if is_available(grammar) else None


def _has_line_over(data: bytes, n_bytes: int) -> bool:
    """Whether a line is longer than `n_bytes`: such a one stands at a multiple of it."""
    ends = ((data.rfind(b"\n", 0, at), data.find(b"\n", at)) for at in range(0, len(data), n_bytes))
    return any((end if end >= 0 else len(data)) - before - 1 > n_bytes for before, end in ends)


def _is_mostly_openings(data: bytes) -> bool:
    n_open = data.count(b"<") - data.count(b">")
    return n_open > 500 and n_open * 20 > len(data)


def _script(data: bytes) -> tuple[str, bytes]:
    """The script blocks of a component, all else blanked out."""
    grammar, kept, end = "javascript", [], 0
    for block in _SCRIPT.finditer(data):
        if match := _SCRIPT_LANGUAGE.search(block[1]):
            grammar = _TYPED.get(match[1].lower(), grammar)
        kept += [_blank(data[end : block.start(2)]), block[2]]
        end = block.end(2)
    return grammar, b"".join([*kept, _blank(data[end:])])


def _blank(data: bytes) -> bytes:
    return _NOT_LINE_BREAK.sub(lambda found: b" " * len(found[0]), data)
