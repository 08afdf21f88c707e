"""The filters in their order, and the reasons for showing nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.domain import EmptyReason
from sc2_lsp.postprocess import Around, run
from sc2_lsp.vocabulary import SPECIAL_TOKENS
from tests.unit.postprocess.tables import Row, around, table


@table(
    Row("nothing to mend", "x = <CURSOR>\n", "a + b", "a + b"),
    Row("a second file", "x = <CURSOR>\n", "1\n<file_sep>b.py\nimport c", "1"),
    Row("a signature", "def f(<CURSOR>):\n    pass\n", "a, b):\n    return a", "a, b"),
    Row(
        "a block in CRLF and tabs",
        "func f() {\r\n\t<CURSOR>\r\n}\r\n",
        "if a {\n        b()\n    }\n}\n",
        "if a {\r\n\t\tb()\r\n\t}",
    ),
    Row(
        "indentation twice and a line that follows",
        "def f(a):\n    <CURSOR>\n    return total\n",
        "    total = a + 1\n    return total\n",
        "total = a + 1",
    ),
    Row("a closing block", "f(() => {\n  <CURSOR>\n});\n", "g();\n});\n", "g();"),
    Row("round in circles", "<CURSOR>", "a = 1\na = 1\na = 1\na =", "a = 1"),
    Row("emoji and a quote", 'print("<CURSOR>")\n', '👩‍💻 hi")\nprint("x")', "👩‍💻 hi"),
)
def test_run(row: Row) -> None:
    assert run(row.suggestion, around(row.document)) == (row.expected, None)


@pytest.mark.parametrize(
    ("document", "suggestion", "reason"),
    [
        ("<CURSOR>", "", EmptyReason.NOTHING_GENERATED),
        ("<CURSOR>", "<file_sep>a.py", EmptyReason.NOTHING_GENERATED),
        ("<CURSOR>", " \n\t\r\n", EmptyReason.BLANK),
        ("a = 1\n<CURSOR>", "a = 1\n", EmptyReason.REPEATS_DOCUMENT),
        ("a\n<CURSOR>\nb = 1", "b = 1", EmptyReason.REPEATS_DOCUMENT),
        ("f(<CURSOR>)", ")", EmptyReason.REPEATS_DOCUMENT),
    ],
)
def test_reasons(document: str, suggestion: str, reason: EmptyReason) -> None:
    assert run(suggestion, around(document)) == ("", reason)


_CODE = st.text(alphabet=st.sampled_from("ab1 \t\n\r()[]{}\"'`\\:,;🐍"), max_size=40)


@given(before=_CODE, after=_CODE, suggestion=_CODE | st.text(max_size=20))
def test_a_suggestion_is_shown_or_there_is_a_reason(
    before: str, after: str, suggestion: str
) -> None:
    text, reason = run(suggestion, Around(before, after))
    assert (reason is None) == bool(text.strip())
    assert text or reason
    assert not any(token in text for token in SPECIAL_TOKENS)


@given(before=_CODE, after=_CODE, suggestion=_CODE)
def test_only_blanks_are_ever_added(before: str, after: str, suggestion: str) -> None:
    text, _ = run(suggestion, Around(before, after))
    assert "".join(suggestion.split()).startswith("".join(text.split()))
