from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.prompt.window import prefix_start, shrink, suffix_end
from sc2_lsp.text import Text

texts = st.text(alphabet="ab\n\r😀", max_size=200)


@given(texts, st.data())
def test_a_window_is_within_its_shares_and_cut_at_line_starts_unless_a_line_is_too_long(
    content: str, data: st.DataObject
) -> None:
    text = Text.of(content)
    cursor = data.draw(st.integers(0, len(content)))
    prefix, suffix = data.draw(st.integers(0, 80)), data.draw(st.integers(0, 80))
    start = prefix_start(text, cursor, prefix, None)
    end = suffix_end(text, cursor, suffix)
    assert 0 <= start <= cursor <= end <= len(content)
    assert cursor - start <= prefix
    assert end - cursor <= suffix
    own_line = text.line_start(text.line_at(cursor))
    assert start in text.line_starts or start > own_line
    next_line = text.line_at(cursor) + 1
    assert (
        end in (*text.line_starts, len(content))
        or next_line == text.n_lines
        or end < text.line_start(next_line)
    )


def test_a_small_file_is_shown_whole() -> None:
    text = Text.of("one\ntwo\nthree\n")
    assert prefix_start(text, 5, 100, None) == 0
    assert suffix_end(text, 5, 100) == len(text.content)


def test_a_window_begins_at_a_definition() -> None:
    lines = [f"x{number} = {number}\n" for number in range(100)]
    lines[70:70] = ["\n", "def here():\n", "    return 1\n"]
    text = Text.of("".join(lines))
    start = prefix_start(text, len(text.content), 400, None)
    assert text.content[start:].startswith("def here():")


def test_a_window_keeps_its_start_until_it_is_full_and_then_has_room_again() -> None:
    text = Text.of("".join(f"line {number:04}\n" for number in range(400)))
    start: int | None = None
    starts = []
    for n in range(100):
        start = prefix_start(text, 2000 + 10 * n, 1000, start)
        starts.append(start)
    assert starts == sorted(starts)
    assert len(set(starts)) <= 5


def test_a_new_session_begins_where_the_one_before_it_did() -> None:
    text = Text.of("".join(f"line {number:04}\n" for number in range(400)))
    start: int | None = None
    cursors = range(1500, 3900, 10)
    kept = []
    for cursor in cursors:
        start = prefix_start(text, cursor, 1000, start)
        kept.append(start)
    fresh = [prefix_start(text, cursor, 1000, None) for cursor in cursors]
    n_same = sum(old == new for old, new in zip(kept, fresh, strict=True))
    assert n_same > 0.95 * len(fresh)
    assert len(set(fresh)) <= 12


def test_a_start_behind_the_cursor_is_not_kept() -> None:
    text = Text.of("a\n" * 100)
    assert prefix_start(text, 50, 20, 60) <= 50


def test_a_line_longer_than_its_share_is_cut_inside() -> None:
    text = Text.of("x" * 1000)
    assert (prefix_start(text, 600, 100, None), suffix_end(text, 600, 50)) == (500, 650)


@given(st.integers(1, 10_000), st.integers(1, 10_000), st.integers(0, 10_000))
def test_shrinking_always_ends(n_chars: int, n_tokens: int, budget: int) -> None:
    assert 0 <= shrink(n_chars, n_tokens, budget) < n_chars
