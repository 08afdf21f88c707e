"""The figures of the record, and the page of them."""

from __future__ import annotations

from datetime import datetime
from xml.etree import ElementTree

import pytest

from sc2_lsp.record.entry import Cause, Entry, Fate
from sc2_lsp.record.page import page
from sc2_lsp.record.summary import percentile, summary

NOON_S = datetime(2026, 1, 31, 12).astimezone().timestamp()


def entry(
    fate: Fate, language: str = "python", latency_s: float = 0.1, days: int = 0, n_kept: int = 0
) -> Entry:
    accepted = n_kept if fate is Fate.ACCEPTED else 0
    at_s = NOON_S + days * 86_400
    return Entry("", at_s, language, fate, Cause.ENGINE, latency_s, 10, n_kept, accepted)


ENTRIES = [
    entry(Fate.ACCEPTED, n_kept=10, latency_s=0.01),
    entry(Fate.TYPED, n_kept=7),
    entry(Fate.REJECTED, latency_s=0.2),
    entry(Fate.REJECTED, latency_s=0.4, days=1),
    entry(Fate.PASSED, "lua", days=1, n_kept=2),
]


def test_figures() -> None:
    figures = summary(ENTRIES)
    assert figures["by_language"].pop("lua")["acceptance_rate"] is None
    python = figures["by_language"].pop("python")
    assert figures.pop("by_language") == {}
    assert figures.pop("by_cause")["engine"]["given"] == 5
    assert figures.pop("by_day") == [
        {"day": "2026-01-31", "given": 3, "accepted": 1, "typed": 1, "rejected": 1, "passed": 0},
        {"day": "2026-02-01", "given": 2, "accepted": 0, "typed": 0, "rejected": 1, "passed": 1},
    ]
    assert figures == {
        "given": 5,
        "accepted": 1,
        "typed": 1,
        "rejected": 2,
        "passed": 1,
        "judged": 4,
        "acceptance_rate": 0.25,
        "chars_accepted": 10,
        "chars_typed": 9,
        "latency_ms": {"p50": 100.0, "p95": 400.0},
    }
    assert python["judged"] == 4
    assert python["chars_typed"] == 7


def test_nothing() -> None:
    figures = summary([])
    assert figures["given"] == 0
    assert figures["acceptance_rate"] is None
    assert figures["latency_ms"] == {"p50": None, "p95": None}


@pytest.mark.parametrize(("share", "wanted"), [(0.5, 2.0), (0.75, 3.0), (0.76, 4.0), (1.0, 4.0)])
def test_percentiles_are_of_what_was_measured(share: float, wanted: float) -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], share) == wanted


@pytest.mark.parametrize("entries", [[], ENTRIES])
def test_the_page_is_whole_and_loads_nothing(entries: list[Entry]) -> None:
    text = page(entries, "Suggestions <of> sc2-lsp")
    body = text[text.index("<body>") : text.index("</body>")] + "</body>"
    root = ElementTree.fromstring(body)
    assert root.findtext("h1") == "Suggestions <of> sc2-lsp"
    assert len(root.findall("svg")) == 4
    for word in ("http", "src=", "href", "<script", "@import", "url("):
        assert word not in text


def test_the_columns_of_the_page_show_the_days() -> None:
    text = page(ENTRIES, "x")
    root = ElementTree.fromstring(text[text.index("<body>") : text.index("</body>")] + "</body>")
    titles = [title.text for title in root.iter("title")]
    assert "2026-01-31: 1 accepted" in titles
    assert "2026-02-01: 1 passed" in titles


def test_names_of_languages_are_text() -> None:
    assert "<b>" not in page([entry(Fate.ACCEPTED, "<b>")], "x")
