"""The expression in front of a name's dot or arrow, read from the text alone.

Arguments and subscripts inside it are left out: `pool(4).get` has the receiver `pool()`. Reads at
most a few hundred bytes back, and gives what it has where brackets do not close within them.
"""

from __future__ import annotations

_REACH_BYTES = 400
_SEPARATORS = (b"?.", b"!!.", b"!.", b"&.", b"?->", b"->", b"::", b".")
_BLANKS = b" \t\r\n"
_OPENING = {ord(")"): ord("("), ord("]"): ord("[")}
_WORD_BYTES = frozenset(
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$@" + bytes(range(128, 256))
)


def receiver_before(data: bytes, at: int, own_separators: bytes = b"") -> str:
    """The receiver of the name that starts at the byte `at`; empty where there is none.

    `own_separators` are bytes that separate only in this language, such as the `$` of R.
    """
    found = _separator_before(data, at, own_separators)
    if not found:
        return ""
    limit = max(0, at - _REACH_BYTES)
    end = at - len(found)
    parts: list[bytes] = []
    while True:
        while end > limit and data[end - 1] in _BLANKS:
            end -= 1
        start, piece = _operand_before(data, end, limit, own_separators)
        if not piece:
            # What is left of a chain that starts with something else, such as a string.
            return b"".join(reversed(parts[:-1])).decode("utf-8", "replace")
        parts.append(piece)
        found = _separator_before(data, start, own_separators)
        if not found:
            return b"".join(reversed(parts)).decode("utf-8", "replace")
        parts.append(found)
        end = start - len(found)


def _separator_before(data: bytes, at: int, own_separators: bytes) -> bytes:
    before = data[max(0, at - 3) : at]
    for separator in _SEPARATORS:
        if before.endswith(separator):
            # Two dots or more are a range, a spread or a concatenation.
            return b"" if before.endswith(b"..") else separator
    last = before[-1:]
    return last if last and last in own_separators else b""


def _operand_before(data: bytes, end: int, limit: int, own_separators: bytes) -> tuple[int, bytes]:
    """Where the word, calls and subscripts that end at `end` begin, and their text."""
    brackets = b""
    start = end
    while start > limit and data[start - 1] in _OPENING:
        opening = _opening_of(data, start - 1, limit)
        if opening < 0:
            return start, b""
        brackets = bytes((data[opening], data[start - 1])) + brackets
        start = opening
    word_end = start
    while start > limit and _is_word(data[start - 1], own_separators):
        start -= 1
    if data[max(0, start - 2) : start] == b".#":
        start -= 1  # A private name of JavaScript.
    return start, data[start:word_end] + brackets if start < word_end else b""


def _is_word(byte: int, own_separators: bytes) -> bool:
    return byte in _WORD_BYTES and byte not in own_separators


def _opening_of(data: bytes, closing: int, limit: int) -> int:
    close = data[closing]
    opening, depth = _OPENING[close], 0
    for at in range(closing, limit - 1, -1):
        if data[at] == close:
            depth += 1
        elif data[at] == opening:
            depth -= 1
            if depth == 0:
                return at
    return -1
