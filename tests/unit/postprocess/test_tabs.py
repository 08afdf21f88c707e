from __future__ import annotations

from sc2_lsp.postprocess.tabs import use_document_tabs
from tests.unit.postprocess.tables import Row, around, table


@table(
    Row("spaces to tabs", "\tif a {\n\t\t<CURSOR>", "b()\n        c()\n    }", "b()\n\t\tc()\n\t}"),
    Row("two spaces to tabs", "a {\n\t<CURSOR>", "b {\n    c\n  }", "b {\n\t\tc\n\t}"),
    Row("tabs stay tabs", "\ta\n\t<CURSOR>", "b\n\tc", "b\n\tc"),
    Row("tabs to four spaces", "def f():\n    <CURSOR>", "if a:\n\t\tb", "if a:\n        b"),
    Row("tabs to two spaces", "a {\n  b {\n    <CURSOR>", "c\n\t}", "c\n  }"),
    Row("spaces stay spaces", "  a\n  <CURSOR>", "b\n      c", "b\n      c"),
    Row("the line below tells", "<CURSOR>\n\ta", "if b:\n    c", "if b:\n\tc"),
    Row("the first line too", "if a {\n\tb\n<CURSOR>\n\tc", "    d\n    e", "\td\n\te"),
    Row("not behind code", "\tx = a<CURSOR>", "    + b\n    c", "    + b\n\tc"),
    Row("no evidence", "<CURSOR>", "if a:\n\tb", "if a:\n\tb"),
    Row("odd widths stay", "\ta\n\t<CURSOR>", "f(b,\n   c)", "f(b,\n   c)"),
    Row("a mixed document stays", "\ta\n  <CURSOR>", "b\n\tc", "b\n\tc"),
    Row("a document of both stays", "    a\n\t<CURSOR>", "b\n    c", "b\n    c"),
    Row("aligned comments", " * a\n\t<CURSOR>", "b\n    c", "b\n\tc"),
    Row("blank lines stay", "\ta\n\t<CURSOR>", "b\n    \n    c", "b\n    \n\tc"),
    Row("CRLF", "a {\r\n\t<CURSOR>", "b\r\n    c", "b\r\n\tc"),
)
def test_tabs(row: Row) -> None:
    assert use_document_tabs(row.suggestion, around(row.document)) == row.expected
