"""What a session counted, in the text format of OpenMetrics 1.0, and the file that holds it.

Numbers alone, and names that this module knows: no code, no paths, nothing that an editor sent.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sc2_lsp import replacing

PID = "{pid}"
"""Stands for the process id of the server in the setting, where several servers write files."""

_READABLE = 0o644


@dataclass(frozen=True, slots=True)
class Count:
    """A number that only grows; `by` are its parts by a label of this name, if it has one."""

    name: str
    help: str
    value: int = 0
    label: str = ""
    by: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Latencies:
    """How many answers took at most so many seconds, for each bound, of `n` that took `sum_s`."""

    at_most: tuple[tuple[float, int], ...]
    n: int
    sum_s: float


def path_of(setting: str, pid: int) -> Path | None:
    """The file that `metrics_file` means; None where that depends on the current folder."""
    try:
        path = Path(setting.replace(PID, str(pid))).expanduser()
    except RuntimeError:
        return None
    return path if path.is_absolute() else None


def openmetrics(
    counts: tuple[Count, ...], latencies: Latencies, version: str, labels: Mapping[str, str]
) -> str:
    """The whole text of the file; all that is counted bears `labels`."""
    lines = [*_family("sc2_build", "info", "The version of sc2-lsp.")]
    lines.append(f"sc2_build_info{_labels({**labels, 'version': version})} 1")
    for count in counts:
        lines += _count(count, labels)
    lines += _latencies(latencies, labels)
    return "\n".join([*lines, "# EOF", ""])


def _count(count: Count, labels: Mapping[str, str]) -> Iterator[str]:
    name = f"sc2_{count.name}"
    yield from _family(name, "counter", count.help)
    if not count.label:
        yield f"{name}_total{_labels(labels)} {count.value}"
    for part, value in count.by:
        yield f"{name}_total{_labels({**labels, count.label: part})} {value}"


def _latencies(latencies: Latencies, labels: Mapping[str, str]) -> Iterator[str]:
    name = "sc2_latency_seconds"
    yield from _family(name, "histogram", "From a request to its answer, empty ones too.")
    yield f"# UNIT {name} seconds"
    for bound_s, n in latencies.at_most:
        yield f"{name}_bucket{_labels({**labels, 'le': f'{bound_s}'})} {n}"
    yield f"{name}_bucket{_labels({**labels, 'le': '+Inf'})} {latencies.n}"
    yield f"{name}_count{_labels(labels)} {latencies.n}"
    yield f"{name}_sum{_labels(labels)} {latencies.sum_s:.6f}"


def _family(name: str, kind: str, help_: str) -> Iterator[str]:
    yield f"# TYPE {name} {kind}"
    yield f"# HELP {name} {help_}"


def _labels(labels: Mapping[str, str]) -> str:
    """No value needs an escape: they are numbers, versions and words of this package."""
    shown = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{{{shown}}}" if shown else ""


class MetricsFile:
    """Owns the order in which threads write a session's file: who comes after the end does nothing.

    Each call raises OSError where the file cannot be written or removed. Safe to be used by several
    threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._has_ended = False

    def put(self, path: Path, text: str) -> None:
        """Let the file hold `text`, the old or the new one at any moment."""
        with self._lock:
            if not self._has_ended:
                _put(path, text)

    def end(self, path: Path, text: str | None) -> None:
        """Let the file hold `text` for good, or be gone."""
        with self._lock:
            self._has_ended = True
            if text is not None:
                _put(path, text)
            else:
                path.unlink(missing_ok=True)


def _put(path: Path, text: str) -> None:
    # Who collects metrics is often another user.
    replacing.put(path, text.encode(), _READABLE)
