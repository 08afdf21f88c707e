"""What stands around the cursor: which names are used how near, what is imported, which types are
in scope. Reads the current file alone and knows no index.

Uses are found by words, not by the parser, since the lines around a cursor are rarely whole.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass

from sc2_lsp.domain import Snapshot
from sc2_lsp.retrieval.uses import REACH_LINES, Use, calls_before, near, uses_around, words_in
from sc2_lsp.symbols import Definition, Kind, Outline
from sc2_lsp.syntax import Language, language_of, outline
from sc2_lsp.text import Text, indent_width, indentation

_WORDS_LINES = 12
# Uses are found by words; of what the parser has, only bindings are wanted.
_NO_LINES = (0, -1)
# A file of more lines is read in part: its head, where imports stand, and what is within reach.
_READ_WHOLE_LINES = 900
_HEAD_LINES = 200
_MAX_READ_CHARS = 200_000

_CALLABLE = (Kind.FUNCTION, Kind.METHOD)


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
        known = outline(_read_part(text, line), language, references=True, lines=_NO_LINES)
    around = _around(known, text, snapshot.char_offset)
    return Scene(
        snapshot=snapshot,
        language=language,
        outline=known,
        line=line,
        uses=uses_around(text, line, {found.line for found in known.imports}),
        calls=calls_before(text, snapshot.char_offset),
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
        for word in words_in(text.line(number)):
            words[word] = max(nearness, words.get(word, 0.0))
    return words


def _read_part(text: Text, line: int) -> str:
    """The text with far lines of a large file left blank, but for those of blocks around."""
    first, last = max(line - REACH_LINES, _HEAD_LINES), line + REACH_LINES
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
