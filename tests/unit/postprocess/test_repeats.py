from __future__ import annotations

from sc2_lsp.postprocess.repeats import drop_repeats
from tests.unit.postprocess.tables import Row, around, table


@table(
    Row("new code", "a = 1\n<CURSOR>", "b = 1", "b = 1"),
    Row("the line above", "a = 1\n<CURSOR>", "a = 1", ""),
    Row("the line above, indented", "    a = 1\n    <CURSOR>", "a = 1", ""),
    Row("the line above, elsewhere", "    a = 1\n<CURSOR>", "a = 1", "a = 1"),
    Row("blank lines between", "a = 1\n\n<CURSOR>", "a = 1", ""),
    Row("the two lines above", "a\nb\n<CURSOR>", "a\nb", ""),
    Row("two lines, one new", "a\nb\n<CURSOR>", "a\nc", "a\nc"),
    Row("only brackets", "  }\n  <CURSOR>", "}", "}"),
    Row("the user began to repeat", "add(1)\nadd(<CURSOR>", "1)", "1)"),
    Row("one line over and over", "<CURSOR>", "a\na\na", "a"),
    Row("over and over, then torn", "<CURSOR>", "ab\nab\na", "ab"),
    Row("over and over behind another", "<CURSOR>", "b\na\na\na", "b\na"),
    Row("two lines in circles", "<CURSOR>", "a\nb\na\nb\na", "a\nb"),
    Row("the typed line over and over", "add(<CURSOR>", "1)\nadd(1)\nadd(1)", "1)"),
    Row("over and over what is above", "a\n<CURSOR>", "a\na\na", ""),
    Row("brackets in a row", "<CURSOR>", "  }\n}\n}", "  }\n}\n}"),
    Row("the same twice, then another", "<CURSOR>", "a\na\nb", "a\na\nb"),
    Row("CRLF", "a\r\n<CURSOR>", "b\r\nb\r\nb", "b"),
    Row("emoji", '"🐍"\n<CURSOR>', '"🐍"', ""),
)
def test_repeats(row: Row) -> None:
    assert drop_repeats(row.suggestion, around(row.document)) == row.expected
