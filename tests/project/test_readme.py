"""The settings table of the README is rendered from the settings; `--update` rewrites it."""

from __future__ import annotations

import re

import pytest

from sc2_lsp.domain import EmptyReason
from sc2_lsp.settings import SECTION, options
from tests.project.tree import ROOT

README = ROOT / "README.md"
BEGIN, END = "<!-- settings: begin -->\n", "<!-- settings: end -->"


def render() -> str:
    rows = ["| Setting | Default | Unit | What it does |", "|---|---|---|---|"]
    for option in options():
        default = option.default if option.default != '""' else "empty"
        rows.append(f"| `{SECTION}.{option.name}` | {default} | {option.unit} | {option.help} |")
    return "\n".join(rows) + "\n"


def test_settings_table(update: bool) -> None:
    readme = README.read_text(encoding="utf-8")
    head, begin, rest = readme.partition(BEGIN)
    table, end, tail = rest.partition(END)
    assert begin, "README.md has lost its mark for the settings table"
    assert end, "README.md has lost its mark for the settings table"
    if update:
        README.write_text(head + begin + render() + end + tail, encoding="utf-8", newline="\n")
        return
    assert table == render(), "run pytest tests/project --update"


@pytest.mark.parametrize("reason", EmptyReason)
def test_every_reason_is_explained(reason: EmptyReason) -> None:
    assert f"| `{reason.value}` | " in README.read_text(encoding="utf-8")


def test_links_to_files_lead_somewhere() -> None:
    for page in (README, ROOT / "ARCHITECTURE.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "README.md"])
def test_the_usual_files_exist(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8").strip()


def test_the_licence_is_the_one_that_is_named() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
