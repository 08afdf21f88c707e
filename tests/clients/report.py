"""Writes what the tests in real editors said: `python -m tests.clients.report REPORTS RESULT.md`.

REPORTS holds a JUnit file of pytest for each editor, named after it.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

EDITORS = {"neovim": "Neovim", "helix": "Helix", "vscode": "VS Code"}
HEAD = """# Tests in real editors

`make e2e`, with the real server and the bundled model, {day}, {system}. Each row is an editor
that was fetched, installed and driven as a person does; the time is that of its tests alone.

| Editor | Tests | Passed | Failed | Skipped | Time |
|---|---:|---:|---:|---:|---:|
"""


def main(arguments: Sequence[str]) -> int:
    folder, result = (Path(argument) for argument in arguments)
    suites = {name: suite_in(folder / f"{name}.xml") for name in EDITORS}
    day, system = time.strftime("%Y-%m-%d"), f"{platform.system()} {platform.machine()}"
    text = HEAD.format(day=day, system=system)
    text += "".join(row(EDITORS[name], suite) for name, suite in suites.items())
    for name, suite in suites.items():
        if suite is not None:
            text += f"\n## {EDITORS[name]}\n\n" + "".join(map(line, suite.iter("testcase")))
    result.write_text(text, encoding="utf-8", newline="\n")
    return 0


def suite_in(file: Path) -> ElementTree.Element | None:
    """The suite of a JUnit file; None where the tests were not run."""
    return ElementTree.parse(file).getroot().find("testsuite") if file.exists() else None


def row(name: str, suite: ElementTree.Element | None) -> str:
    if suite is None:
        return f"| {name} | not run | | | | |\n"
    n_tests, n_skipped = int(suite.attrib["tests"]), int(suite.attrib["skipped"])
    n_failed = int(suite.attrib["failures"]) + int(suite.attrib["errors"])
    n_passed = n_tests - n_failed - n_skipped
    time_s = float(suite.attrib["time"])
    return f"| {name} | {n_tests} | {n_passed} | {n_failed} | {n_skipped} | {time_s:.0f} s |\n"


def line(case: ElementTree.Element) -> str:
    """One test as an entry of a list."""
    outcome = next(
        (child.tag for child in case if child.tag in ("failure", "error", "skipped")), ""
    )
    name = case.attrib["name"].removeprefix("test_").replace("_", " ")
    return f"- {name}{f': **{outcome}**' if outcome else ''}\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
