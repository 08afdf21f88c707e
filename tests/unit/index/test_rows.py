from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.index.parsed import contents_of, unpack_definitions
from sc2_lsp.index.rows import rows_named

NAMES = st.sampled_from(["a", "of", "x" * 31, "y" * 32, "z" * 300, "größe", "\u0637\u0637"])
LINES = st.sampled_from([0, 127, 128, 0x99, 255, 256, 70_000])
ROWS = st.tuples(
    NAMES,
    st.just("method"),
    NAMES,
    LINES,
    LINES,
    NAMES | st.text(max_size=40) | st.just("s" * 70_000),
    LINES | st.none(),
    st.lists(NAMES, max_size=20).map(tuple),
    NAMES,
)


@given(st.lists(ROWS, max_size=8), NAMES)
def test_the_rows_of_a_name_are_those_that_unpacking_all_gives(
    rows: list[tuple[object, ...]], name: str
) -> None:
    packed = msgspec.msgpack.encode((rows, [("m", name, name, 1)]))
    expected = [row for row in unpack_definitions(packed) if row.name == name]
    assert rows_named(packed, name) == expected


def test_definitions_of_a_text_are_found_in_its_outline() -> None:
    source = "class A:\n    def f(self): ...\n\ndef f(x):\n    return x\n"
    outline = contents_of("a.py", source.encode()).outline
    assert [(row.name, row.container, row.start_line) for row in rows_named(outline, "f")] == [
        ("f", "A", 1),
        ("f", "", 3),
    ]
    assert rows_named(outline, "g") == rows_named(outline, "") == []
    assert rows_named(outline[:20], "A") == []
