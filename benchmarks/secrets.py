"""How many secrets are found that are none, how many planted ones are not, and what looking costs.

Reads the standard library of the running Python, in which there are no secrets, and the planted
ones of the tests. Prints a Markdown table, and with --show every finding, to be judged by a person:

    python -m benchmarks.secrets [--show]
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sysconfig
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sc2_lsp.secrets import Kind, Secret, find_secrets
from tests.support.planted_secrets import PLANTED

PART_CHARS = 8192
TESTS = {"test", "tests", "idle_test"}


@dataclass
class Tally:
    """What was read, and how many secrets of each kind were found there."""

    n_files: int = 0
    n_lines: int = 0
    n_chars: int = 0
    found: Counter[Kind] = field(default_factory=Counter)

    def rate(self, *kinds: Kind) -> str:
        return f"{10_000 * sum(self.found[kind] for kind in kinds) / self.n_lines:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true", help="print what was found")
    arguments = parser.parse_args()
    tallies = {"code": Tally(), "its tests": Tally()}
    parts_ms: list[float] = []
    for path, is_test in standard_library():
        tally = tallies["its tests" if is_test else "code"]
        text = path.read_text("utf-8", errors="replace")
        secrets = find_secrets(text)
        tally.n_files += 1
        tally.n_lines += text.count("\n")
        tally.n_chars += len(text)
        tally.found.update(secret.kind for secret in secrets)
        parts_ms += timed_parts(text)
        if arguments.show:
            for secret in secrets:
                print(finding(path, text, secret))
    print("| standard library | files | lines | keys | passwords | of 10,000 lines | addresses |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for name, tally in tallies.items():
        print(
            f"| {name} | {tally.n_files} | {tally.n_lines} | {tally.found[Kind.KEY]} "
            f"| {tally.found[Kind.PASSWORD]} | {tally.rate(Kind.KEY, Kind.PASSWORD)} "
            f"| {tally.found[Kind.EMAIL]} |"
        )
    n_found = sum(is_found(planted.lines, planted.secrets) for planted in PLANTED)
    parts_ms.sort()
    print(
        f"\nPlanted secrets found: {n_found} of {len(PLANTED)}. {PART_CHARS} chars take "
        f"{statistics.median(parts_ms):.2f} ms of processor time at the median, "
        f"{parts_ms[len(parts_ms) * 99 // 100]:.2f} ms at the 99th percentile of {len(parts_ms)}."
        f"\nPython {platform.python_version()}, {platform.system()} {platform.machine()}."
    )


def standard_library() -> Iterator[tuple[Path, bool]]:
    """Its files, and whether each is of its tests."""
    root = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(root.rglob("*.py")):
        folders = path.relative_to(root).parts
        if "site-packages" not in folders:
            yield path, not TESTS.isdisjoint(folders)


def timed_parts(text: str) -> Iterator[float]:
    """Milliseconds of processor time for each whole part of `text`, none of them seen before."""
    for start in range(0, len(text) - PART_CHARS, PART_CHARS):
        part = text[start : start + PART_CHARS]
        started_s = time.process_time()
        find_secrets(part)
        yield 1000 * (time.process_time() - started_s)


def is_found(text: str, secrets: tuple[str, ...]) -> bool:
    """Whether nothing of `secrets` is left of `text`."""
    left, reached = "", 0
    for secret in find_secrets(text):
        left += text[reached : secret.start]
        reached = secret.end
    return not any(secret in left + text[reached:] for secret in secrets)


def finding(path: Path, text: str, secret: Secret) -> str:
    line = text.count("\n", 0, secret.start) + 1
    return f"{path}:{line}: {secret.kind.value}: {text[secret.start : secret.end][:60]!r}"


if __name__ == "__main__":
    main()
