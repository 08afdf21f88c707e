"""Drops lines of a suggestion that the document holds right below the cursor."""

from __future__ import annotations

from sc2_lsp.postprocess.around import Around
from sc2_lsp.postprocess.lines import has_words, keep, split

_TELLING_LENGTH = 8
"""Chars from which on one equal line is taken for a repetition and not for a coincidence."""


def drop_suffix_lines(suggestion: str, around: Around) -> str:
    """The suggestion up to the line from which on it repeats what follows the cursor.

    Blank lines are passed over on both sides. Lines that end the suggestion may be any; where it
    goes on differently, two in a row have to be the same, or a telling one behind the first.
    """
    if around.rest.strip():
        return suggestion
    written = [line.rstrip() for line in split(around.typed + suggestion)]
    numbers = [number for number, line in enumerate(written) if line]
    below = [line.rstrip() for _, line in zip(numbers, around.code_below(), strict=False)]
    for index, number in enumerate(numbers):
        tail = [written[other] for other in numbers[index:]]
        n_same = _n_same(tail, below)
        is_whole = n_same == len(tail)
        if number == 0 and around.typed.strip():
            is_repeat = is_whole and _is_telling(tail[0])
        else:
            is_repeat = is_whole or n_same >= 2 or (number > 0 < n_same and _is_telling(tail[0]))
        if is_repeat:
            return keep(suggestion, number)
    return suggestion


def _n_same(lines: list[str], others: list[str]) -> int:
    """How many lines both lists begin with."""
    n_same = 0
    for line, other in zip(lines, others, strict=False):
        if line != other:
            break
        n_same += 1
    return n_same


def _is_telling(line: str) -> bool:
    return len(line.strip()) >= _TELLING_LENGTH and has_words(line)
