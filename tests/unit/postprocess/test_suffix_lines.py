from __future__ import annotations

from sc2_lsp.postprocess.suffix_lines import drop_suffix_lines
from tests.unit.postprocess.tables import Row, around, table


@table(
    Row("nothing below", "<CURSOR>", "a\nb", "a\nb"),
    Row("the last line is below", "{\n  <CURSOR>\n}", "a;\n}", "a;"),
    Row("it is indented otherwise", "{\n  <CURSOR>\n}", "if (a) {\n  }", "if (a) {\n  }"),
    Row("two lines are below", "<CURSOR>\nb\nc", "a\nb\nc", "a"),
    Row("blank lines between", "<CURSOR>\n\nb\n\nc", "a\nb\n\nc", "a"),
    Row("blank at line ends", "<CURSOR>\nb  ", "a\nb", "a"),
    Row("all of it is below", "def f():\n    <CURSOR>\n    return 1", "return 1", ""),
    Row("a telling line in its midst", "<CURSOR>\nreturn result", "a\nreturn result\nb", "a"),
    Row("a short line in its midst", "<CURSOR>\nelse:", "a\nelse:\nb", "a\nelse:\nb"),
    Row("two short lines in its midst", "<CURSOR>\nb\nc", "a\nb\nc\nd", "a"),
    Row(
        "a decorator used again",
        "<CURSOR>\n@property\ndef b():",
        "@property\ndef a():",
        "@property\ndef a():",
    ),
    Row("completes a line to the next", "ret<CURSOR>\nreturn x", "urn x", ""),
    Row("completes a short line", "x<CURSOR>\nx,", ",", ","),
    Row("code follows on the line", "f(<CURSOR>)\nb", "a\nb", "a\nb"),
    Row("CRLF", "<CURSOR>\r\nb\r\nc", "a\r\nb\r\nc", "a"),
    Row("tabs", "{\n\t<CURSOR>\n\tb();\n}", "a();\n\tb();\n}", "a();"),
    Row("emoji", '<CURSOR>\n"🐍"', 'a\n"🐍"', "a"),
)
def test_suffix_lines(row: Row) -> None:
    assert drop_suffix_lines(row.suggestion, around(row.document)) == row.expected
