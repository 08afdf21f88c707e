"""What is shipped: the two packages with the bundled model and its card, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sc2_lsp.models import BUNDLED_MODEL
from tests.project.tree import ROOT

MAX_MODEL_BYTES = 20 * 1000 * 1000


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_model_is_small() -> None:
    assert 0 < BUNDLED_MODEL.stat().st_size <= MAX_MODEL_BYTES
    assert BUNDLED_MODEL.read_bytes()[:4] == b"GGUF"


def test_the_model_has_a_card() -> None:
    (card,) = BUNDLED_MODEL.parent.glob("*.md")
    text = card.read_text(encoding="utf-8").lower().replace("-", " ")
    for subject in ("licen", "data", "held out", "not a substitute"):
        assert subject in text, f"the model card says nothing on '{subject}'"


def test_the_wheel_holds_the_packages_and_the_model(wheel_names: set[str]) -> None:
    assert BUNDLED_MODEL.relative_to(ROOT).as_posix() in wheel_names
    assert {
        "sc2_lsp/cli.py",
        "sc2_lsp/models/catalogue.json",
        "sc2_lsp/py.typed",
        "quantize/__main__.py",
    } <= wheel_names
    assert any(name.endswith("licenses/LICENSE") for name in wheel_names)


def test_the_wheel_holds_nothing_else(wheel_names: set[str]) -> None:
    tops = {Path(name).parts[0] for name in wheel_names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"sc2_lsp", "quantize"}
    kinds = {Path(name).suffix for name in wheel_names if ".dist-info/" not in name}
    assert kinds <= {".py", ".typed", ".gguf", ".json", ".md", ".scm"}
