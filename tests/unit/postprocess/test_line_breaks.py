from __future__ import annotations

from sc2_lsp.postprocess.line_breaks import use_document_breaks
from tests.unit.postprocess.tables import Row, around, table


@table(
    Row("LF stays LF", "a\n<CURSOR>\nb", "x\ny", "x\ny"),
    Row("LF becomes CRLF", "a\r\n<CURSOR>\r\nb", "x\ny\n", "x\r\ny\r\n"),
    Row("CRLF becomes LF", "a\n<CURSOR>\nb", "x\r\ny", "x\ny"),
    Row("CRLF stays CRLF", "a\r\n<CURSOR>", "x\r\ny", "x\r\ny"),
    Row("lone CR", "a\r<CURSOR>\rb", "x\ny", "x\ry"),
    Row("the nearest break counts", "a\n<CURSOR>\r\nb", "x\ny", "x\r\ny"),
    Row("no break in the document", "<CURSOR>", "x\r\ny", "x\ny"),
    Row("form feed and U+2028 break no line", "a\r\n<CURSOR>", "x\fy\u2028z", "x\fy\u2028z"),
)
def test_breaks(row: Row) -> None:
    assert use_document_breaks(row.suggestion, around(row.document)) == row.expected
