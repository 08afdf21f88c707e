from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.prompt.window import around, shrink
from sc2_lsp.text import Text

texts = st.text(alphabet="ab\n\r😀", max_size=200)


@given(texts, st.data())
def test_a_window_is_within_its_shares_and_cut_at_line_starts_unless_a_line_is_too_long(
    content: str, data: st.DataObject
) -> None:
    text = Text.of(content)
    cursor = data.draw(st.integers(0, len(content)))
    prefix, suffix = data.draw(st.integers(0, 80)), data.draw(st.integers(0, 80))
    window = around(text, cursor, prefix, suffix)
    assert 0 <= window.start <= cursor <= window.end <= len(content)
    assert cursor - window.start <= prefix
    assert window.end - cursor <= suffix
    own_line = text.line_start(text.line_at(cursor))
    assert window.start in text.line_starts or window.start > own_line
    next_line = text.line_at(cursor) + 1
    assert (
        window.end in (*text.line_starts, len(content))
        or next_line == text.n_lines
        or window.end < text.line_start(next_line)
    )


def test_a_small_file_is_shown_whole() -> None:
    text = Text.of("one\ntwo\nthree\n")
    assert around(text, 5, 100, 100).start == 0
    assert around(text, 5, 100, 100).end == len(text.content)


def test_the_window_keeps_its_start_while_lines_are_typed() -> None:
    lines = "".join(f"line {number:04}\n" for number in range(400))
    text = Text.of(lines)
    starts = {around(text, 2000 + 10 * n, 1000, 100).start for n in range(25)}
    assert len(starts) <= 2


def test_a_line_longer_than_its_share_is_cut_inside() -> None:
    text = Text.of("x" * 1000)
    window = around(text, 600, 100, 50)
    assert (window.start, window.end) == (500, 650)


@given(st.integers(1, 10_000), st.integers(1, 10_000), st.integers(0, 10_000))
def test_shrinking_always_ends(n_chars: int, n_tokens: int, budget: int) -> None:
    assert 0 <= shrink(n_chars, n_tokens, budget) < n_chars
