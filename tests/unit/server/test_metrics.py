from __future__ import annotations

from pathlib import Path

import pytest

from sc2_lsp.domain import EmptyReason, Outcome
from sc2_lsp.server.metrics import Count, Latencies, MetricsFile, openmetrics, path_of
from sc2_lsp.server.status import LATENCY_BOUNDS_S, Counters

TEXT = """\
# TYPE sc2_build info
# HELP sc2_build The version of sc2-lsp.
sc2_build_info{pid="7",version="0.1.0"} 1
# TYPE sc2_requests counter
# HELP sc2_requests Requests for a suggestion.
sc2_requests_total{pid="7"} 3
# TYPE sc2_empty_answers counter
# HELP sc2_empty_answers Requests that got none.
sc2_empty_answers_total{pid="7",reason="blank"} 2
# TYPE sc2_latency_seconds histogram
# HELP sc2_latency_seconds From a request to its answer, empty ones too.
# UNIT sc2_latency_seconds seconds
sc2_latency_seconds_bucket{pid="7",le="0.5"} 1
sc2_latency_seconds_bucket{pid="7",le="1.0"} 2
sc2_latency_seconds_bucket{pid="7",le="+Inf"} 3
sc2_latency_seconds_count{pid="7"} 3
sc2_latency_seconds_sum{pid="7"} 4.250000
# EOF
"""


def test_the_whole_text() -> None:
    counts = (
        Count("requests", "Requests for a suggestion.", 3),
        Count("empty_answers", "Requests that got none.", label="reason", by=(("blank", 2),)),
    )
    latencies = Latencies(((0.5, 1), (1.0, 2)), 3, 4.25)
    assert openmetrics(counts, latencies, "0.1.0", {"pid": "7"}) == TEXT


def test_without_labels_there_are_no_braces() -> None:
    text = openmetrics((Count("requests", "Requests.", 3),), Latencies((), 0, 0.0), "0.1.0", {})
    assert "sc2_requests_total 3\n" in text
    assert "sc2_latency_seconds_count 0\n" in text


def test_latencies_are_counted_up_to_each_bound() -> None:
    counters = Counters()
    for latency_s in (0.004, 0.005, 0.0051, 99.0):
        counters.count_outcome(Outcome(None, EmptyReason.BLANK), latency_s)
    found = counters.latencies()
    assert [bound for bound, _ in found.at_most] == list(LATENCY_BOUNDS_S)
    assert [n for _, n in found.at_most] == [2, *[3] * (len(LATENCY_BOUNDS_S) - 1)]
    assert found.n == 4
    assert found.sum_s == pytest.approx(99.0141)


def test_the_file_has_the_old_text_or_the_new_one(tmp_path: Path) -> None:
    file = tmp_path / "sc2.prom"
    written = MetricsFile()
    written.put(file, "old\n")
    written.put(file, "new\n")
    assert file.read_text() == "new\n"
    assert list(tmp_path.iterdir()) == [file]


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "sc2.prom"
    (folder / "full").mkdir(parents=True)
    with pytest.raises(OSError, match=r"sc2\.prom"):
        MetricsFile().put(folder, "new\n")
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("last", ["last\n", None])
def test_what_is_written_last_stands_whichever_thread_comes_after(
    tmp_path: Path, last: str | None
) -> None:
    file = tmp_path / "sc2.prom"
    written = MetricsFile()
    written.put(file, "first\n")
    written.end(file, last)
    written.put(file, "late\n")
    assert [one.read_text() for one in tmp_path.iterdir()] == ([last] if last else [])


def test_a_path_does_not_depend_on_the_current_folder(tmp_path: Path) -> None:
    assert path_of(f"{tmp_path}/sc2-{{pid}}.prom", 7) == tmp_path / "sc2-7.prom"
    assert path_of("~/sc2.prom", 7) == Path.home() / "sc2.prom"
    assert path_of("sc2.prom", 7) is None
