"""From ranked snippets to what a prompt shows: those that fit, one text for each file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from sc2_lsp.domain import Snippet
from sc2_lsp.retrieval.rank import NO_LINE, numbered_lines

ELISION = "..."


def select(
    snippets: Iterable[Snippet], size: Callable[[str], int], budget: int
) -> tuple[Snippet, ...]:
    """The snippets that fit `budget` tokens when grouped, taken in their order.

    `size` gives the tokens of a line, its line break included. A line that several snippets of a
    file have costs once, and so do the file's path and separator. What is too large for the rest of
    the budget gives way to the next one.
    """
    chosen: list[Snippet] = []
    shown: dict[str, set[int]] = {}
    left = budget
    for snippet in snippets:
        known = shown.get(snippet.key, set())
        fresh = {n: line for n, line in numbered_lines(snippet) if n not in known}
        cost = sum(map(size, fresh.values()))
        cost += 0 if known else size(snippet.path) + 1
        if cost <= left and fresh:
            left -= cost
            chosen.append(snippet)
            shown[snippet.key] = known | set(fresh)
    return tuple(chosen)


def group(snippets: Sequence[Snippet]) -> tuple[Snippet, ...]:
    """One snippet for each file, its pieces in the order of the lines; the best file first.

    A line of dots stands where code was left out, but for bodies, whose signature says so. The
    same pieces give the same text, in whatever order they come.
    """
    by_file: dict[str, list[Snippet]] = {}
    for snippet in snippets:
        by_file.setdefault(snippet.key, []).append(snippet)
    return tuple(map(_merged, by_file.values()))


def told_apart(snippets: Iterable[Snippet], taken: Mapping[str, str]) -> tuple[Snippet, ...]:
    """The snippets, no two of different files with the same path, nor with one that is `taken`.

    `taken` are keys of files by their paths. Where another file has its path a file gets folders
    above it in front of that, as many as it takes.
    """
    files = dict(taken)
    named = []
    for snippet in snippets:
        names = (name for name in _names(snippet) if files.get(name, snippet.key) == snippet.key)
        path = next(names, snippet.path)
        files[path] = snippet.key
        named.append(snippet if path == snippet.path else replace(snippet, path=path))
    return tuple(named)


def _names(snippet: Snippet) -> Iterator[str]:
    """The path of a snippet, then longer and longer ends of its file's absolute path."""
    yield snippet.path
    parts = snippet.file.split("/")
    if snippet.file.endswith(snippet.path):
        for n_parts in range(snippet.path.count("/") + 2, len(parts) + 1):
            yield "/".join(parts[-n_parts:])


def _merged(pieces: list[Snippet]) -> Snippet:
    if len(pieces) == 1 and not pieces[0].lines:
        return pieces[0]
    lines: dict[int, str] = {}
    for piece in pieces:
        for number, line in numbered_lines(piece):
            # Of a first line with its body elided and one without, the latter has lines below it.
            old = lines.get(number, line)
            lines[number] = min(old, line, key=len)
    written: list[tuple[int, str]] = []
    for number in sorted(lines):
        if written and number > written[-1][0] + 1 and not _is_outline(written[-1][1]):
            written.append((NO_LINE, ELISION))
        written.append((number, lines[number]))
    reasons = dict.fromkeys(piece.reason for piece in pieces)
    sources = dict.fromkeys(piece.source for piece in pieces)
    return replace(
        pieces[0],
        start_line=min(lines),
        text="".join(f"{line}\n" for _, line in written),
        source=", ".join(sources),
        reason="; ".join(reasons),
        score=max(piece.score for piece in pieces),
        lines=tuple(number for number, _ in written),
        leads=tuple(sorted({lead for piece in pieces for lead in piece.leads})),
    )


def _is_outline(line: str) -> bool:
    """Whether the line itself says that more was there, or that its members follow."""
    return line.rstrip().endswith(("...", "...}", "... }", ":", "{"))
