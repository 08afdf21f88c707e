"""The outline of a text: its definitions and imports, and the uses of names where asked for.

Patterns for definitions are matched scope by scope: children of the root, then of a class's body,
never what a function's body holds (a constructor's fields aside). On Python packages that costs a
tenth of what parsing costs, where one query over the whole tree costs a third, and half of that is
spent inside function bodies on names that no other file can use.

What the captures of `queries/outline` mean: one of `@function`, `@method`, `@class`, `@type`,
`@variable`, `@field`, `@module`, `@macro` is a definition as a whole, `@name` and `@body` are parts
of it, `@bases` are what it extends, `@holds` the type it returns or holds, `@made` what constructs
it, `@given` the parameter it gets, `@outer` a container that stands elsewhere. `@scope` is looked
into as if it stood around nothing, `@fields` for fields alone. `@import` is an import, `@from` its
module, `@take` what is taken, `@as` what it is called here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import tree_sitter

from sc2_lsp.symbols import Definition, Import, Kind, Outline
from sc2_lsp.syntax.documented import documented_start
from sc2_lsp.syntax.grammars import parser_of, query_of
from sc2_lsp.syntax.imports import import_of
from sc2_lsp.syntax.languages import Language
from sc2_lsp.syntax.source import prepare
from sc2_lsp.syntax.types import base_names, constructed
from sc2_lsp.syntax.uses import uses_of

_MAX_DEPTH = 64
_MAX_BODYLESS_BYTES = 400
_MAX_BODYLESS_LINES = 8
_MAX_SIGNATURE_BYTES = 4000
_MAX_TYPE_BYTES = 200

_KINDS = {kind.value: kind for kind in Kind}
_ROLES = {*_KINDS, "import", "scope", "fields"}
_IN_CLASS = {Kind.FUNCTION: Kind.METHOD, Kind.VARIABLE: Kind.FIELD}

_PARAMETER = re.compile(r"(\w+)\s*:\s*([^=]+)")

Captures = dict[str, list[tree_sitter.Node]]


def outline(
    content: str,
    language: Language,
    *,
    references: bool,
    lines: tuple[int, int] | None = None,
) -> Outline:
    """What `content` defines and imports; with `references` also what it uses and binds.

    `lines`, first and last, bounds the references, which are most of the work.
    """
    data = content.encode("utf-8", "surrogatepass")
    return outline_of_bytes(data, language, references=references, lines=lines)


def outline_of_bytes(
    data: bytes,
    language: Language,
    *,
    references: bool,
    lines: tuple[int, int] | None = None,
) -> Outline:
    """The outline of a text that is UTF-8 already."""
    prepared = prepare(data, language)
    if prepared is None:
        return Outline()
    grammar, data = prepared
    root = parser_of(grammar).parse(data).root_node
    cursor = tree_sitter.QueryCursor(query_of(grammar, "outline"))
    cursor.set_max_start_depth(1)
    found = _Found(data, grammar, language.line_comment.encode(), cursor)
    _visit(found, root, _Scope("", None), 0)
    definitions, imports = tuple(found.definitions), tuple(found.imports)
    if not references:
        return Outline(definitions, imports)
    used, bindings = uses_of(root, data, grammar, lines)
    return Outline(definitions, imports, used, bindings)


@dataclass(slots=True)
class _Found:
    """A text while it is read, and what was found in it so far."""

    data: bytes
    grammar: str
    line_comment: bytes
    cursor: tree_sitter.QueryCursor
    roles: dict[int, str] = field(default_factory=dict)
    definitions: list[Definition] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    variables: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where definitions stand: the names around them, and the kind of the innermost.

    In a constructor `given` holds the types of its parameters, and only fields are looked for.
    """

    container: str
    kind: Kind | None
    given: dict[str, str] | None = None


def _visit(found: _Found, node: tree_sitter.Node, scope: _Scope, depth: int) -> None:
    if depth > _MAX_DEPTH:
        return
    for pattern, captures in found.cursor.matches(node):
        role = found.roles.get(pattern)
        if role is None:
            role = found.roles[pattern] = next(name for name in captures if name in _ROLES)
        if role == "scope":
            _look_into(found, node, captures, scope, depth)
        elif role == "field" or (role in _KINDS and scope.given is None):
            _define(found, captures, _KINDS[role], scope, depth)
        elif scope.given is not None:
            continue
        elif role == "fields":
            given = _given(_text(found, captures["parameters"][0]))
            for inner in captures["fields"]:
                _visit(found, inner, _Scope(scope.container, scope.kind, given), depth + 1)
        elif role == "import":
            found.imports.extend(import_of(found.data, captures, found.grammar))


def _look_into(
    found: _Found, node: tree_sitter.Node, captures: Captures, scope: _Scope, depth: int
) -> None:
    if "outer" in captures:
        name = _bare(_text(found, captures["outer"][0]))
        scope = _Scope(_joined(scope.container, name), Kind.CLASS)
    for inner in captures["scope"]:
        # A node that is a scope of its own kind matches itself when it is looked into.
        if inner.id != node.id:
            _visit(found, inner, scope, depth + 1)


