"""What a text uses: every name with what stands before its dot, and names with a known type.

Names are taken from the leaves of the tree and receivers from the text before them, because code
that is being typed is broken more often than not, and its leaves are right even where no node
around them is.

What captures mean: in `queries/references`, `@reference` is a name that is used; in
`queries/bindings`, `@binding` is something whose type is known, `@name` what it is called, `@holds`
its type, `@made` what constructs it, `@maker` a function that is called New and a type's name.
"""

from __future__ import annotations

import re

import tree_sitter

from sc2_lsp.symbols import Binding, Reference
from sc2_lsp.syntax.grammars import query_of
from sc2_lsp.syntax.names import constructed
from sc2_lsp.syntax.receivers import receiver_before

_INFERRED = {"auto", "var", "val", "let"}
_OWN_SEPARATORS = {"lua": b":", "r": b"$@"}
_MAKER = re.compile(r"New[A-Z]")


def uses_of(
    root: tree_sitter.Node,
    data: bytes,
    grammar: str,
    lines: tuple[int, int] | None,
) -> tuple[tuple[Reference, ...], tuple[Binding, ...]]:
    """References of `lines` (all without it) and bindings of the whole text.

    There are no references where the last one of `lines` comes before the first.
    """
    bindings: dict[tuple[str, int], Binding] = {}
    for _, captures in tree_sitter.QueryCursor(query_of(grammar, "bindings")).matches(root):
        (name, *_) = captures["name"]
        type_name = _type_name(data, captures)
        if type_name:
            text = "".join(_text(data, name).split())
            line = name.start_point[0]
            bindings.setdefault((text, line), Binding(text, type_name, line))
    if lines is not None and lines[1] < lines[0]:
        return (), tuple(bindings.values())
    cursor = tree_sitter.QueryCursor(query_of(grammar, "references"))
    if lines is not None:
        cursor.set_point_range((lines[0], 0), (lines[1] + 1, 0))
    leaves = sorted(
        (leaf for nodes in cursor.captures(root).values() for leaf in nodes),
        key=lambda leaf: leaf.start_byte,
    )
    own_separators = _OWN_SEPARATORS.get(grammar, b"")
    references = tuple(
        Reference(
            _text(data, leaf),
            receiver_before(data, leaf.start_byte, own_separators),
            leaf.start_point[0],
        )
        for leaf in leaves
    )
    return references, tuple(bindings.values())


def _type_name(data: bytes, captures: dict[str, list[tree_sitter.Node]]) -> str:
    if "holds" in captures:
        held = " ".join(_text(data, captures["holds"][0]).lstrip(": ").split())
        return "" if held in _INFERRED else held
    if "maker" in captures:
        module, dot, name = _text(data, captures["maker"][0]).rpartition(".")
        return f"{module}{dot}{name[3:]}" if _MAKER.match(name) else ""
    return constructed(_text(data, captures["made"][0])) if "made" in captures else ""


def _text(data: bytes, node: tree_sitter.Node) -> str:
    return data[node.start_byte : node.end_byte].decode("utf-8", "replace")
