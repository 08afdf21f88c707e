from __future__ import annotations

import pytest

from sc2_lsp.engine.repetition import end_before_loop


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x = [" + "1, " * 20, "x = [1, "),
        ("return " + "self." * 12, "return self."),
        ("a" * 60, ""),
        ("1, " * 20, ""),
        ("-" * 80, None),
        (" " * 80, None),
        ("1, " * 10, None),
        ("x" + ".append(line_window" * 4, "x.append(line_window"),
        ("x" + ".append(line_window" * 2, None),
        ("alpha, beta, gamma, delta, epsilon, zeta, eta, theta, iota", None),
        ("", None),
    ],
)
def test_a_loop_is_cut_behind_its_first_round(text: str, kept: str | None) -> None:
    end = end_before_loop(text)
    assert (None if end is None else text[:end]) == kept
