from __future__ import annotations

from sc2_lsp.postprocess.rest_of_line import drop_rest_of_line
from tests.unit.postprocess.tables import Row, around, table


@table(
    Row("nothing follows", "f(<CURSOR>", "a)", "a)"),
    Row("blanks follow", "f(<CURSOR>  \nb", "a)", "a)"),
    Row("a bracket", "f(<CURSOR>)", "a, b)", "a, b"),
    Row("a bracket of its own", "f(<CURSOR>)", "g(x)", "g(x)"),
    Row("its own and one more", "f(<CURSOR>)", "g(x))", "g(x)"),
    Row("a bracket that is needed", "f(g(<CURSOR>)", "x)", "x)"),
    Row("two brackets", "f(g(<CURSOR>))", "x))", "x"),
    Row("the beginning of the rest", "f(<CURSOR>): pass", "a, b)", "a, b"),
    Row("all of the rest", "def f(<CURSOR>) -> int:", "a, b) -> int:", "a, b"),
    Row("a quote", 'print("<CURSOR>")', 'hello"', "hello"),
    Row("a quote and a bracket", 'print("<CURSOR>")', 'hello")', "hello"),
    Row("quotes of its own", 'print("<CURSOR>")', 'a", "b")', 'a", "b'),
    Row("a quote that is needed", 'if "<CURSOR>', 'a" == "b"', 'a" == "b"'),
    Row("a whole string before one", "f(<CURSOR>)", '"a"', '"a"'),
    Row("inside an f-string", 'f"{<CURSOR>}"', 'name}"', "name"),
    Row("an operand", "x = <CURSOR> + b", "a + b", "a"),
    Row("a separator", "f(<CURSOR>, c)", "a,", "a"),
    Row("a semicolon", "x = <CURSOR>;", "a;", "a"),
    Row("a subscript", "x[<CURSOR>]", "1:2]", "1:2"),
    Row("no word is cut", "<CURSOR>x", "max", "max"),
    Row("whole words may go", "f(<CURSOR>b)", "a, b", "a, "),
    Row("blank behind the rest", "f(<CURSOR>)  ", "a)", "a"),
    Row("all of it", "<CURSOR>return 1", "return 1", ""),
    Row("further lines behind the rest", "f(<CURSOR>)\nb", "a)\nb\nc", "a"),
    Row("further lines, CRLF", "f(<CURSOR>)\r\nb", "a)\r\nb", "a"),
    Row("a block that ends in the rest", "x = [<CURSOR>]", "\n    1,\n]", "\n    1,\n"),
    Row("a block with brackets", "def f(<CURSOR>)", "a):\n    g(a)", "a):\n    g(a)"),
    Row("emoji", 'print("<CURSOR>")', '👩‍💻")', "👩‍💻"),
    Row("an apostrophe", 'print("<CURSOR>")', "don't\")", "don't"),
)
def test_rest_of_line(row: Row) -> None:
    assert drop_rest_of_line(row.suggestion, around(row.document)) == row.expected
