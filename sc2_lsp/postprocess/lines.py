"""Lines of a suggestion, and where each of them starts and ends in it."""

from __future__ import annotations

from sc2_lsp.text import Text


def split(suggestion: str) -> list[str]:
    """The lines without their breaks; never empty."""
    text = Text.of(suggestion)
    return [text.line(number) for number in range(text.n_lines)]


def keep(suggestion: str, n_lines: int) -> str:
    """The first `n_lines` lines, without the break behind the last of them."""
    if n_lines == 0:
        return ""
    text = Text.of(suggestion)
    return suggestion[: text.line_end(n_lines - 1)] if n_lines < text.n_lines else suggestion


def has_words(line: str) -> bool:
    """Whether a line says more than brackets and punctuation do; emoji count as words."""
    return any(char.isalnum() or not char.isascii() for char in line)
