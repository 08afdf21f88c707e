"""Which part of the current file a prompt shows: whole lines around the cursor.

The start of the window is a function of the cursor that stays put for many lines and then moves in
one step, so that a prompt begins like the one before it and the KV cache stays useful.
"""

from __future__ import annotations

from dataclasses import dataclass

from sc2_lsp.text import Text

_STEPS = 4


@dataclass(frozen=True, slots=True)
class Window:
    """Char offsets of the text that a prompt shows: `[start, cursor)` and `[cursor, end)`."""

    start: int
    end: int


def around(text: Text, char_offset: int, prefix_chars: int, suffix_chars: int) -> Window:
    """At most `prefix_chars` before and `suffix_chars` after the cursor, cut at line starts.

    Only a line that is longer than its share is cut inside.
    """
    return Window(_start(text, char_offset, prefix_chars), _end(text, char_offset, suffix_chars))


def _start(text: Text, char_offset: int, prefix_chars: int) -> int:
    if char_offset <= prefix_chars:
        return 0
    step = max(prefix_chars // _STEPS, 1)
    lowest = char_offset - prefix_chars
    stepped = -(-lowest // step) * step
    line = text.line_at(stepped - 1) + 1
    start = text.line_start(line) if line < text.n_lines else char_offset
    return start if start <= text.line_start(text.line_at(char_offset)) else lowest


def _end(text: Text, char_offset: int, suffix_chars: int) -> int:
    limit = char_offset + suffix_chars
    if limit >= len(text.content):
        return len(text.content)
    end = text.line_start(text.line_at(limit))
    return end if end > char_offset else limit


def shrink(n_chars: int, n_tokens: int, budget: int) -> int:
    """A smaller number of chars, so that `n_tokens` of `n_chars` come down to `budget` tokens.

    Always smaller than `n_chars`; zero in the end.
    """
    if budget <= 0:
        return 0
    return min(n_chars * budget * 15 // (n_tokens * 16), n_chars - 1)
