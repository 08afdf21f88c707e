from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.text import Text
from sc2_lsp.workspace.notebooks import Piece, as_file


def code(content: str, language: str = "python") -> Piece:
    return Piece(content, language, is_code=True)


def prose(content: str) -> Piece:
    return Piece(content, "markdown", is_code=False)


def shown(current: int, *pieces: Piece) -> str:
    """The file, with a mark where the current piece begins."""
    sheet = as_file(pieces, current)
    at = sheet.starts[current]
    return sheet.text.content[:at] + "|" + sheet.text.content[at:]


def test_cells_of_code_stand_below_each_other() -> None:
    assert shown(1, code("import os"), code("x = 1\n"), code("y")) == ("import os\n\n|x = 1\n\n\ny")


def test_prose_becomes_comments() -> None:
    assert shown(1, prose("# Title\n\nLoad *it*.\n"), code("x")) == (
        "# # Title\n#\n# Load *it*.\n\n|x"
    )
    assert shown(1, prose("Load"), code("x", "csharp")) == "// Load\n\n|x"


def test_prose_is_left_out_where_the_language_has_no_known_comments() -> None:
    assert shown(1, prose("Load"), code("x", "brainfuck"), prose("Store")) == "|x\n\n"


def test_long_prose_is_cut() -> None:
    image = "![x](data:image/png;base64," + "A" * 5000 + ")"
    text = as_file([prose(image), prose("line\n" * 500), code("x")], 2).text
    assert len(text.content) < 500
    assert max(len(text.line(n)) for n in range(text.n_lines)) <= 202


def test_cells_of_other_languages_become_comments() -> None:
    assert shown(1, code("SELECT 1", "sql"), code("x = 1")) == "# SELECT 1\n\n|x = 1"
    assert shown(1, code("%%bash\nls"), code("x")) == "# %%bash\n# ls\n\n|x"
    assert shown(1, code("%%time\ny = 1"), code("x")) == "%%time\ny = 1\n\n|x"


def test_the_current_cell_stays_as_it_is() -> None:
    assert shown(1, code("x"), code("%%bash\nls"), code("y")) == "x\n\n|%%bash\nls\n\ny"


def test_around_prose_code_is_fenced() -> None:
    assert shown(1, code("import os"), prose("# The system"), prose("More.")) == (
        "```python\nimport os\n```\n\n|# The system\n\nMore."
    )


def test_the_file_is_the_same_whichever_cell_of_a_language_is_current() -> None:
    pieces = [prose("Title"), code("x = 1"), code("ls", "shellscript"), code("y = 2")]
    assert as_file(pieces, 1) == as_file(pieces, 3)


def test_empty_cells_leave_no_gap() -> None:
    assert shown(2, code("x"), code(""), code(""), code("y")) == "x\n\n|\n\ny"


def test_a_cell_of_crlf_keeps_its_line_breaks() -> None:
    assert shown(0, code("a\r\nb"), code("c")) == "|a\r\nb\r\n\r\nc"


contents = st.text("ab \n\r#%é🐍", max_size=12)
pieces = st.lists(
    st.builds(
        Piece,
        contents,
        st.sampled_from(["python", "sql", "markdown", "nope"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


@given(pieces, st.data())
def test_lines_and_columns_of_the_current_cell_are_its_own(
    cells: list[Piece], data: st.DataObject
) -> None:
    current = data.draw(st.integers(0, len(cells) - 1))
    sheet = as_file(cells, current)
    start = sheet.starts[current]
    alone = Text.of(cells[current].content)
    first = sheet.text.line_at(start)
    assert sheet.text.line_start(first) == start
    assert sheet.text.content.startswith(alone.content, start)
    for offset in range(len(alone.content) + 1):
        line = alone.line_at(offset)
        assert sheet.text.line_at(start + offset) == first + line
        assert sheet.text.line_start(first + line) == start + alone.line_start(line)
