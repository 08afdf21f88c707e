"""Grammars and compiled queries, made when they are first needed and kept for all threads."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import tree_sitter

# The module of a grammar and the function in it. A grammar's name is that of its language.
_GRAMMARS = {
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "csharp": ("tree_sitter_c_sharp", "language"),
    "go": ("tree_sitter_go", "language"),
    "java": ("tree_sitter_java", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "kotlin": ("tree_sitter_kotlin", "language"),
    "lua": ("tree_sitter_lua", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "python": ("tree_sitter_python", "language"),
    "r": ("tree_sitter_language_pack", "get_language"),
    "ruby": ("tree_sitter_ruby", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "shell": ("tree_sitter_bash", "language"),
    "sql": ("tree_sitter_sql", "language"),
    "swift": ("tree_sitter_swift", "language"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
}

# Grammars that are supersets of another share its patterns.
_QUERY_FILES = {
    "cpp": ("c", "cpp"),
    "javascript": ("ecmascript", "javascript"),
    "tsx": ("ecmascript", "typescript"),
    "typescript": ("ecmascript", "typescript"),
}

PURPOSES = ("outline", "bindings", "references")

# What a grammar can make no sense of may hold definitions that it can.
_BROKEN = "\n(ERROR) @scope"


@cache
def query_of(grammar: str, purpose: str) -> tree_sitter.Query:
    """The patterns for one of the `PURPOSES`."""
    query: tree_sitter.Query = tree_sitter.Query(grammar_of(grammar), _patterns(grammar, purpose))
    return query


@cache
def compares_text(grammar: str) -> bool:
    """Whether there are patterns that ask what the text of a node is."""
    return any("#" in _patterns(grammar, purpose) for purpose in PURPOSES)


@cache
def _patterns(grammar: str, purpose: str) -> str:
    folder = Path(__file__).with_name("queries") / purpose
    names = _QUERY_FILES.get(grammar, (grammar,))
    text = "\n".join((folder / f"{name}.scm").read_text(encoding="utf-8") for name in names)
    return text + _BROKEN if purpose == "outline" else text


@cache
def grammar_of(grammar: str) -> tree_sitter.Language:
    """The grammar of that name."""
    module, function = _GRAMMARS[grammar]
    make = getattr(import_module(module), function)
    if function == "get_language":
        language: tree_sitter.Language = make(grammar)
        return language
    return tree_sitter.Language(make())


@cache
def is_available(grammar: str) -> bool:
    """Whether the grammar is installed; all but R's always are."""
    return grammar in _GRAMMARS and find_spec(_GRAMMARS[grammar][0]) is not None
