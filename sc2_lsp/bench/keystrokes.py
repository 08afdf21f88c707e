"""What a person's hands do: the edits that type given lines of a text, with pauses between them.

Pure and seeded: the same text, lines and seed give the same strokes. Whatever the scenario, the
texts end up as they are meant to be.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from random import Random

from sc2_lsp.text import Text, indentation

MEDIAN_PAUSE_S = 0.06
"""Between two characters: about a third of a quick typist's, so that a replay takes less time."""

_PAUSE_SPREAD = 0.5
_LONGEST_PAUSE_S = 1.0
_WORD_FACTOR, _LINE_FACTOR, _THOUGHT_FACTOR = 2.0, 4.0, 12.0
_MISTAKE_SHARE = 0.04
_THOUGHT_SHARE = 0.03
_RETYPED_CHARS = 5
_SLIPS = "abcdefghijklmnopqrstuvwxyz"


class Scenario(str, Enum):
    """straight: the lines and nothing else; mixed: with mistakes, jumps and another file."""

    STRAIGHT = "straight"
    MIXED = "mixed"


class Kind(str, Enum):
    """What a stroke is for; the first stroke after the cursor was set elsewhere is a RETURN."""

    TYPED = "typed"
    MISTAKE = "mistake"
    CORRECTION = "correction"
    JUMP = "jump"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class Stroke:
    """One keystroke: the chars from `start` up to `end` of a document are replaced by `text`.

    `document` is 0 for the one that is typed in and 1 for the second one. The cursor stands behind
    `text` then. `pause_s` goes by after the answer.
    """

    document: int
    start: int
    end: int
    text: str
    kind: Kind
    pause_s: float

    @property
    def cursor(self) -> int:
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines of `whole` to be typed: `first` is zero-based. Refuses what `whole` does not hold."""

    whole: Text
    first: int
    n_lines: int

    def __post_init__(self) -> None:
        n_left = self.whole.n_lines - self.first
        if self.first < 0 or not 0 < self.n_lines <= n_left:
            raise ValueError("no such lines")

    @property
    def start(self) -> int:
        """Where the first char is typed: editors put the indentation of a line themselves."""
        first = self.whole.line_start(self.first)
        return first + len(indentation(self.whole.line(self.first)))

    @property
    def end(self) -> int:
        return max(self.whole.line_end(self.first + self.n_lines - 1), self.start)

    @property
    def before(self) -> Text:
        """The text as it is opened: without the lines."""
        return self.whole.splice(self.start, self.end, "")


def strokes(
    passage: Passage, scenario: Scenario, second: Text | None, seed: int
) -> Iterator[Stroke]:
    """The strokes that turn `passage.before` into `passage.whole`.

    With a `second` text a mixed scenario also edits that one, and leaves it as it was.
    """
    rng = Random(seed)
    away = _away_after(passage, rng) if scenario is Scenario.MIXED else frozenset[int]()
    n_visits, is_back = 0, False
    for stroke in _typing(passage, rng):
        if scenario is Scenario.STRAIGHT:
            yield stroke
            continue
        if len(stroke.text) == 1 and rng.random() < _MISTAKE_SHARE:
            yield from _slip(stroke, rng)
        if rng.random() < _THOUGHT_SHARE:
            stroke = replace(stroke, pause_s=_pause_s(rng, _THOUGHT_FACTOR))
        yield replace(stroke, kind=Kind.RETURN) if is_back else stroke
        is_back = stroke.cursor in away
        if is_back:
            # Within the file and to the other one in turns.
            n_visits += 1
            yield from _visit(passage, stroke.cursor, second if n_visits % 2 == 0 else None, rng)


def _typing(passage: Passage, rng: Random) -> Iterator[Stroke]:
    """Each char a stroke; a line break brings the next line's indentation with it."""
    at, end = passage.start, passage.end
    content, whole = passage.whole.content, passage.whole
    while at < end:
        line = whole.line_at(at)
        if at < whole.line_end(line):
            stop, factor = at + 1, _WORD_FACTOR if content[at].isspace() else 1.0
        else:
            start = whole.line_start(line + 1)
            stop = min(start + len(indentation(whole.line(line + 1))), end)
            factor = _LINE_FACTOR
        yield Stroke(0, at, at, content[at:stop], Kind.TYPED, _pause_s(rng, factor))
        at = stop


def _away_after(passage: Passage, rng: Random) -> frozenset[int]:
    """Offsets behind which the hands go elsewhere: somewhere within each line of some length."""
    whole = passage.whole
    places = []
    for line in range(passage.first, passage.first + passage.n_lines):
        # The indentation is one stroke, and a return needs something left to type.
        low = whole.line_start(line) + len(indentation(whole.line(line))) + 1
        if low < whole.line_end(line):
            places.append(rng.randrange(low, whole.line_end(line)))
    return frozenset(places)


def _slip(stroke: Stroke, rng: Random) -> Iterator[Stroke]:
    """A wrong char and the backspace that takes it away again."""
    wrong = rng.choice([char for char in _SLIPS if char != stroke.text])
    at = stroke.start
    yield Stroke(stroke.document, at, at, wrong, Kind.MISTAKE, _pause_s(rng, 1.0))
    yield Stroke(stroke.document, at, at + 1, "", Kind.CORRECTION, _pause_s(rng, 1.0))


def _visit(passage: Passage, cursor: int, second: Text | None, rng: Random) -> Iterator[Stroke]:
    """The end of a line of `second`, or of another line here, is deleted and typed again."""
    text, document = second, 1
    if text is None:
        text, document = passage.whole.splice(cursor, passage.end, ""), 0
    here = text.line_at(cursor) if document == 0 else None
    lines = [
        line
        for line in range(text.n_lines)
        if line != here and len(text.line(line)) >= _RETYPED_CHARS
    ]
    if not lines:
        return
    end = text.line_end(rng.choice(lines))
    start = end - _RETYPED_CHARS
    for at in range(end, start, -1):
        kind = Kind.JUMP if at == end else Kind.CORRECTION
        yield Stroke(document, at - 1, at, "", kind, _pause_s(rng, 1.0))
    for at in range(start, end):
        char = text.content[at]
        yield Stroke(document, at, at, char, Kind.TYPED, _pause_s(rng, 1.0))


def _pause_s(rng: Random, factor: float) -> float:
    """Pauses of people spread like this: most are short, some are long."""
    pause_s = MEDIAN_PAUSE_S * factor * math.exp(rng.gauss(0.0, _PAUSE_SPREAD))
    return min(pause_s, _LONGEST_PAUSE_S)
