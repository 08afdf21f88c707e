"""One ranking over what all sources propose, and the text of each proposal.

A definition that several sources propose counts for more than with any of them alone. What is best
is worth most for its tokens, so that a small budget holds many signatures rather than few bodies.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from sc2_lsp.domain import Snippet
from sc2_lsp.retrieval.candidate import Candidate
from sc2_lsp.retrieval.lookup import Lookup
from sc2_lsp.symbols import Definition, Kind
from sc2_lsp.syntax import identifiers, language_of

MAX_SNIPPETS = 96
NO_LINE = -1
"""The number of a line that stands for lines left out."""

_CHARS_PER_TOKEN = 3.5
# What a piece costs besides its own text: its share of a path line and of its class's first line.
_OVERHEAD_TOKENS = 12.0
_COST_POWER = 0.6
_MAX_WEIGHED = 180
_READ_CHARS = 300
_REMEMBERED_SIGNATURES = 8192
_REMEMBERED_FORMS = 4096
_REMEMBERED_COSTS = 4096
_WORDS_POWER = 2.0
_INDENT = "    "


def ranked(
    candidates: Iterable[Candidate],
    snippets: Iterable[Snippet],
    words: Mapping[str, float],
    lookup: Lookup | None,
    in_root: Callable[[str], str] = lambda path: "",
) -> tuple[Snippet, ...]:
    """All of them as snippets, the best first and no two alike.

    `words` are those around the cursor and how near they stand, from 0 to 1. `in_root` says which
    file it is that has a path relative to the root.
    """
    best = _weighed(_best(_merged(candidates), _MAX_WEIGHED), words)
    shown = _written(_best(best, MAX_SNIPPETS), lookup, in_root)
    for snippet in snippets:
        file = snippet.file or in_root(snippet.path)
        worth = _worth(len(snippet.text), snippet.score)
        bare = "".join(snippet.text.split())
        numbers = frozenset(number for number, _ in numbered_lines(snippet))
        shown.append(_Shown(replace(snippet, score=worth, file=file), bare, numbers))
    shown.sort(key=lambda one: (-one.snippet.score, one.snippet.path, one.snippet.start_line))
    return tuple(_without_doubles(shown))[:MAX_SNIPPETS]


class _Shown(NamedTuple):
    """A snippet, its text without blanks, and the numbers of its lines."""

    snippet: Snippet
    bare: str
    numbers: frozenset[int]


_Scored = list[tuple[float, Candidate]]
"""Candidates with a score that counts instead of their own."""


def _merged(candidates: Iterable[Candidate]) -> _Scored:
    """Each definition once, by the chance that at least one of its reasons is right."""
    by_place: dict[tuple[str, int, str], tuple[float, Candidate]] = {}
    for candidate in candidates:
        at, score = candidate.located, candidate.score
        key = (at.path, at.definition.start_line, at.definition.name)
        old = by_place.get(key)
        if old is None:
            by_place[key] = (score, candidate)
        else:
            either = 1.0 - (1.0 - old[0]) * (1.0 - score)
            by_place[key] = (either, candidate if score > old[0] else old[1])
    return list(by_place.values())


def _best(scored: _Scored, most: int) -> _Scored:
    """Those that are worth most for their tokens, the best first."""
    valued = [
        (-score / _cost(len(one.located.definition.signature)), one.located.path, number)
        for number, (score, one) in enumerate(scored)
    ]
    return [scored[number] for _, _, number in sorted(valued)[:most]]


def _weighed(scored: _Scored, words: Mapping[str, float]) -> _Scored:
    """Candidates whose signatures share rare words with the code around the cursor win odds."""
    each = [_words_of(one.located.definition) for _, one in scored]
    counts = Counter(chain.from_iterable(each))
    rarity = {word: math.log((len(each) + 1) / count) for word, count in counts.items()}
    squares = {word: value**2 for word, value in rarity.items()}
    near = frozenset(words)
    weighed = []
    for (score, candidate), some in zip(scored, each, strict=True):
        shared = sum(rarity[word] * words[word] for word in sorted(some & near))
        norm = math.sqrt(math.fsum(map(squares.__getitem__, some))) + 1.0
        odds = score / (1.0 - min(score, 0.99))
        odds *= math.exp(_WORDS_POWER * shared / norm)
        weighed.append((odds / (1.0 + odds), candidate))
    return weighed


@lru_cache(_REMEMBERED_SIGNATURES)
def _words_of(definition: Definition) -> frozenset[str]:
    return frozenset(identifiers(definition.signature[:_READ_CHARS]))


def _worth(n_chars: int, score: float) -> float:
    return score / _cost(n_chars)


@lru_cache(_REMEMBERED_COSTS)
def _cost(n_chars: int) -> float:
    return float((n_chars / _CHARS_PER_TOKEN + _OVERHEAD_TOKENS) ** _COST_POWER)


def _written(scored: _Scored, lookup: Lookup | None, in_root: Callable[[str], str]) -> list[_Shown]:
    containers = {
        candidate.located.definition.container.rpartition(".")[2]
        for _, candidate in scored
        if candidate.located.definition.container
    }
    around: dict[tuple[str, str], list[Definition]] = {}
    if lookup is not None:
        for located in chain.from_iterable(lookup.definitions(sorted(containers)).values()):
            key = (located.path, located.definition.name)
            around.setdefault(key, []).append(located.definition)
    return [_signature(candidate, score, around, in_root) for score, candidate in scored]


def _signature(
    candidate: Candidate,
    score: float,
    around: dict[tuple[str, str], list[Definition]],
    in_root: Callable[[str], str],
) -> _Shown:
    """A definition's signature below the first lines of what it stands in."""
    located = candidate.located
    definition = located.definition
    language = language_of(located.path)
    family = _FAMILY.get(language.name, "") if language else ""
    outer = None
    if definition.container:
        name = definition.container.rpartition(".")[2]
        outers = around.get((located.path, name), ())
        outer = next((one for one in outers if _holds(one, definition)), None)
    form = _form(definition, outer, family)
    snippet = Snippet(
        path=located.path,
        start_line=form.first_line,
        text=form.text,
        source=candidate.source,
        reason=candidate.reason,
        score=_worth(len(form.text), score),
        lines=form.lines,
        file=in_root(located.path),
    )
    return _Shown(snippet, form.bare, form.numbers)


