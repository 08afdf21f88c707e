from __future__ import annotations

from sc2_lsp.postprocess.brackets import drop_surplus_closers
from tests.unit.postprocess.tables import Row, around, table


@table(
    Row("nothing follows", "f(<CURSOR>", "a)", "a)"),
    Row("more behind the bracket", "def f(<CURSOR>)", "a, b):", "a, b"),
    Row("a block behind the bracket", "def f(<CURSOR>)", "a):\n    g(a)", "a"),
    Row("a call behind the bracket", "f(<CURSOR>)", "a).g(b)", "a"),
    Row("closed and opened again", "f(<CURSOR>)", "a) + g(b", "a) + g(b"),
    Row("further behind on the line", "f(<CURSOR>, c)", "a, b)", "a, b"),
    Row("pairs of its own", "f(<CURSOR>)", "g(a)[0]", "g(a)[0]"),
    Row("a bracket that is needed", "f(g(<CURSOR>)", "x)", "x)"),
    Row("another bracket", "f(<CURSOR>)", "a]", "a]"),
    Row("a quote and more", 'print("<CURSOR>")', 'a", x', "a"),
    Row("brackets in quotes", "f(<CURSOR>)", '"):"', '"):"'),
    Row("escaped quotes", 'f("<CURSOR>")', 'a\\"b', 'a\\"b'),
    Row("a block that is closed below", "f(\n    <CURSOR>\n)", "a)", "a"),
    Row("closed below, CRLF", "f(\r\n\t<CURSOR>\r\n)", "a)", "a"),
    Row("two closed below", "f(() => {\n  <CURSOR>\n})", "return 1; })", "return 1; "),
    Row("closed below, elsewhere", "  f(\n    <CURSOR>\n)", "a)", "a)"),
    Row("not closed below", "f(\n    <CURSOR>\ng()", "a)", "a)"),
    Row("opened and closed by itself", "f(\n    <CURSOR>\n)", "g(a)", "g(a)"),
    Row("closed, opened again", "f(\n    <CURSOR>\n)", "a\n)\ng(\n    b", "a\n)\ng(\n    b"),
    Row("one of two closed below", "{\n{\n  <CURSOR>\n}", "a;\n};", "a;\n};"),
    Row("both closed below", "{\n{\n  <CURSOR>\n}\n}", "a;\n};", "a;\n"),
    Row("emoji", "f(<CURSOR>)", '"🐍"):', '"🐍"'),
)
def test_brackets(row: Row) -> None:
    assert drop_surplus_closers(row.suggestion, around(row.document)) == row.expected
