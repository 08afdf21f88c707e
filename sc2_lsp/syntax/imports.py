"""One import of a file, from the parts that a query captured."""

from __future__ import annotations

import tree_sitter

from sc2_lsp.symbols import Import


def import_of(
    data: bytes, captures: dict[str, list[tree_sitter.Node]], grammar: str
) -> list[Import]:
    """The imports of one match."""
    module = _text(data, captures, "from")
    name = _text(data, captures, "take")
    alias = _text(data, captures, "as") or ("" if name == "*" else name or module)
    return [Import(module, name, alias, captures["import"][0].start_point[0])]


def _text(data: bytes, captures: dict[str, list[tree_sitter.Node]], part: str) -> str:
    nodes = captures.get(part)
    if not nodes:
        return ""
    return data[nodes[0].start_byte : nodes[0].end_byte].decode("utf-8", "replace").strip("\"'`<>")