def _define(found: _Found, captures: Captures, kind: Kind, scope: _Scope, depth: int) -> None:
    whole = captures[kind.value][0]
    name = _text(found, captures["name"][0])
    container, within = scope.container, scope.kind
    if "outer" in captures:
        container, within = (
            _joined(container, _bare(_text(found, captures["outer"][0]))),
            Kind.CLASS,
        )
    if within is Kind.CLASS:
        kind = _IN_CLASS.get(kind, kind)
    if kind is Kind.VARIABLE or kind is Kind.FIELD:
        if (container, name) in found.variables:
            return
        found.variables.add((container, name))
    start, start_row = whole.start_byte, whole.start_point[0]
    bodies = captures.get("body")
    if bodies:
        signature = _up_to_body(found, start, bodies[0].start_byte)
        first = start_row + signature.count("\n") + 1
        end_row = max(_last_row(bodies[-1]), _last_row(whole))
        body_line = first if end_row >= first else None
    else:
        signature = _without_body(found, start, whole.end_byte)
        end_row, body_line = _last_row(whole), None
    found.definitions.append(
        Definition(
            name,
            kind,
            container,
            documented_start(found.data, start, start_row, found.line_comment),
            end_row,
            signature,
            body_line,
            _bases(found, captures) if "bases" in captures else (),
            _type_name(found, captures, scope),
        )
    )
    if bodies and kind in (Kind.CLASS, Kind.MODULE):
        inner = _Scope(_joined(container, name), kind)
        for body in bodies:
            _visit(found, body, inner, depth + 1)


def _up_to_body(found: _Found, start: int, body: int) -> str:
    text = found.data[start : min(body, start + _MAX_SIGNATURE_BYTES)].rstrip()
    while True:
        # A comment between a signature and its body belongs to the body.
        head, line_break, last = text.rpartition(b"\n")
        if not line_break or not last.lstrip().startswith(found.line_comment):
            return _dedented(found, text, start)
        text = head.rstrip()


def _without_body(found: _Found, start: int, end: int) -> str:
    text = found.data[start:end].rstrip()
    if len(text) > _MAX_BODYLESS_BYTES or text.count(b"\n") >= _MAX_BODYLESS_LINES:
        first_line = text[:_MAX_BODYLESS_BYTES].partition(b"\n")[0]
        return first_line.decode("utf-8", "replace").rstrip() + " ..."
    return _dedented(found, text, start)


def _dedented(found: _Found, text: bytes, start: int) -> str:
    """`text`, which begins at `start`, with the indentation of its first line taken off."""
    decoded = text.decode("utf-8", "replace")
    if "\n" not in decoded:
        return decoded
    line_start = found.data.rfind(b"\n", 0, start) + 1
    indent = found.data[line_start:start].decode("utf-8", "replace")
    if "\r" in decoded:
        decoded = decoded.replace("\r\n", "\n")
    if indent and indent.isspace():
        decoded = decoded.replace("\n" + indent, "\n")
    return decoded


def _type_name(found: _Found, captures: Captures, scope: _Scope) -> str:
    if "holds" in captures:
        node = captures["holds"][0]
        if node.end_byte - node.start_byte > _MAX_TYPE_BYTES:
            return ""
        return " ".join(_text(found, node).removeprefix("->").lstrip(":").split())
    if "made" in captures:
        return constructed(_text(found, captures["made"][0]))
    if "given" in captures and scope.given:
        return scope.given.get(_text(found, captures["given"][0]), "")
    return ""


def _bases(found: _Found, captures: Captures) -> tuple[str, ...]:
    names: list[str] = []
    for node in captures["bases"]:
        names += base_names(_text(found, node))
    return tuple(names)


def _given(parameters: str) -> dict[str, str]:
    """The annotated parameters of a signature and their types."""
    types, depth, start = {}, 0, 0
    inner = parameters[1:-1]
    for at, char in enumerate(inner + ","):
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "," and depth == 0:
            if match := _PARAMETER.match(inner[start:at].strip()):
                types[match[1]] = " ".join(match[2].split())
            start = at + 1
    return types


def _last_row(node: tree_sitter.Node) -> int:
    row, column = node.end_point
    return row - 1 if column == 0 and row > node.start_point[0] else row


def _text(found: _Found, node: tree_sitter.Node) -> str:
    return found.data[node.start_byte : node.end_byte].decode("utf-8", "replace")


_BARE = re.compile(r"[\w$.:\\]+")


def _bare(name: str) -> str:
    """A type's name without its arguments, pointer and reference marks."""
    match = _BARE.search(name)
    return match[0] if match else name


def _joined(container: str, name: str) -> str:
    name = name.replace("::", ".").replace("\\", ".")
    return f"{container}.{name}" if container else name
