"""What stands around the cursor: which names are used how near, what is imported, which types are
in scope. Reads the current file alone and knows no index.

Uses are found by words, not by the parser, since the lines around a cursor are rarely whole.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from sc2_lsp.domain import Snapshot
from sc2_lsp.symbols import Definition, Kind, Outline
from sc2_lsp.syntax import Language, identifiers, language_of, outline
from sc2_lsp.text import Text, indent_width, indentation

# Beyond that many lines from the cursor a file is too large for its words to be looked at.
_REACH_LINES = 300
# At that many lines from the cursor a use counts less than half.
_NEAR_LINES = 12.0
_WORDS_LINES = 12
_SHORTEST_NAME = 3
_REMEMBERED_NAMES = 16_384
# From one key to the next all lines but one are the same.
_REMEMBERED_LINES = 8192
# A file of more lines is read in part: its head, where imports stand, and what is within reach.
_READ_WHOLE_LINES = 900
_HEAD_LINES = 200
_MAX_READ_CHARS = 200_000

_CALLABLE = (Kind.FUNCTION, Kind.METHOD)

_CHAIN = re.compile(r"(\.|->|::|\?\.)?([^\W\d]\w*(?:(?:\.|->|::|\?\.)[^\W\d]\w*)*)")
_CONNECTOR = re.compile(r"\.|->|::|\?\.")
_ASSIGNED_CALL = re.compile(
    r"^[ \t]*(?:(?:const|let|var|val|auto|local|my)[ \t]+)?([^\W\d][\w.]*)[ \t]*(?::[^=\n]+)?:?="
    r"[ \t]*(?:await[ \t]+|new[ \t]+)?([^\W\d][\w.:]*)\(",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Use:
    """How the current file uses a name.

    `nearness` is 1 at the cursor and falls with the distance of the nearest use. `receivers` stand
    before it, `?` for an expression and empty where it stands alone.
    """

    name: str
    nearness: float
    receivers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scene:
    """The current file as seen from the cursor.

    `uses` are by name, the nearest first; `calls` say by variable what was called to make it.
    `classes` are those around the cursor, innermost first, `function` is the innermost one.
    """

    snapshot: Snapshot
    language: Language | None
    outline: Outline
    line: int
    uses: dict[str, Use]  # The nearest first.
    calls: dict[str, str]
    classes: tuple[Definition, ...]
    function: Definition | None

    @property
    def path(self) -> str:
        return self.snapshot.path

    def nearness(self, name: str) -> float:
        """How near the cursor the file uses `name`, 0 where it does not."""
        use = self.uses.get(name)
        return use.nearness if use else 0.0

    def defines(self, name: str) -> bool:
        """Whether the file itself has a definition of `name` at its top."""
        return any(d.name == name and not d.container for d in self.outline.definitions)


def scene_of(snapshot: Snapshot) -> Scene:
    """The scene at the snapshot's cursor."""
    text = snapshot.text
    language = language_of(snapshot.path, snapshot.language_id)
    known = Outline()
    line = text.line_at(snapshot.char_offset)
    if language is not None:
        known = outline(_read_part(text, line), language, references=True, lines=(line, line))
    around = _around(known, text, snapshot.char_offset)
    return Scene(
        snapshot=snapshot,
        language=language,
        outline=known,
        line=line,
        uses=_uses(snapshot, line, {found.line for found in known.imports}),
        calls=_calls(snapshot, line),
        classes=tuple(one for one in around if one.kind is Kind.CLASS),
        function=next((one for one in around if one.kind in _CALLABLE), None),
    )


def near_words(scene: Scene) -> dict[str, float]:
    """The words of the lines around the cursor and how near they stand."""
    text = scene.snapshot.text
    first = max(scene.line - _WORDS_LINES, 0)
    last = min(scene.line + _WORDS_LINES, text.n_lines - 1)
    words: dict[str, float] = {}
    for number in range(first, last + 1):
        nearness = near(number - scene.line)
        for word in identifiers(text.line(number)):
            words[word] = max(nearness, words.get(word, 0.0))
    return words


@lru_cache(_REMEMBERED_LINES)
def names_in(line: str) -> tuple[tuple[str, str], ...]:
    """The words of a line and what stands before their dots: `?` for an expression."""
    names: list[tuple[str, str]] = []
    for connector, chain in _CHAIN.findall(line):
        receiver = "?" if connector else ""
        if chain.isidentifier():
            names.append((chain, receiver))
            continue
        for name in _CONNECTOR.split(chain):
            names.append((name, receiver))
            receiver = f"{receiver}.{name}" if receiver else name
    return tuple(names)


