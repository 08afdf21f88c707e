"""Which paths the lines of a `.gitignore` leave out, as git itself decides it.

Matches one entry of a folder at a time, on the way down, and never what is below it: that is how
git walks, and what a negated line means depends on it. So pathspec, whose patterns match whatever
lies below an ignored folder too, answers another question; on random trees it disagreed with git.

Rules come with the repository, so they may be hostile: whatever they say, a match takes time that
is at most quadratic in the length of the path. Differs from git in that `?` and `[…]` match a
character, not a byte of its UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import count

_MOST_BYTES = 256 * 1024
_BOM = b"\xef\xbb\xbf"
_SPECIAL = re.compile(r"[*?\[\\]")
_SLASH = re.compile(r"\\?/")
_CLASS = re.compile(r"\[:([^\]]*):\]")
_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "\\x21-\\x7e",
    "lower": "a-z",
    "print": "\\x20-\\x7e",
    "punct": "\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e",
    "space": " \\t\\n\\r\\f\\v",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """The lines of one file. Where several match an entry, the last of them decides."""

    _for_files: _Matcher
    _for_folders: _Matcher

    def ignores_file(self, name: str, path: str) -> bool | None:
        """Whether a file is left out (true) or brought back (false); None where no line matches.

        `path` is relative to the folder that the rules stand in, `name` its last part.
        """
        return self._for_files.decide(name, path)

    def ignores_folder(self, name: str, path: str) -> bool | None:
        """The same of a folder."""
        return self._for_folders.decide(name, path)


@lru_cache(maxsize=256)
def parse(data: bytes, *, ignore_case: bool = False) -> Rules | None:
    """The rules of a file's content; None where it has none. A file of over 256 KiB has none."""
    if len(data) > _MOST_BYTES:
        return None
    # Git compares bytes: a question mark is half of an umlaut. A char stands for a byte here.
    lines = data.removeprefix(_BOM).decode("latin-1").split("\n")
    patterns = [pattern for line in lines if (pattern := _parse_line(line)) is not None]
    if not patterns:
        return None
    return Rules(
        _Matcher.of([p for p in patterns if not p.folders_only], ignore_case),
        _Matcher.of(patterns, ignore_case),
    )


@dataclass(frozen=True, slots=True)
class _Pattern:
    glob: str
    negated: bool
    folders_only: bool
    is_path: bool


def _parse_line(line: str) -> _Pattern | None:
    line = line.removesuffix("\r").partition("\0")[0]
    if line.startswith("#"):
        return None
    line = _without_trailing_spaces(line)
    negated = line.startswith("!")
    glob = line[1:] if negated else line
    folders_only = glob.endswith("/")
    if folders_only:
        glob = glob[:-1]
    is_path = "/" in glob
    glob = glob.removeprefix("/")
    return _Pattern(glob, negated, folders_only, is_path) if glob else None


def _without_trailing_spaces(line: str) -> str:
    """`line` up to its last space that a backslash stands before, or that is no space."""
    kept = 0
    at = 0
    while at < len(line):
        step = 2 if line[at] == "\\" else 1
        if line[at] != " ":
            kept = at + step
        at += step
    return line[:kept]


@dataclass(frozen=True, slots=True)
class _Matcher:
    """Where an entry's last matching pattern stands: by its name, or by its path."""

    literals: dict[str, int]
    names: re.Pattern[str] | None
    paths: re.Pattern[str] | None
    negated: tuple[bool, ...]
    ignore_case: bool

    @staticmethod
    def of(patterns: list[_Pattern], ignore_case: bool) -> _Matcher:
        literals: dict[str, int] = {}
        names: list[str] = []
        paths: list[str] = []
        for rank, pattern in enumerate(patterns):
            if not pattern.is_path and not _SPECIAL.search(pattern.glob):
                literals[_lowered(pattern.glob) if ignore_case else pattern.glob] = rank
            elif (expression := _expression(pattern.glob, rank)) is not None:
                (paths if pattern.is_path else names).append(expression)
        return _Matcher(
            literals,
            _last_of(names, ignore_case),
            _last_of(paths, ignore_case),
            tuple(pattern.negated for pattern in patterns),
            ignore_case,
        )

    def decide(self, name: str, path: str) -> bool | None:
        name, path = _bytes_of(name), _bytes_of(path)
        rank = self.literals.get(_lowered(name) if self.ignore_case else name, -1)
        if self.names is not None and (match := self.names.fullmatch(name)):
            rank = max(rank, _rank(match))
        if self.paths is not None and (match := self.paths.fullmatch(path)):
            rank = max(rank, _rank(match))
        return None if rank < 0 else not self.negated[rank]


