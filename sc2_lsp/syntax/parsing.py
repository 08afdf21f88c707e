"""Trees from texts, within a bounded effort.

Some texts (a hundred thousand brackets, prose taken for C#) cost a parser seconds and gigabytes. A
limit in processor time per byte, far above what any real file needs, keeps those out.
"""

from __future__ import annotations

import threading
import time
from functools import partial

import tree_sitter

from sc2_lsp.syntax.grammars import compares_text, grammar_of

_READ_BYTES = 1 << 16
_LIMIT_S = 0.25
_LIMIT_S_PER_BYTE = 2e-6

_own = threading.local()


def parsed(data: bytes, grammar: str) -> tree_sitter.Tree | None:
    """The tree of a text; None where the limit was reached."""
    return _parse(data, grammar, None)


def parsed_again(data: bytes, grammar: str) -> tree_sitter.Tree | None:
    """As `parsed`, for a text that is likely an edit of the one this thread passed last.

    What the edit did not touch is not parsed again; the next call does so with this text.
    """
    last: dict[str, tuple[bytes, tree_sitter.Tree]] = _own.__dict__.setdefault("last", {})
    old_data, old_tree = last.pop(grammar, (b"", None))
    if old_tree is not None and not _mark_edit(old_tree, old_data, data):
        old_tree = None
    tree = _parse(data, grammar, old_tree)
    if tree is not None:
        last[grammar] = (data, tree)
    return tree


def _parse(data: bytes, grammar: str, old_tree: tree_sitter.Tree | None) -> tree_sitter.Tree | None:
    parser = _parser_of(grammar)
    read = partial(_read, data)
    limit = partial(_is_over, *_ends(len(data)))
    try:
        if old_tree is None:
            tree = parser.parse(read, progress_callback=limit)
        else:
            tree = parser.parse(read, old_tree, progress_callback=limit)
    except ValueError:
        # The parser would go on with the abandoned text.
        parser.reset()
        return None
    if not compares_text(grammar):
        return tree
    # Only a tree that was made from bytes gives the text of its nodes to queries without a call for
    # each. Little is parsed again here, but where a grammar is in doubt as often as that of C++ it
    # would be nearly all.
    return parser.parse(data, tree)


def _read(data: bytes, at: int, _point: object) -> bytes:
    return data[at : at + _READ_BYTES]


def _ends(n_bytes: int) -> tuple[float, float]:
    limit_s = _LIMIT_S + _LIMIT_S_PER_BYTE * n_bytes
    return time.monotonic() + limit_s, time.thread_time() + limit_s


def _is_over(end: float, thread_end: float, _at: int, _has_error: bool) -> bool:
    # What the thread itself used is what counts, but asking for it is slow.
    return time.monotonic() > end and time.thread_time() > thread_end


def _parser_of(grammar: str) -> tree_sitter.Parser:
    """The calling thread's parser."""
    parsers: dict[str, tree_sitter.Parser] = _own.__dict__.setdefault("parsers", {})
    if grammar not in parsers:
        parsers[grammar] = tree_sitter.Parser(grammar_of(grammar))
    return parsers[grammar]


def _mark_edit(tree: tree_sitter.Tree, old: bytes, new: bytes) -> bool:
    """Tell `tree`, which is `old`'s, what is to be replaced to make it `new`'s.

    False where they share so little that a tree from nothing takes less time.
    """
    start = _n_shared(old, new)
    while 0 < start < len(new) and new[start] & 0xC0 == 0x80:
        start -= 1
    n_tail = min(_n_shared(old[::-1], new[::-1]), len(old) - start, len(new) - start)
    while n_tail and new[len(new) - n_tail] & 0xC0 == 0x80:
        n_tail -= 1
    old_end, new_end = len(old) - n_tail, len(new) - n_tail
    if 2 * (start + n_tail) < len(new):
        return False
    tree.edit(
        start, old_end, new_end, _point(old, start), _point(old, old_end), _point(new, new_end)
    )
    return True


def _n_shared(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""
    at, limit, step = 0, min(len(one), len(other)), _READ_BYTES
    while step:
        if at + step <= limit and one[at : at + step] == other[at : at + step]:
            at += step
        else:
            step //= 2
    return at


def _point(data: bytes, at: int) -> tuple[int, int]:
    return data.count(b"\n", 0, at), at - data.rfind(b"\n", 0, at) - 1
