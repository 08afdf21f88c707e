from __future__ import annotations

import pytest

from sc2_lsp.postprocess.special_tokens import cut_special_tokens
from sc2_lsp.vocabulary import SPECIAL_TOKENS
from tests.unit.postprocess.tables import Row, around, table


@table(
    Row("nothing to cut", "x = <CURSOR>", "a < b > c", "a < b > c"),
    Row("a second file", "x = <CURSOR>", "1\n<file_sep>b.py\ny = 2", "1\n"),
    Row("the end of the text", "x = <CURSOR>", "1<|endoftext|>", "1"),
    Row("the first of several", "x = <CURSOR>", "1<fim_pad>2<file_sep>3", "1"),
    Row("nothing before it", "x = <CURSOR>", "<file_sep>", ""),
    Row("half a token is text", "x = <CURSOR>", "a <file_se", "a <file_se"),
    Row("emoji before it", "x = <CURSOR>", '"🐍"<file_sep>', '"🐍"'),
    Row(
        "a document about tokens keeps its own",
        'A = "<file_sep>"\nB = <CURSOR>',
        '"<file_sep>"<fim_pad>',
        '"<file_sep>"',
    ),
    Row("also below the cursor", 'A = <CURSOR>\nB = "<KEY>"', '"<KEY>"', '"<KEY>"'),
)
def test_cut(row: Row) -> None:
    assert cut_special_tokens(row.suggestion, around(row.document)) == row.expected


@pytest.mark.parametrize("token", SPECIAL_TOKENS)
def test_every_special_token_ends_a_suggestion(token: str) -> None:
    assert cut_special_tokens(f"a{token}b", around("<CURSOR>")) == "a"
