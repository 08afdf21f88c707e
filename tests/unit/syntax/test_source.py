"""What of a text a grammar is to read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.syntax.languages import language_of
from sc2_lsp.syntax.source import _has_line_over, prepare


@given(
    st.lists(st.sampled_from([b"\n", b"a", b"four", b"thirteen char"]), max_size=30).map(b"".join)
)
def test_a_long_line_is_seen_wherever_it_stands(data: bytes) -> None:
    assert _has_line_over(data, 7) == (max(map(len, data.split(b"\n"))) > 7)


@pytest.mark.parametrize("around", [b"", b"x = 1\n" * 5000])
def test_a_text_with_a_line_that_nobody_wrote_is_not_parsed(around: bytes) -> None:
    language = language_of("a.py")
    assert language is not None
    line = b"x = '" + b"a" * 19_994 + b"'"
    assert prepare(around + line + b"\n" + around, language) is not None
    assert prepare(around + line + b" \n" + around, language) is None
