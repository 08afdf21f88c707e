"""A realistic file of each language beside its outline and skeleton; `--update` rewrites them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sc2_lsp.symbols import Outline
from sc2_lsp.syntax import LANGUAGES, language_of, outline, skeleton
from tests.unit.syntax.rendered import rendered

SAMPLES = sorted(
    path
    for path in (Path(__file__).parent / "syntax").rglob("*")
    if path.is_file() and path.suffix != ".txt"
)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_outline_and_skeleton_are_as_reviewed(path: Path, update: bool) -> None:
    content = path.read_text(encoding="utf-8")
    found = _outline(path, content)
    for kind, text in (
        ("outline", rendered(found)),
        ("skeleton", skeleton(content, found, 0, content.count("\n") - 1) + "\n"),
    ):
        golden = path.with_name(f"{path.name}.{kind}.txt")
        if update:
            golden.write_text(text, encoding="utf-8", newline="\n")
        assert golden.read_text(encoding="utf-8") == text, "run pytest tests/golden --update"


def test_every_language_has_a_sample() -> None:
    assert {path.parent.name for path in SAMPLES} == {language.name for language in LANGUAGES}


def _outline(path: Path, content: str) -> Outline:
    language = language_of(path.name)
    assert language is not None
    assert language.name == path.parent.name
    return outline(content, language, references=True)
