"""The imports that one match of an `@import` says.

What its captures mean: `@from` is the module, `@take` what is taken of it and `@as` its name here;
`@default` is the name here of what a module exports by default. `@path` is a module and, as its
last part, what is taken. `@tree` is a Rust `use`, of any number of names.
"""

from __future__ import annotations

import re

import tree_sitter

from sc2_lsp.symbols import Import

_QUOTES = "\"'`<>"
# An import that names nothing brings every name of the module into the file.
_TAKES_ALL = {"c", "cpp", "csharp", "php", "r", "ruby", "shell", "swift"}
_VERSION = re.compile(r"/v\d+$")
_LAST_PART = re.compile(r"(.*)(?:::|[.\\])([^.:\\]+)", re.DOTALL)

Captures = dict[str, list[tree_sitter.Node]]


def imports_of(data: bytes, captures: Captures, grammar: str) -> list[Import]:
    """The imports of one match, in the grammar's own sense of them."""
    line = captures["import"][0].start_point[0]
    if "tree" in captures:
        return _rust_tree(_text(data, captures, "tree"), "", line)
    module, name = _text(data, captures, "from"), _text(data, captures, "take")
    alias = _text(data, captures, "as")
    if grammar == "python":
        return [Import(module, name, alias or ("" if name == "*" else name or module), line)]
    if "path" in captures:
        path = _text(data, captures, "path").lstrip("\\").partition("<")[0]
        parts = _LAST_PART.fullmatch(path)
        module, name = (parts[1], parts[2]) if parts else ("", path)
        if grammar == "kotlin" and _ends_with_star(data, captures):
            module, name = path, "*"
    if "default" in captures:
        name, alias = "default", _text(data, captures, "default")
    if grammar in _TAKES_ALL and not name and not alias:
        name = "*"
    if alias == "." and grammar == "go":
        name, alias = "*", ""
    return [Import(module, name, alias or _default_alias(module, name, grammar), line)]


def _default_alias(module: str, name: str, grammar: str) -> str:
    if name:
        return "" if name == "*" else name
    return _VERSION.sub("", module).rpartition("/")[2] if grammar == "go" else ""


def _ends_with_star(data: bytes, captures: Captures) -> bool:
    whole = captures["import"][0]
    return data[whole.start_byte : whole.end_byte].rstrip(b"; \t\r\n").endswith(b"*")


def _rust_tree(tree: str, prefix: str, line: int) -> list[Import]:
    """`a::b::{c, d as e}`, whose braces may hold trees of their own."""
    tree = tree.strip()
    head, brace, inner = tree.partition("{")
    if brace:
        prefix = _path(prefix, head.rstrip(": \n"))
        return [
            one
            for part in _branches(inner.rpartition("}")[0])
            for one in _rust_tree(part, prefix, line)
        ]
    path, _, alias = (part.strip() for part in tree.partition(" as "))
    if not path:
        return []
    if path == "self":
        module, _, name = prefix.rpartition("::")
    else:
        module, _, name = _path(prefix, path).rpartition("::")
    return [Import(module, name, alias or ("" if name == "*" else name), line)]


def _branches(inner: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for at, char in enumerate(inner):
        depth += (char == "{") - (char == "}")
        if char == "," and depth == 0:
            parts.append(inner[start:at])
            start = at + 1
    return [*parts, inner[start:]]


def _path(prefix: str, rest: str) -> str:
    return f"{prefix}::{rest}" if prefix and rest else prefix or rest


def _text(data: bytes, captures: Captures, part: str) -> str:
    nodes = captures.get(part)
    if not nodes:
        return ""
    text = data[nodes[0].start_byte : nodes[0].end_byte].decode("utf-8", "replace")
    return text.strip(_QUOTES) if part in ("from", "take") else text