def _holds(outer: Definition, inner: Definition) -> bool:
    return outer.start_line <= inner.start_line and inner.end_line <= outer.end_line


class _Form(NamedTuple):
    """A signature as it is shown; `lines` are numbered where they do not follow each other."""

    first_line: int
    text: str
    lines: tuple[int, ...]
    bare: str
    numbers: frozenset[int]


@lru_cache(_REMEMBERED_FORMS)
def _form(definition: Definition, outer: Definition | None, family: str) -> _Form:
    numbered: list[tuple[int, str]] = []
    if outer is not None:
        head = outer.signature.split("\n")
        head[-1] += " {" if family == "braces" and not head[-1].endswith("{") else ""
        numbered = list(enumerate(head, signature_line(outer)))
    indent = _INDENT if numbered else ""
    first = signature_line(definition)
    own = [indent + line for line in definition.signature.split("\n")]
    own[-1] += _elision(definition, family)
    known = {number for number, _ in numbered}
    numbered += [one for one in enumerate(own, first) if one[0] not in known]
    lines = tuple(number for number, _ in numbered)
    is_run = lines == tuple(range(lines[0], lines[0] + len(lines)))
    text = "".join(f"{line}\n" for _, line in numbered)
    return _Form(lines[0], text, () if is_run else lines, "".join(text.split()), frozenset(lines))


def signature_line(definition: Definition) -> int:
    """The line that a definition's signature starts in, comments above it left out."""
    n_breaks = definition.signature.count("\n")
    last = definition.end_line if definition.body_line is None else definition.body_line - 1
    return max(last - n_breaks, definition.start_line)


_BRACES = "c cpp csharp go java javascript kotlin php rust svelte swift tsx typescript vue r shell"
_FAMILY = {"python": "colon"} | dict.fromkeys(_BRACES.split(), "braces")
_WITH_BODY = frozenset((Kind.FUNCTION, Kind.METHOD, Kind.CLASS))


def _elision(definition: Definition, family: str) -> str:
    if definition.kind not in _WITH_BODY:
        return ""
    if family == "colon":
        return " ..." if definition.signature.endswith(":") else ""
    if family == "braces" and definition.body_line is not None:
        return " { ... }"
    return ""


def _without_doubles(shown: Iterable[_Shown]) -> Iterable[Snippet]:
    """The snippets whose text did not come before, be it as a part of another one."""
    seen: defaultdict[str, set[int]] = defaultdict(set)
    texts: set[str] = set()
    for snippet, bare, numbers in shown:
        here = seen[snippet.key]
        if numbers <= here or bare in texts:
            continue
        here |= numbers
        texts.add(bare)
        yield snippet


def numbered_lines(snippet: Snippet) -> list[tuple[int, str]]:
    """The lines of a snippet with their numbers in the file, lines of dots left out."""
    text = snippet.text.removesuffix("\n").split("\n")
    numbers = snippet.lines or range(snippet.start_line, snippet.start_line + len(text))
    return [one for one in zip(numbers, text, strict=False) if one[0] != NO_LINE]
