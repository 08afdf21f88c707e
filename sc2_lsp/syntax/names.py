"""Names and types as they are written: their parts, what they extend, whether they are a type's."""

from __future__ import annotations

import re

_BRACKETED = re.compile(r"[(<\[{][^()<>\[\]{}]*[)>\]}]")
_NO_BASE = re.compile(
    r"\w+\s*=[^,]*|\bby\s+[\w.]+|\bwhere\b.*|'\w+"
    r"|\b(?:extends|implements|public|private|protected|internal|virtual|with|override)\b",
    re.DOTALL,
)
_NAME = re.compile(r"[^\W\d][\w$]*(?:(?:\.|::|\\)[\w$]+)*")
_SEPARATOR = re.compile(r"::|->|[.:\\]")
# Objects that stand for the module itself, and for what a class's instances share.
_TRANSPARENT = {"exports", "module", "module.exports", "this", "self", "window", "globalThis"}


def base_names(text: str) -> list[str]:
    """The names in what follows a class's own, without type arguments and calls."""
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    return _NAME.findall(_NO_BASE.sub("", _without_brackets(text)))


def bare(name: str) -> str:
    """A type's name without its arguments, pointer and reference marks."""
    match = _NAME.search(name)
    return match[0] if match else name


def joined(container: str, name: str) -> str:
    """The container of what stands in `name`."""
    name = _SEPARATOR.sub(".", name)
    return f"{container}.{name}" if container else name


def split_path(path: str) -> tuple[str, str]:
    """A qualified name's container and last part: `ns::Box<int>::size` is (`ns.Box`, `size`)."""
    operator = path.find("operator")
    head, tail = (path[:operator], path[operator:]) if operator > 0 else (path, "")
    if operator == 0:
        return "", path
    parts = _SEPARATOR.split(_without_brackets(head).replace(".prototype", ""))
    parts = [part.strip(" \t\r\n\"'`") for part in parts]
    if tail:
        parts[-1] = tail
    outer = ".".join(part for part in parts[:-1] if part)
    return "" if outer in _TRANSPARENT else outer, parts[-1]


def constructed(callee: str) -> str:
    """The type that a call of `callee` makes, where its name is written as types are; else ''."""
    callee = _without_brackets(callee)
    last = callee.replace("::", ".").rpartition(".")[2].lstrip("_\\")
    return callee if last[:1].isupper() else ""


def _without_brackets(text: str) -> str:
    while (shorter := _BRACKETED.sub("", text)) != text:
        text = shorter
    return text
