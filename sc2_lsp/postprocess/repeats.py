"""Drops suggestions that only repeat: the lines above the cursor, or themselves."""

from __future__ import annotations

from sc2_lsp.postprocess.around import Around
from sc2_lsp.postprocess.lines import has_words, keep, split


def drop_repeats(suggestion: str, around: Around) -> str:
    """The suggestion without its own repetitions; empty if it then is what stands just above.

    Only on a line of its own: who has typed the beginning of the line above may want it again.
    """
    suggestion = _keep_one_round(suggestion, around)
    if around.typed.strip():
        return suggestion
    written = _code(around.typed + suggestion)
    above = [line.rstrip() for _, line in zip(written, around.code_above(), strict=False)]
    if written == above[::-1] and any(map(has_words, written)):
        return ""
    return suggestion


def _keep_one_round(suggestion: str, around: Around) -> str:
    """The suggestion up to where it starts going round in circles of one line or several."""
    written = [line.rstrip() for line in split(around.typed + suggestion)]
    numbers = [number for number, line in enumerate(written) if line]
    lines = [written[number] for number in numbers]
    for start in range(len(lines)):
        for period in range(1, (len(lines) - start) // 2 + 1):
            if _goes_round(lines[start:], period):
                return keep(suggestion, numbers[start + period - 1] + 1)
    return suggestion


def _goes_round(lines: list[str], period: int) -> bool:
    """Whether `lines` are their first `period` again and again; the last may be torn."""
    if not any(map(has_words, lines[:period])):
        return False
    *whole, last = lines
    if any(line != lines[number % period] for number, line in enumerate(whole)):
        return False
    expected = lines[len(whole) % period]
    return last == expected or (len(whole) >= 2 * period and expected.startswith(last))


def _code(text: str) -> list[str]:
    return [line.rstrip() for line in split(text) if line.strip()]
