from __future__ import annotations

import pytest

from sc2_lsp.postprocess.pairs import Scan, scan


@pytest.mark.parametrize(
    ("text", "quote", "expected"),
    [
        ("f(a[0])", "", Scan((), (), "", None)),
        ("a)]", "", Scan((1, 2), (), "", None)),
        ("f(a[", "", Scan((), (1, 3), "", None)),
        ("(]", "", Scan((1,), (0,), "", None)),
        ('"):"', "", Scan((), (), "", None)),
        ('a")', '"', Scan((2,), (), "", 1)),
        ('a\\")', '"', Scan((), (), '"', None)),
        ('"a\n)', "", Scan((3,), (), "", None)),
        ("don't)", "", Scan((5,), (), "", None)),
        ("f'a)'", "", Scan((), (), "", None)),
        ("rb'a)'", "", Scan((), (), "", None)),
        ("`a)`", "", Scan((), (), "", None)),
        ("\\", '"', Scan((), (), '"', None)),
    ],
)
def test_scan(text: str, quote: str, expected: Scan) -> None:
    assert scan(text, quote) == expected
