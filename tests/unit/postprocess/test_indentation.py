from __future__ import annotations

from sc2_lsp.postprocess.indentation import keep_indentation
from tests.unit.postprocess.tables import Row, around, table


@table(
    Row("nothing typed, nothing changed", "def f():\n<CURSOR>", "    return 1", "    return 1"),
    Row("typed once, written again", "def f():\n    <CURSOR>", "    return 1", "return 1"),
    Row("one blank too many", "def f():\n    <CURSOR>", " return 1", "return 1"),
    Row("no indentation of its own", "def f():\n    <CURSOR>", "return 1", "return 1"),
    Row("tabs", "def f():\n\t<CURSOR>", "\treturn 1", "return 1"),
    Row("deeper below a block's head", "  if a:\n  <CURSOR>", "  b()", "  b()"),
    Row("deeper below a Ruby head", "  def a\n  <CURSOR>", "  b", "  b"),
    Row(
        "up to the level above", "if a:\n    if b:\n        c()\n    <CURSOR>", "    d()", "    d()"
    ),
    Row("to a level nobody uses", "if a:\n        c()\n    <CURSOR>", "  d()", "d()"),
    Row(
        "the second line tells",
        "def f():\n    if a:\n    <CURSOR>",
        "    x = 1\n    y = 2",
        "x = 1\n    y = 2",
    ),
    Row("a blank line first", "def f():\n    <CURSOR>", "\n    return 1", "return 1"),
    Row("a blank line first, CRLF", "def f():\r\n    <CURSOR>", "\r\n    a()", "a()"),
    Row("a blank line, then less", "    a()\n    <CURSOR>", "\n\ndef f():", "\n\ndef f():"),
    Row("no code above", "    <CURSOR>", "    x", "x"),
    Row("a blank doubled behind code", "x = <CURSOR>", " 1", "1"),
    Row("the first blank behind code", "x =<CURSOR>", " 1", " 1"),
    Row("only blanks", "    <CURSOR>", "    ", "    "),
    Row("emoji", "def f():\n    <CURSOR>", '    return "🐍"', 'return "🐍"'),
)
def test_indentation(row: Row) -> None:
    assert keep_indentation(row.suggestion, around(row.document)) == row.expected
