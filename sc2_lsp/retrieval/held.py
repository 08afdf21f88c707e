"""Whether what prompts show of other files is still what stands in them.

Compares texts alone, as the editor holds them or else as the index reads them this moment: what
nobody reads any more, because it was deleted or excluded or closed, says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import nullcontext

from sc2_lsp.domain import Snapshot, Snippet
from sc2_lsp.ports import CodeIndex
from sc2_lsp.retrieval.rank import numbered_lines

_LINE_BREAK = re.compile(r"\r\n|\n|\r")
_ELIDED = re.compile(r"(?: \{)? \.\.\.(?: [{}])?$")
_OPENED = re.compile(r" \{$")
# What may follow in the file where a snippet has no more of a line, though nothing was elided: a
# body, a value, a mark that ends it, a comment. Behind parameters a body may begin with any word.
_REST = re.compile(r"\s*(?:$|\{|\(|\}|;|,|#|//|/\*|--|=(?!=))|(?<=\))\s|(?<==>)\s")

_Numbers = frozenset[int]


def gone_lines(
    snapshot: Snapshot, snippets: Sequence[Snippet], index: CodeIndex | None
) -> list[_Numbers]:
    """Of each snippet the numbers of the lines that cannot be shown as another file's any more.

    All of them where it is of the snapshot's own document. Lines that only stand elsewhere in their
    file by now are as good as before.
    """
    opened = {other.key: other.text.content for other in snapshot.open_files}
    lines: dict[str, list[str]] = {}
    gone = []
    with index.at_once() if index is not None and snippets else nullcontext():
        for snippet in snippets:
            if snippet.key not in lines:
                text = _text_of(snippet, snapshot, opened, index)
                lines[snippet.key] = _LINE_BREAK.split(text) if text else []
            gone.append(frozenset(_unsaid(snippet, lines[snippet.key])))
    return gone


def _text_of(
    snippet: Snippet, snapshot: Snapshot, opened: dict[str, str], index: CodeIndex | None
) -> str | None:
    if snippet.key == snapshot.key:
        return None
    if snippet.key in opened:
        return opened[snippet.key]
    if index is None:
        return None
    if not snippet.file:
        return index.now(snippet.path)
    inside = f"{snapshot.root}/"
    is_inside = snapshot.root and snippet.file.startswith(inside)
    return index.now(snippet.file.removeprefix(inside)) if is_inside else None


def _unsaid(snippet: Snippet, lines: Sequence[str]) -> Iterator[int]:
    """The numbers of the lines of a snippet that do not stand in a file with these `lines`."""
    n_moved = 0
    for first, run in _runs(snippet):
        places = (first + n_moved, *range(len(lines)))
        place = next((place for place in places if _stands(run, lines, place)), None)
        if place is None:
            yield from range(first, first + len(run))
        else:
            n_moved = place - first


def _runs(snippet: Snippet) -> Iterator[tuple[int, list[str]]]:
    """The lines that follow one another, with the number of the first.

    A line with something elided is one of its own, since its number may be that of its end.
    """
    first, run = 0, list[str]()
    for number, line in numbered_lines(snippet):
        is_apart = _ELIDED.search(line) or (run and _ELIDED.search(run[-1]))
        if run and (is_apart or number != first + len(run)):
            yield first, run
            run = []
        if not run:
            first = number
        run.append(line)
    if run:
        yield first, run


def _stands(run: Sequence[str], lines: Sequence[str], place: int) -> bool:
    if not 0 <= place <= len(lines) - len(run):
        return False
    return all(_says(lines[number], shown) for number, shown in enumerate(run, place))


def _says(line: str, shown: str) -> bool:
    """Whether a line of a file is the one that is shown.

    A signature may begin inside of its line (`export`), ends before the body, and is indented
    otherwise.
    """
    elided = _ELIDED.search(shown)
    words = shown[: elided.start()] if elided else _OPENED.sub("", shown)
    words = words.strip()
    if not words:
        return not line.strip()
    at = line.find(words)
    while at >= 0:
        end = at + len(words)
        is_whole = not (_joins(line[:at][-1:], words[0]) or _joins(words[-1], line[end : end + 1]))
        if is_whole and (elided or _REST.match(line, end)):
            return True
        at = line.find(words, at + 1)
    return False


def _joins(left: str, right: str) -> bool:
    """Whether two chars beside each other are of one word."""
    return (left.isalnum() or left == "_") and (right.isalnum() or right == "_")
