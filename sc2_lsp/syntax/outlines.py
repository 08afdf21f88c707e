"""The outline of a text: its definitions and imports, and the uses of names where asked for.

Patterns for definitions are matched scope by scope: children of the root, then of a class's body,
never what a function's body holds (a constructor's fields aside). On Python packages that costs a
tenth of what parsing costs, where one query over the whole tree costs a third, and half of that is
spent inside function bodies on names that no other file can use. Most of Python is read without a
tree where nothing but definitions and imports is asked for: see `plain_python.py`.

What the captures of `queries/outline` mean: one of `@function`, `@method`, `@class`, `@type`,
`@variable`, `@field`, `@module`, `@macro` is a definition as a whole. Parts of it are its `@name`,
or the `@path` that ends with it, its `@body`, `@members` that stand outside of that, its `@bases`
(with `@bases_from`, all from there to the body), the type that it `@holds` (or that is the field
`type` of what is `@typed`), what it is `@made` by, the parameter it is `@given`, and an `@outer`
container that is named elsewhere. What is `@arrowed` holds what stands behind an arrow, and its
body is its field `body`. A class `@extends` what its body says so of. `@scope` is looked into as if
nothing stood around it, `@fields` for fields alone. For an `@import` see `imports.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any

import msgspec
import tree_sitter

from sc2_lsp.symbols import Definition, Import, Kind, Outline
from sc2_lsp.syntax.grammars import query_of
from sc2_lsp.syntax.imports import imports_of
from sc2_lsp.syntax.languages import Language
from sc2_lsp.syntax.names import bare, base_names, constructed, joined, split_path
from sc2_lsp.syntax.parsing import parsed, parsed_again
from sc2_lsp.syntax.signatures import documented_start, given_types, up_to_body, without_body
from sc2_lsp.syntax.source import prepare
from sc2_lsp.syntax.uses import uses_of

_MAX_DEPTH = 64
# Brackets and commas that no node is made of; a query's time grows with the square of their number.
_MAX_UNNAMED = 5000
_MAX_TYPE_BYTES = 200
_MAX_SIGNATURE_CHARS = 4000

_KINDS = {kind.value: kind for kind in Kind}
_ROLES = {*_KINDS, "import", "scope", "fields", "extends"}
_MEMBERS = {**_KINDS, "function": Kind.METHOD, "variable": Kind.FIELD}
_SET_ONCE = (Kind.VARIABLE, Kind.FIELD)
_HAS_MEMBERS = (Kind.CLASS, Kind.MODULE)

_FIELDS = Definition.__struct_fields__

Row = tuple[Any, ...] | list[Any]
Captures = dict[str, list[tree_sitter.Node]]


def outline(
    content: str,
    language: Language,
    *,
    references: bool,
    lines: tuple[int, int] | None = None,
) -> Outline:
    """What `content` defines and imports; with `references` also what it uses and binds.

    `lines`, first and last, bounds the references, which are most of the work; none are looked for
    where the last comes before the first.
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
    if grammar == "python" and not references:
        from sc2_lsp.syntax.plain_python import plain_outline

        if (plain := plain_outline(data)) is not None:
            return plain
    tree = parsed_again(data, grammar) if references else parsed(data, grammar)
    if tree is None or _n_unnamed(tree.root_node) > _MAX_UNNAMED:
        return Outline()
    cursor = tree_sitter.QueryCursor(query_of(grammar, "outline"))
    cursor.set_max_start_depth(1)
    found = _Found(data, grammar, language.line_comment.encode(), cursor)
    _visit(found, tree.root_node, _Scope("", None), 0)
    # Grammars match a constructor's fields before or behind itself.
    definitions = tuple(sorted(found.definitions, key=attrgetter("start_line")))
    imports = tuple(found.imports)
    if not references:
        return Outline(definitions, imports)
    used, bindings = uses_of(tree.root_node, data, grammar, lines)
    return Outline(definitions, imports, used, bindings)


def rows_of_bytes(data: bytes, language: Language) -> tuple[Sequence[Row], Sequence[Import]]:
    """The fields of each definition of a text that is UTF-8, in their order, and the imports."""
    prepared = prepare(data, language)
    if prepared is not None and prepared[0] == "python":
        # Its expressions take a while to compile, and not every process reads Python.
        from sc2_lsp.syntax.plain_python import plain_rows

        if plain := plain_rows(prepared[1]):
            return plain
    found = outline_of_bytes(data, language, references=False)
    return [attrgetter(*_FIELDS)(one) for one in found.definitions], found.imports


