from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.engine.pieces import Pieces

pieces = st.lists(st.text("ab\u00e9", max_size=4).map(str.encode), max_size=40)
rests = st.text("ab\u00e9", min_size=1, max_size=6).map(str.encode)


@given(pieces, rests)
def test_what_fits_is_what_a_slow_look_at_every_token_finds(
    vocabulary: list[bytes], rest: bytes
) -> None:
    slow = {
        token
        for token, piece in enumerate(vocabulary)
        if piece and (piece.startswith(rest) or rest.startswith(piece))
    }
    found = Pieces(vocabulary).fitting(rest)
    assert set(found) == slow
    assert len(found) == len(slow)
    assert {
        token for token in range(len(vocabulary)) if Pieces(vocabulary).fits(token, rest)
    } == slow


def test_bytes_above_every_character_are_found_too() -> None:
    assert Pieces([b"\xff", b"\xff\xff", b"\xfe"]).fitting(b"\xff") == [0, 1]
