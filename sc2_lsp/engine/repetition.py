"""Notices that a model has begun to say the same thing over and over, as small ones do."""

from __future__ import annotations

_LONGEST_UNIT = 12
_LOOP_CHARS = 48


def end_before_loop(text: str) -> int | None:
    """How many chars of `text` to keep if it ends in a loop, which are those of the first round.

    A loop is a unit of at most 12 chars with a letter or digit in it that fills the last 48 chars;
    rules such as `-----` and indentation are none.
    """
    tail = text[-_LOOP_CHARS:]
    if len(tail) < _LOOP_CHARS:
        return None
    for n_unit in range(1, _LONGEST_UNIT + 1):
        if tail[n_unit:] == tail[:-n_unit] and any(char.isalnum() for char in tail[:n_unit]):
            start = len(text) - _LOOP_CHARS
            while start > 0 and text[start - 1] == text[start - 1 + n_unit]:
                start -= 1
            return start + n_unit
    return None
