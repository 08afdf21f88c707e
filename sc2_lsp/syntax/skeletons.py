"""Code with the bodies of its functions left out, written as a reader of the language expects it.

Works on the text and its outline alone. A body that is as short as its replacement stays. Of a
comment or docstring the first line stays, so that a class of many methods fits into few tokens.
"""

from __future__ import annotations

import re

from sc2_lsp.symbols import Definition, Kind, Outline
from sc2_lsp.text import Text, indentation

_MAX_KEPT_CHARS = 80
_DOCSTRING = re.compile(r'[rRuU]?("""|\'\'\')')
_CLOSING_WORD = re.compile(r"end\b")
_LINE_COMMENT = re.compile(r"//|--|#(?![\[!])")


def skeleton(content: str, outline: Outline, first_line: int, last_line: int) -> str:
    """The lines from `first_line` to `last_line`, without a line break at the end."""
    text = Text.of(content)
    last_line = min(last_line, text.n_lines - 1)
    lines = [text.line(line) for line in range(text.n_lines)]
    by_start = {
        definition.start_line: definition
        for definition in reversed(outline.definitions)
        if definition.kind in (Kind.FUNCTION, Kind.METHOD) and definition.body_line is not None
    }
    shown: list[str] = []
    line = first_line
    while line <= last_line:
        definition = by_start.get(line)
        if definition is None or definition.end_line > last_line:
            shown.append(lines[line])
            line += 1
        else:
            shown += _elided(lines, definition)
            line = definition.end_line + 1
    return "\n".join(shown)


def _elided(lines: list[str], definition: Definition) -> list[str]:
    assert definition.body_line is not None
    signature_line = definition.body_line - definition.signature.count("\n") - 1
    signature_line = max(signature_line, definition.start_line)
    head = _summary(lines[definition.start_line : signature_line])
    signature = lines[signature_line : definition.body_line]
    body = lines[definition.body_line : definition.end_line + 1]
    return head + _without_body(signature, body)


def _summary(comment: list[str]) -> list[str]:
    """The first line of a comment that has many."""
    if len(comment) < 2:
        return comment
    first = comment[0].strip()
    if first.startswith("/*"):
        opening = "/**" if first.startswith("/**") else "/*"
        for line in comment:
            words = line.strip().removesuffix("*/").lstrip("/*").strip()
            if words:
                rest = [other for other in comment if not _is_block_line(other)]
                return [f"{indentation(comment[0])}{opening} {words} */", *rest]
        return comment
    if _LINE_COMMENT.match(first):
        rest = [other for other in comment if not _LINE_COMMENT.match(other.strip())]
        return [comment[0], *rest]
    return comment


def _is_block_line(line: str) -> bool:
    return line.strip().startswith(("/*", "*"))


def _without_body(signature: list[str], body: list[str]) -> list[str]:
    opening, closing = signature[-1].rstrip(), body[-1].strip()
    if closing.startswith(("}", ")")):
        if len(body) <= 2 and len(body[0].strip()) <= _MAX_KEPT_CHARS and opening.endswith("{"):
            return signature + body
        if opening.endswith("{"):
            return [*signature[:-1], f"{opening} ... {closing}"]
        if body[0].strip() == "{":
            return [*signature[:-1], f"{opening} {{ ... {closing}"]
    if len(body) == 1 and len(body[0].strip()) <= _MAX_KEPT_CHARS:
        return signature + body
    indent = indentation(next((line for line in body if line.strip()), ""))
    if _CLOSING_WORD.match(closing):
        if len(body) == 2:
            return signature + body
        return [*signature, f"{indent}...", body[-1]]
    return [*signature, *_docstring(body, indent), f"{indent}..."]


def _docstring(body: list[str], indent: str) -> list[str]:
    first = body[0].strip()
    match = _DOCSTRING.match(first)
    if not match:
        return []
    quotes = match[1]
    words = first[match.end() :].partition(quotes)[0].strip()
    if not words and quotes not in first[match.end() :] and len(body) > 1:
        words = body[1].strip().partition(quotes)[0].strip()
    return [f"{indent}{match[0]}{words}{quotes}"] if words else []