def _bytes_of(text: str) -> str:
    """A char for each byte of `text`."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")


def _lowered(text: str) -> str:
    """ASCII letters alone are folded, as git does."""
    return text.encode("latin-1").lower().decode("latin-1")


def _last_of(expressions: list[str], ignore_case: bool) -> re.Pattern[str] | None:
    """One expression that tries the last of these first."""
    flags = re.DOTALL | re.ASCII | (re.IGNORECASE if ignore_case else 0)
    return re.compile("|".join(reversed(expressions)), flags) if expressions else None


def _rank(match: re.Match[str]) -> int:
    """What `_expression` was told; its outermost group is the last to close."""
    assert match.lastgroup is not None
    return int(match.lastgroup[1:])


def _expression(glob: str, rank: int) -> str | None:
    """A group named after `rank` that matches what `glob` does for git; None where nothing can.

    What a wildcard takes is not tried again once that which follows it was found: of the places
    where it stands, the first one leaves the most to the rest. Only the last wildcard has to make
    the rest reach the end.
    """
    items = _items(glob)
    if items is None:
        return None
    names = (f"g{rank}_{number}" for number in count())
    *blocks, (wildcard, last) = _split(items, (_FOLDERS, _ANYTHING))
    text = "".join(_first(start, _block(inner, names), names) for start, inner in blocks)
    *pieces, (star, end) = _split(last, (_STAR,))
    text += wildcard + _joined(pieces, names) + star + "".join(end)
    return f"(?P<r{rank}>{text})"


_STAR = "[^/]*"
_FOLDERS = "(?:.*/)?"
_ANYTHING = ".*"
_LAZY = {_STAR: "[^/]*?", _FOLDERS: "(?:.*?/)??", _ANYTHING: ".*?"}


def _split(items: list[str], wildcards: tuple[str, ...]) -> list[tuple[str, list[str]]]:
    """What stands before the first of `wildcards`, then each of them with what follows it."""
    parts: list[tuple[str, list[str]]] = [("", [])]
    for item in items:
        if item in wildcards:
            parts.append((item, []))
        else:
            parts[-1][1].append(item)
    return parts


def _block(items: list[str], names: Iterator[str]) -> str:
    return _joined(_split(items, (_STAR,)), names)


def _joined(pieces: list[tuple[str, list[str]]], names: Iterator[str]) -> str:
    return "".join(_first(star, "".join(items), names) for star, items in pieces)


def _first(wildcard: str, follows: str, names: Iterator[str]) -> str:
    """`wildcard` up to the first place where `follows` stands, and that, as an atomic group."""
    if not wildcard:
        return follows
    name = next(names)
    return f"(?=(?P<{name}>{_LAZY[wildcard]}{follows}))(?P={name})"


def _items(glob: str) -> list[str] | None:
    """Expressions for one character each, and wildcards; None where `glob` is not well formed."""
    special = _SPECIAL.search(glob)
    # Git compares what stands before the first special character on its own, and takes what is left
    # for a pattern that begins there: `a**/b` finds `a/x/b`.
    n_literal = special.start() if special else len(glob)
    items: list[str] = []
    at = 0
    while at < len(glob):
        char = glob[at]
        if char == "*":
            end = at + len(glob[at:]) - len(glob[at:].lstrip("*"))
            is_whole = at in (0, n_literal) or glob[at - 1] == "/"
            if end - at > 1 and is_whole and (end == len(glob) or _SLASH.match(glob, end)):
                items.append(_FOLDERS if glob[end : end + 1] == "/" else _ANYTHING)
                at = end + (items[-1] == _FOLDERS)
            else:
                items.append(_STAR)
                at = end
        elif char == "[":
            bracket = _bracket(glob, at + 1)
            if bracket is None:
                return None
            expression, at = bracket
            items.append(f"(?!/){expression}")
        elif char == "\\" and at + 1 == len(glob):
            return None
        else:
            at += char == "\\"
            items.append("[^/]" if char == "?" else re.escape(glob[at]))
            at += 1
    return items


def _bracket(glob: str, at: int) -> tuple[str, int] | None:
    """The expression for the set whose `[` stands before `at`, and the place behind its `]`."""
    negated = glob[at : at + 1] in ("!", "^")
    at += negated
    start = at
    parts: list[str] = []
    low = ""  # What a range would start with.
    while at < len(glob) and (glob[at] != "]" or at == start):
        char = glob[at]
        named = _CLASS.match(glob, at)
        if named:
            if named[1] not in _CLASSES:
                return None
            parts.append(_CLASSES[named[1]])
            at, low = named.end(), ""
            continue
        is_range = char == "-" and low and glob[at + 1 : at + 2] not in ("", "]")
        at += bool(is_range)
        at += glob[at] == "\\"
        if at == len(glob):
            return None
        if is_range:
            if low <= glob[at]:
                parts.append(f"{re.escape(low)}-{re.escape(glob[at])}")
            low = ""
        else:
            low = glob[at]
            parts.append(re.escape(low))
        at += 1
    return (f"[{'^' if negated else ''}{''.join(parts)}]", at + 1) if at < len(glob) else None