def get_ready() -> None:
    """Do what the first Python file that is read for an index would wait for."""
    import sc2_lsp.syntax.plain_python  # noqa: F401  its expressions are compiled


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
    seen: set[tuple[str, str, int]] = field(default_factory=set)
    extends: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where definitions stand: the names around them, and the kind of the innermost.

    In a constructor `given` holds the types of its parameters, and only fields are looked for.
    """

    container: str
    kind: Kind | None
    given: dict[str, str] | None = None


def _visit(found: _Found, node: tree_sitter.Node, scope: _Scope, depth: int) -> None:
    if depth > _MAX_DEPTH or _n_unnamed(node) > _MAX_UNNAMED:
        return
    for pattern, captures in found.cursor.matches(node):
        role = found.roles.get(pattern)
        if role is None:
            role = found.roles[pattern] = next(name for name in captures if name in _ROLES)
        if role == "scope":
            _look_into(found, node, captures, scope, depth)
        elif role == "field" or (role in _KINDS and scope.given is None):
            _define(found, captures, role, scope, depth)
        elif scope.given is not None:
            continue
        elif role == "fields":
            inner = _Scope(scope.container, scope.kind, _given(found, captures))
            _visit(found, captures["fields"][0], inner, depth + 1)
        elif role == "extends":
            found.extends += _bases(found, captures["extends"])
        else:
            found.imports += imports_of(found.data, captures, found.grammar)


def _look_into(
    found: _Found, node: tree_sitter.Node, captures: Captures, scope: _Scope, depth: int
) -> None:
    if "outer" in captures:
        container = joined(scope.container, bare(_text(found, captures["outer"][0])))
        scope = _Scope(container, Kind.CLASS)
    for inner in captures["scope"]:
        # A node that is a scope of its own kind matches itself when it is looked into.
        if inner.id != node.id:
            _visit(found, inner, scope, depth + 1)


def _define(found: _Found, captures: Captures, role: str, scope: _Scope, depth: int) -> None:
    whole, data = captures[role][0], found.data
    name, container, is_member = _named(found, captures, scope)
    kind = _MEMBERS[role] if is_member else _KINDS[role]
    start = whole.start_byte
    # A variable is defined where it is first set; functions may have several definitions.
    key = (container, name, -1 if kind in _SET_ONCE else start)
    if key in found.seen or not name:
        return
    found.seen.add(key)
    start_row, end_row = whole.start_point[0], _last_row(whole)
    body = captures["body"][0] if "body" in captures else None
    if "arrowed" in captures:
        body = whole.child_by_field_name("body")
    body_line = None
    if body is None:
        signature = without_body(data, start, whole.end_byte)
    else:
        signature = up_to_body(data, start, body.start_byte, found.line_comment)
        first = start_row + signature.count("\n") + 1
        body_line = first if first <= end_row else None
        if len(signature) > _MAX_SIGNATURE_CHARS:
            signature = signature[:_MAX_SIGNATURE_CHARS].rpartition("\n")[0] + "\n..."
    at = len(found.definitions)
    found.definitions.append(
        Definition(
            name,
            kind,
            container,
            documented_start(data, start, start_row, found.line_comment),
            end_row,
            signature,
            body_line,
            _all_bases(found, captures, body, whole) if kind is Kind.CLASS else (),
            _type_name(found, captures, scope),
        )
    )
    if kind in _HAS_MEMBERS or "members" in captures:
        inside = [*captures.get("members", ()), *([body] if body is not None else ())]
        _visit_members(found, inside, _Scope(joined(container, name), Kind.CLASS), at, depth)


def _visit_members(
    found: _Found, inside: list[tree_sitter.Node], scope: _Scope, at: int, depth: int
) -> None:
    definition = found.definitions[at]
    if definition.kind is Kind.MODULE:
        scope = replace(scope, kind=Kind.MODULE)
    outside, found.extends = found.extends, []
    for node in inside:
        _visit(found, node, scope, depth + 1)
    if found.extends:
        bases = tuple(dict.fromkeys((*definition.bases, *found.extends)))
        found.definitions[at] = msgspec.structs.replace(definition, bases=bases)
    found.extends = outside


def _named(found: _Found, captures: Captures, scope: _Scope) -> tuple[str, str, bool]:
    """A definition's name, its container, and whether that is a class's."""
    if "path" in captures:
        outer, name = split_path(_text(found, captures["path"][0]))
    else:
        outer, name = "", _text(found, captures["name"][0]).strip(":\"'` ")
        if "outer" in captures:
            outer = bare(_text(found, captures["outer"][0]))
    if outer:
        return name, joined(scope.container, outer), True
    return name, scope.container, scope.kind is Kind.CLASS


def _all_bases(
    found: _Found, captures: Captures, body: tree_sitter.Node | None, whole: tree_sitter.Node
) -> tuple[str, ...]:
    if "bases_from" in captures:
        start = captures["bases_from"][0].start_byte
        end = whole.end_byte if body is None else body.start_byte
        return tuple(base_names(found.data[start:end].decode("utf-8", "replace")))
    return tuple(_bases(found, captures["bases"])) if "bases" in captures else ()


def _bases(found: _Found, nodes: list[tree_sitter.Node]) -> list[str]:
    return [name for node in nodes for name in base_names(_text(found, node))]


def _type_name(found: _Found, captures: Captures, scope: _Scope) -> str:
    node = captures["holds"][0] if "holds" in captures else None
    if "typed" in captures:
        node = captures["typed"][0].child_by_field_name("type")
    elif "arrowed" in captures:
        node = _behind_arrow(captures["arrowed"][0])
    if node is not None:
        if node.end_byte - node.start_byte > _MAX_TYPE_BYTES:
            return ""
        return " ".join(_text(found, node).lstrip(": ").split())
    if "made" in captures:
        return constructed(_text(found, captures["made"][0]))
    if "given" in captures and scope.given:
        return scope.given.get(_text(found, captures["given"][0]), "")
    return ""


def _behind_arrow(whole: tree_sitter.Node) -> tree_sitter.Node | None:
    children = whole.children
    at = next((at for at, child in enumerate(children) if child.type == "->"), len(children))
    following = children[at + 1 : at + 2]
    is_type = following and following[0].is_named and not following[0].has_error
    return following[0] if is_type else None


def _given(found: _Found, captures: Captures) -> dict[str, str]:
    parameters = captures.get("parameters")
    return given_types(_text(found, parameters[0])) if parameters else {}


def _n_unnamed(node: tree_sitter.Node) -> int:
    return node.child_count - node.named_child_count


def _last_row(node: tree_sitter.Node) -> int:
    row, column = node.end_point
    return row - 1 if column == 0 and row > node.start_point[0] else row


def _text(found: _Found, node: tree_sitter.Node) -> str:
    return found.data[node.start_byte : node.end_byte].decode("utf-8", "replace")
