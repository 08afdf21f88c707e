from __future__ import annotations

from sc2_lsp.postprocess.trailing_blank import drop_trailing_blank
from tests.unit.postprocess.tables import Row, around, table


@table(
    Row("blanks", "x = <CURSOR>", "1  \t", "1"),
    Row("line breaks", "x = <CURSOR>\nb", "1\n\n    ", "1"),
    Row("CRLF", "x = <CURSOR>\r\nb", "1\r\n", "1"),
    Row("blank follows", "x = <CURSOR> + b", "a ", "a"),
    Row("code follows", "f(<CURSOR>b)", "a, ", "a, "),
    Row("a bracket follows", "f(<CURSOR>)", "a ", "a"),
    Row("a line break before code", "<CURSOR>def f():", "@cached\n", "@cached\n"),
    Row("a line break before a bracket", "f(<CURSOR>)", "\n    a,\n", "\n    a,\n"),
    Row("blank in front stays", "x =<CURSOR>", " 1", " 1"),
)
def test_trailing_blank(row: Row) -> None:
    assert drop_trailing_blank(row.suggestion, around(row.document)) == row.expected
