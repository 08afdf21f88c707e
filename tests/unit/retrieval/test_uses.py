from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.retrieval import uses
from sc2_lsp.retrieval.uses import REACH_LINES, calls_before, names_in, near, uses_around
from sc2_lsp.text import Text

CODE = st.text(alphabet="ab.?->:= (\n\r", max_size=60)


@given(CODE, st.integers(0, 9), st.sets(st.integers(0, 9), max_size=3))
def test_uses_are_those_of_all_lines_the_nearest_first(
    content: str, at: int, imports: set[int]
) -> None:
    text = Text.of(content)
    line = min(at, text.n_lines - 1)
    seen: dict[str, tuple[int, set[str]]] = {}
    for number in sorted(range(text.n_lines), key=lambda number: (abs(number - line), number)):
        for name, receiver in names_in(text.line(number)) if number not in imports else ():
            seen.setdefault(name, (number, set()))[1].add(receiver)
    found = uses_around(text, line, imports)
    assert [(use.name, use.nearness, use.receivers) for use in found.values()] == [
        (name, near(number - line), receivers) for name, (number, receivers) in seen.items()
    ]


def test_typing_reads_no_other_line_again() -> None:
    text = Text.of("a.b\nc(d)\n\ne = f(1)\n")
    uses_around(text, 2, set())
    before = uses._uses_beside.cache_info().misses
    typed = uses_around(text.splice(9, 9, "ag"), 2, set())
    assert typed["ag"].nearness == 1.0
    assert typed["b"].receivers == {"a"}
    assert uses._uses_beside.cache_info().misses == before


def test_nothing_is_used_beyond_reach() -> None:
    text = Text.of("far\n" + "\n" * REACH_LINES + "near\n")
    assert list(uses_around(text, REACH_LINES + 1, set())) == ["near"]


@given(CODE, st.integers(0, 60))
def test_calls_are_those_of_the_text_before_the_cursor(content: str, at: int) -> None:
    content = content.replace("\r", "")
    text, offset = Text.of(content), min(at, len(content))
    expected = dict(re.findall(uses._ASSIGNED_CALL, content[:offset]))
    assert calls_before(text, offset) == expected
