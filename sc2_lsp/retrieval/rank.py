"""One ranking over what all sources propose, and the text of each proposal.

A definition that several sources propose counts for more than with any of them alone. What is best
is worth most for its tokens, so that a small budget holds many signatures rather than few bodies.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import chain

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
_WORDS_POWER = 2.0
_INDENT = "    "


def ranked(
    candidates: Iterable[Candidate],
    snippets: Iterable[Snippet],
    words: Mapping[str, float],
    lookup: Lookup | None,
) -> tuple[Snippet, ...]:
    """All of them as snippets, the best first and no two alike.

    `words` are those around the cursor and how near they stand, from 0 to 1.
    """
    best = _merged(candidates)
    best.sort(key=lambda candidate: (-_value(candidate), candidate.located.path))
    best = _weighed(best[:_MAX_WEIGHED], words)
    best.sort(key=lambda candidate: (-_value(candidate), candidate.located.path))
    found = [*_written(best[:MAX_SNIPPETS], lookup), *snippets]
    found = [replace(snippet, score=_worth(snippet)) for snippet in found]
    found.sort(key=lambda snippet: (-snippet.score, snippet.path, snippet.start_line))
    return tuple(_without_doubles(found))[:MAX_SNIPPETS]


def _merged(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Each definition once, by the chance that at least one of its reasons is right."""
    by_place: dict[tuple[str, int, str], Candidate] = {}
    for candidate in candidates:
        at = candidate.located
        key = (at.path, at.definition.start_line, at.definition.name)
        old = by_place.get(key)
        if old is None:
            by_place[key] = candidate
            continue
        best = max(old, candidate, key=lambda one: one.score)
        either = 1.0 - (1.0 - old.score) * (1.0 - candidate.score)
        by_place[key] = replace(best, score=either)
    return list(by_place.values())


def _weighed(candidates: list[Candidate], words: Mapping[str, float]) -> list[Candidate]:
    """Candidates whose signatures share rare words with the code around the cursor win odds."""
    each = [_words_of(one.located.definition.signature[:_READ_CHARS]) for one in candidates]
    counts = Counter(word for some in each for word in some)
    rarity = {word: math.log((len(each) + 1) / count) for word, count in counts.items()}
    weighed = []
    for candidate, some in zip(candidates, each, strict=True):
        shared = sum(rarity[word] * words[word] for word in some if word in words)
        norm = math.sqrt(sum(rarity[word] ** 2 for word in some)) + 1.0
        odds = candidate.score / (1.0 - min(candidate.score, 0.99))
        odds *= math.exp(_WORDS_POWER * shared / norm)
        weighed.append(replace(candidate, score=odds / (1.0 + odds)))
    return weighed


@lru_cache(_REMEMBERED_SIGNATURES)
def _words_of(signature: str) -> frozenset[str]:
    return frozenset(identifiers(signature))


def _value(candidate: Candidate) -> float:
    return candidate.score / _cost(len(candidate.located.definition.signature))


def _worth(snippet: Snippet) -> float:
    return snippet.score / _cost(len(snippet.text))


def _cost(n_chars: int) -> float:
    return float((n_chars / _CHARS_PER_TOKEN + _OVERHEAD_TOKENS) ** _COST_POWER)


def _written(candidates: list[Candidate], lookup: Lookup | None) -> list[Snippet]:
    containers = {
        candidate.located.definition.container.rpartition(".")[2]
        for candidate in candidates
        if candidate.located.definition.container
    }
    around: dict[tuple[str, str], list[Definition]] = {}
    if lookup is not None:
        for located in chain.from_iterable(lookup.definitions(sorted(containers)).values()):
            key = (located.path, located.definition.name)
            around.setdefault(key, []).append(located.definition)
    return [_signature(candidate, around) for candidate in candidates]


def _signature(candidate: Candidate, around: dict[tuple[str, str], list[Definition]]) -> Snippet:
    """A definition's signature below the first lines of what it stands in."""
    located = candidate.located
    definition = located.definition
    language = language_of(located.path)
    family = _FAMILY.get(language.name, "") if language else ""
    numbered: list[tuple[int, str]] = []
    name = definition.container.rpartition(".")[2]
    for outer in around.get((located.path, name), ()):
        if outer.start_line <= definition.start_line and definition.end_line <= outer.end_line:
            head = outer.signature.split("\n")
            head[-1] += " {" if family == "braces" and not head[-1].endswith("{") else ""
            numbered = list(enumerate(head, signature_line(outer)))
            break
    indent = _INDENT if numbered else ""
    first = signature_line(definition)
    own = [indent + line for line in definition.signature.split("\n")]
    own[-1] += _elision(definition, family)
    known = {number for number, _ in numbered}
    numbered += [one for one in enumerate(own, first) if one[0] not in known]
    lines = tuple(number for number, _ in numbered)
    is_run = lines == tuple(range(lines[0], lines[0] + len(lines)))
    return Snippet(
        path=located.path,
        start_line=lines[0],
        text="".join(f"{line}\n" for _, line in numbered),
        source=candidate.source,
        reason=candidate.reason,
        score=candidate.score,
        lines=() if is_run else lines,
    )


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


def _without_doubles(snippets: list[Snippet]) -> Iterable[Snippet]:
    """The snippets whose text did not come before, be it as a part of another one."""
    seen: set[tuple[str, int]] = set()
    texts: set[str] = set()
    for snippet in snippets:
        lines = numbered_lines(snippet)
        here = {(snippet.path, number) for number, _ in lines}
        text = "".join(snippet.text.split())
        if here <= seen or text in texts:
            continue
        seen |= here
        texts.add(text)
        yield snippet


def numbered_lines(snippet: Snippet) -> list[tuple[int, str]]:
    """The lines of a snippet with their numbers in the file, lines of dots left out."""
    text = snippet.text.removesuffix("\n").split("\n")
    numbers = snippet.lines or range(snippet.start_line, snippet.start_line + len(text))
    return [one for one in zip(numbers, text, strict=False) if one[0] != NO_LINE]
