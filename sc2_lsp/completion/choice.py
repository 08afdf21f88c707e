"""Which snippets a prompt shows, so that as much as can be stands where it stood before.

What stands before the current file costs the whole prompt when it changes. So a text that was shown
stays in its place, byte for byte, while the code that it shows is as it was, and what is new comes
behind it; only when the budget is spent is everything written anew. What was deleted, renamed or
excluded meanwhile goes, and so does what is of the current file itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sc2_lsp import retrieval
from sc2_lsp.completion.means import Means
from sc2_lsp.completion.tokens import tokenize
from sc2_lsp.domain import Snapshot, Snippet
from sc2_lsp.prompt.redaction import masked, snippet_file
from sc2_lsp.retrieval.rank import numbered_lines
from sc2_lsp.secrets import is_secret_file

# So much of what is worth showing may be missing before everything is written anew for it.
_STALE_SHARE = 0.4
_BODY = re.compile(r"( \{)?( \.\.\.)?( \})?$")


async def choose(
    snapshot: Snapshot, n_tokens: int, means: Means, held: tuple[Snippet, ...] = ()
) -> tuple[Snippet, ...]:
    """The snippets to show in at most `n_tokens` tokens, separators included, a text a file.

    Of `held`, which were shown before, as many keep their places as leave room for what is better.
    """
    found = await _Found.at(snapshot, means)
    best = found.select(n_tokens)
    held = found.still(snapshot, held, best, means)
    used = tuple(snippet for snippet in held if any(_shows(snippet, piece) for piece in best))
    for kept in dict.fromkeys((held, used)):
        missing, n_left = _missing(best, kept), n_tokens - await _size(kept, means)
        added = found.select(n_left, missing)
        if n_left >= 0 and len(missing) - len(added) <= _STALE_SHARE * len(best):
            return await _fitting(snapshot, kept, added, n_tokens, means)
    return await _fitting(snapshot, (), best, n_tokens, means)


async def is_stale(
    snapshot: Snapshot, n_tokens: int, means: Means, held: Sequence[Snippet]
) -> bool:
    """Whether `held` lacks much of what would be shown today, or shows what is no more."""
    found = await _Found.at(snapshot, means)
    best = found.select(n_tokens)
    is_outdated = len(found.still(snapshot, held, best, means)) < len(held)
    return is_outdated or len(_missing(best, held)) > _STALE_SHARE * len(best)


def has_vanished(snapshot: Snapshot, held: Sequence[Snippet], means: Means) -> bool:
    """Whether nothing of one of `held` is in its file any more, or nobody may read that."""
    gone = means.gone(snapshot, held)
    return any(
        is_secret_file(snippet.path) or (numbers and len(numbers) == len(_code(snippet)))
        for snippet, numbers in zip(held, gone, strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """All pieces of code that may be worth showing, the best ones first, and the tokens of their
    lines and paths. None is of a file that holds secrets, whatever source it comes from."""

    pieces: tuple[Snippet, ...]
    sizes: Mapping[str, int]

    @staticmethod
    async def at(snapshot: Snapshot, means: Means) -> _Found:
        pieces = tuple(p for p in means.gather(snapshot) if not is_secret_file(p.path))
        shown = {piece.path: piece.path for piece in pieces}
        for piece in pieces:
            # Engines may be elsewhere, so that nothing may be measured as it stands either.
            lines = zip(numbered_lines(piece), numbered_lines(masked(piece)), strict=True)
            shown.update((line, hidden) for (_, line), (_, hidden) in lines)
        ordered = sorted(set(shown.values()))
        tokens = await means.engine.tokenize([f"{text}\n" for text in ordered])
        sizes = dict(zip(ordered, map(len, tokens), strict=True))
        return _Found(pieces, {text: sizes[hidden] for text, hidden in shown.items()})

    def select(self, n_tokens: int, of: Sequence[Snippet] | None = None) -> tuple[Snippet, ...]:
        pieces = self.pieces if of is None else of
        return retrieval.select(pieces, self.sizes.__getitem__, n_tokens)

    def still(
        self, snapshot: Snapshot, held: Sequence[Snippet], best: Sequence[Snippet], means: Means
    ) -> tuple[Snippet, ...]:
        """Those of `held` that may still be shown.

        A line that is not in its file counts as long as a source finds it there: to leave it out
        would only bring it back elsewhere.
        """
        gone = means.gone(snapshot, held)
        return tuple(
            snippet
            for snippet, numbers in zip(held, gone, strict=True)
            if not is_secret_file(snippet.path)
            and not _is_outdated(snippet, best)
            and (not numbers or self._finds(snippet, frozenset(numbers)))
        )

    def _finds(self, snippet: Snippet, numbers: frozenset[int]) -> bool:
        """Whether the pieces have these lines of `snippet`."""
        shown = {number: line for number, line in _code(snippet).items() if number in numbers}
        for piece in self.pieces:
            if piece.key == snippet.key:
                found = _code(piece)
                shown = {n: line for n, line in shown.items() if found.get(n) != line}
        return not shown


async def _fitting(
    snapshot: Snapshot,
    kept: tuple[Snippet, ...],
    added: Sequence[Snippet],
    n_tokens: int,
    means: Means,
) -> tuple[Snippet, ...]:
    """`kept` and `added` as texts; the last ones go where texts are longer than their lines."""
    while True:
        shown = (*kept, *_texts(snapshot, kept, added))
        if not added or await _size(shown, means) <= n_tokens:
            return shown
        added = added[:-1]


async def _size(snippets: Sequence[Snippet], means: Means) -> int:
    files = await tokenize(list(map(snippet_file, snippets)), means.engine)
    return sum(len(tokens) + 1 for tokens in files)


def _texts(
    snapshot: Snapshot, kept: Sequence[Snippet], pieces: Sequence[Snippet]
) -> tuple[Snippet, ...]:
    """A text a file, sorted by name, so that another session begins alike.

    No two files have one name; those of the root keep theirs.
    """
    texts = retrieval.group(pieces)
    order = sorted(texts, key=lambda s: (s.file != snapshot.in_root(s.path), s.key))
    taken = {snapshot.path: snapshot.key} | {s.path: s.key for s in kept}
    named = retrieval.told_apart(order, taken)
    return tuple(sorted(named, key=lambda s: (s.path, s.start_line)))


def _missing(pieces: Sequence[Snippet], shown: Sequence[Snippet]) -> tuple[Snippet, ...]:
    return tuple(p for p in pieces if not any(_shows(snippet, p) for snippet in shown))


def _shows(snippet: Snippet, piece: Snippet) -> bool:
    """Whether all lines of `piece` can be read in `snippet`, as far from each other as they are."""
    if snippet.key != piece.key:
        return False
    shown, wanted = _code(snippet), _code(piece)
    first = next(iter(wanted.items()), None)
    # Lines put in above since the snippet was shown move the piece as a whole.
    places = [number for number, line in shown.items() if first and line == first[1]]
    return any(
        all(shown.get(number + place - first[0]) == line for number, line in wanted.items())
        for place in places
        if first
    )


def _is_outdated(snippet: Snippet, pieces: Sequence[Snippet]) -> bool:
    """Whether one of `pieces` has other lines where `snippet` has some, and not those alone."""
    shown = _code(snippet)
    return any(
        any(shown.get(number, line) != line for number, line in _code(piece).items())
        for piece in pieces
        if piece.key == snippet.key and not _shows(snippet, piece)
    )


def _code(snippet: Snippet) -> dict[int, str]:
    """The lines of a snippet by their numbers, without what says that a body was left out."""
    return {number: _BODY.sub("", line) for number, line in numbered_lines(snippet)}