@lru_cache(_REMEMBERED_NAMES)
def may_be_defined(name: str) -> bool:
    """Whether it is worth to ask for a definition: neither a keyword nor a letter or two."""
    return len(name) >= _SHORTEST_NAME and bool(identifiers(name))


def near(n_lines: int) -> float:
    """1 at the cursor, falling with the distance in lines, never 0."""
    return 1.0 / (1.0 + abs(n_lines) / _NEAR_LINES)


def _read_part(text: Text, line: int) -> str:
    """The text with far lines of a large file left blank, but for those of blocks around."""
    first, last = max(line - _REACH_LINES, _HEAD_LINES), line + _REACH_LINES
    if text.n_lines <= _READ_WHOLE_LINES:
        return text.content if len(text.content) <= _MAX_READ_CHARS else ""
    if line < first:
        return _lines(text, 0, last)
    heads = "".join(f"{head}\n" for head in _heads_above(text, first, line))
    read = heads + _lines(text, first, last)
    return _lines(text, 0, _HEAD_LINES - 1) + read if len(read) <= _MAX_READ_CHARS else ""


def _heads_above(text: Text, first: int, line: int) -> list[str]:
    """The lines behind the head and above `first`, blank but where blocks around `line` begin."""
    heads = [""] * (first - _HEAD_LINES)
    codes = [text.line(number) for number in range(first, line + 1)]
    n_blanks = min((len(indentation(code)) for code in codes if code.strip()), default=0)
    begin, end = text.line_start(_HEAD_LINES), text.line_start(first)
    while n_blanks > 0:
        less = re.compile(rf"^[ \t]{{0,{n_blanks - 1}}}[^\s]", re.MULTILINE)
        above = deque(less.finditer(text.content, begin, end), maxlen=1)
        if not above:
            break
        end = above[0].start()
        number = text.line_at(end)
        heads[number - _HEAD_LINES] = text.line(number)
        n_blanks = len(indentation(text.line(number)))
    return heads


def _lines(text: Text, first: int, last: int) -> str:
    return text.content[text.line_start(first) : text.line_end(min(last, text.n_lines - 1))] + "\n"


def _indent(code: str) -> int:
    return indent_width(indentation(code))


def _uses(snapshot: Snapshot, line: int, lines_of_imports: set[int]) -> dict[str, Use]:
    """Every name that is used within reach; lines of imports do not use what they name."""
    text = snapshot.text
    first = max(line - _REACH_LINES, 0)
    last = min(line + _REACH_LINES, text.n_lines - 1)
    content, starts = text.content, (*text.line_starts, len(text.content))
    seen: dict[str, tuple[int, set[str]]] = {}
    for number in _outwards(line, first, last):
        if number in lines_of_imports:
            continue
        for name, receiver in names_in(content[starts[number] : starts[number + 1]]):
            if name in seen:
                seen[name][1].add(receiver)
            else:
                seen[name] = (number, {receiver})
    nearness = {number: near(number - line) for number in range(first, last + 1)}
    return {
        name: Use(name, nearness[number], frozenset(receivers))
        for name, (number, receivers) in seen.items()
    }


def _outwards(middle: int, first: int, last: int) -> Iterator[int]:
    """The numbers from `first` to `last`, the nearest to the one in the middle first."""
    yield middle
    for distance in range(1, max(middle - first, last - middle) + 1):
        if middle - distance >= first:
            yield middle - distance
        if middle + distance <= last:
            yield middle + distance


def _calls(snapshot: Snapshot, line: int) -> dict[str, str]:
    """By variable what is called to make it, the call nearest before the cursor."""
    text = snapshot.text
    first = max(line - _REACH_LINES, 0)
    before = text.content[text.line_start(first) : snapshot.char_offset]
    return dict(_ASSIGNED_CALL.findall(before))


def _around(known: Outline, text: Text, char_offset: int) -> list[Definition]:
    """The definitions that the cursor is in, innermost first.

    A parser ends a block with its last statement. Where indentation makes blocks, a line below it
    that is indented deeper than the definition belongs to it as well.
    """
    line = text.line_at(char_offset)
    above = line
    while above > 0 and not text.line(above).strip():
        above -= 1
    column = _indent(text.content[text.line_start(line) : char_offset])
    around = []
    for definition in known.definitions:
        if not definition.start_line <= line or definition.end_line < above:
            continue
        first = _indent(text.line(definition.start_line))
        if line <= definition.end_line or column > first:
            around.append(definition)
    return sorted(around, key=lambda definition: -definition.start_line)
