"""Types as they are written: which names a class extends, and whether a name is a type's."""

from __future__ import annotations

import re

_BRACKETED = re.compile(r"[(<\[{][^()<>\[\]{}]*[)>\]}]")
_ARGUMENT = re.compile(r"\w+\s*=[^,]*|\bby\s+[\w.]+")
_NAME = re.compile(r"[^\W\d][\w$]*(?:(?:\.|::|\\)[\w$]+)*")
_NOT_BASES = {
    "extends",
    "implements",
    "public",
    "private",
    "protected",
    "virtual",
    "with",
    "override",
}


def base_names(text: str) -> list[str]:
    """The names in what follows a class's own, without type arguments and calls."""
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    while (shorter := _BRACKETED.sub("", text)) != text:
        text = shorter
    return [name for name in _NAME.findall(_ARGUMENT.sub("", text)) if name not in _NOT_BASES]


def constructed(callee: str) -> str:
    """The type that a call of `callee` makes, where its name is written as types are; else ''."""
    last = callee.replace("::", ".").rpartition(".")[2].lstrip("_")
    return callee if last[:1].isupper() else ""
