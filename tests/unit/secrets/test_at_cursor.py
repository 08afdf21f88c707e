from __future__ import annotations

import pytest

from sc2_lsp.secrets import stands_at_secret
from tests.support.planted_secrets import PLANTED, Planted
from tests.support.snapshots import snapshot

SECRET = "hunt" + "er2"


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("password = '<CURSOR>" + SECRET + "'", False),
        ("password = 'h<CURSOR>" + SECRET[1:] + "'", True),
        (f"password = '{SECRET}<CURSOR>", True),
        (f"password = '{SECRET}<CURSOR>'", True),
        (f"password = '{SECRET}'<CURSOR>", False),
        (f"password = '{SECRET}'\nx = <CURSOR>\n", False),
        (f"x = <CURSOR>\npassword = '{SECRET}'\n", False),
        (f"- name: DB_PASSWORD\n  value: {SECRET}<CURSOR>", True),
        ("password = '<CURSOR>'", False),
        ("<CURSOR>", False),
        ("x" * 9000 + "<CURSOR>" + "x" * 9000, False),
    ],
)
def test_the_cursor_stands_at_a_secret(marked: str, expected: bool) -> None:
    at = snapshot(marked)
    assert stands_at_secret(at.text, at.char_offset) is expected


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
def test_the_cursor_stands_behind_a_planted_secret(planted: Planted) -> None:
    before, secret, after = planted.lines.partition(planted.secrets[-1])
    at = snapshot(f"import os\n{before}{secret}<CURSOR>{after}\n")
    assert stands_at_secret(at.text, at.char_offset)
