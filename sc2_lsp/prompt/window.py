"""Which part of the current file a prompt shows: whole lines, beginning at a definition.

The start moves only when it must, and then in one big step, so that a prompt begins like the one
before it and the KV cache stays useful. Where it moves to depends on the text alone and is the same
for all cursors nearby, so that a new session begins like the one before it.
"""

from __future__ import annotations

from sc2_lsp.text import Text

# The share of the prefix that is shown right behind a move; the rest is room to type into. The room
# is also the distance of the places that a window may begin at.
_FILLED = 0.75
_CLOSERS = ")]}"


def prefix_start(text: Text, end: int, n_chars: int, preferred: int | None) -> int:
    """Where the text that a prompt shows up to `end` begins, at most `n_chars` before it.

    `preferred` stays if it is near enough. Otherwise it is the beginning of the file, of a
    definition or of a part of one, else of a line; only a line that is longer than its share is cut
    inside.
    """
    if preferred is not None and end - n_chars <= preferred <= end:
        return preferred
    if end <= n_chars:
        return 0
    room = max(n_chars - int(n_chars * _FILLED), 1)
    target = -(-(end - n_chars) // room) * room
    first = text.line_at(target) + (text.line_start(text.line_at(target)) < target)
    last = text.line_at(end)
    if first >= text.n_lines or text.line_start(first) > end:
        return target
    # Further down too little would be shown.
    limit = text.line_at(min(target + room // 2, end))
    after_blanks = [n for n in range(first, min(limit, last) + 1) if _follows_a_blank(text, n)]
    at_margin = [n for n in after_blanks if not text.line(n)[:1].isspace()]
    return text.line_start((at_margin or after_blanks or [first])[0])


def _follows_a_blank(text: Text, line: int) -> bool:
    """Whether `line` is code behind a blank line, as definitions are, and parts of them."""
    code = text.line(line).strip()
    if not code or code[0] in _CLOSERS:
        return False
    return line == 0 or not text.line(line - 1).strip()


def suffix_end(text: Text, start: int, n_chars: int) -> int:
    """Where the text that a prompt shows from `start` on ends, at most `n_chars` behind it.

    That is a line end unless the line is longer than its share.
    """
    limit = start + n_chars
    if limit >= len(text.content):
        return len(text.content)
    end = text.line_start(text.line_at(limit))
    return end if end > start else limit


def shrink(n_chars: int, n_tokens: int, budget: int) -> int:
    """A smaller number of chars, so that `n_tokens` of `n_chars` come down to `budget` tokens.

    Always smaller than `n_chars`; zero in the end.
    """
    if budget <= 0:
        return 0
    return min(n_chars * budget * 15 // (n_tokens * 16), n_chars - 1)
