"""Notices that a model has begun to say the same thing over and over, as small ones do."""

from __future__ import annotations

_LONGEST_UNIT = 24
_FEWEST_CHARS = 48
_FEWEST_ROUNDS = 3


def end_before_loop(text: str) -> int | None:
    """How many chars of `text` to keep if it ends in a loop, which are those of the first round.

    None of them if there is nothing before the loop: who begins with a loop has nothing to say.
    A loop is a unit of at most 24 chars with a letter or digit in it that fills the last 48 chars
    and has gone round three times; rules such as `-----` and indentation are none.
    """
    for n_unit in range(1, _LONGEST_UNIT + 1):
        n_loop = max(_FEWEST_CHARS, _FEWEST_ROUNDS * n_unit)
        tail = text[-n_loop:]
        if len(tail) < n_loop or tail[n_unit:] != tail[:-n_unit]:
            continue
        if any(char.isalnum() for char in tail[:n_unit]):
            start = len(text) - n_loop
            while start > 0 and text[start - 1] == text[start - 1 + n_unit]:
                start -= 1
            return start + n_unit if start > 0 else 0
    return None
