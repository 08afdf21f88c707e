from __future__ import annotations

import pytest

from sc2_lsp.completion.trigger import Multiline, is_inside_word, stop_rule
from sc2_lsp.domain import StopRule, Trigger
from tests.support.snapshots import snapshot

LINE = StopRule(max_lines=1)


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("x = so<CURSOR>me", True),
        ("x = some<CURSOR>", False),
        ("x = <CURSOR>(1)", False),
        ("x = <CURSOR>é", True),
        ("x<CURSOR>\ny", False),
    ],
)
def test_a_cursor_before_the_rest_of_a_word_is_inside_it(marked: str, expected: bool) -> None:
    assert is_inside_word(snapshot(marked)) is expected


@pytest.mark.parametrize(
    ("marked", "trigger", "multiline", "expected"),
    [
        ("x = <CURSOR>\n", Trigger.AUTOMATIC, "auto", LINE),
        ("    x = <CURSOR>\n", Trigger.INVOKED, "auto", StopRule(7, indent=4)),
        ("    <CURSOR>\n", Trigger.AUTOMATIC, "auto", StopRule(7, indent=4)),
        ("\t<CURSOR>\n", Trigger.AUTOMATIC, "auto", StopRule(7, indent=4)),
        ("  def f():<CURSOR>", Trigger.AUTOMATIC, "auto", StopRule(7, 3, 2)),
        ("  if (x) {<CURSOR>}", Trigger.AUTOMATIC, "auto", StopRule(7, 3, 2)),
        ("while x; do<CURSOR>", Trigger.AUTOMATIC, "auto", StopRule(7, 1, 0)),
        ("undo<CURSOR>", Trigger.AUTOMATIC, "auto", LINE),
        ("f(<CURSOR>)", Trigger.AUTOMATIC, "auto", StopRule(7, 1, 0)),
        ("f(<CURSOR>, x)", Trigger.INVOKED, "always", LINE),
        ("  def f():<CURSOR>", Trigger.INVOKED, "never", LINE),
        ("x = <CURSOR>", Trigger.AUTOMATIC, "always", StopRule(7)),
    ],
)
def test_where_a_suggestion_ends(
    marked: str, trigger: Trigger, multiline: Multiline, expected: StopRule
) -> None:
    assert stop_rule(snapshot(marked), trigger, multiline, max_lines=7) == expected


def test_one_line_at_most_is_one_line() -> None:
    assert stop_rule(snapshot("def f():<CURSOR>"), Trigger.INVOKED, "always", 1) == LINE
