"""The user's choice is remembered, ranks below what is said anywhere else, and never raises."""

from __future__ import annotations

from pathlib import Path

import pytest

from sc2_lsp.models import BUNDLED_MODEL, catalogue, engine_spec, own
from sc2_lsp.models.own import Source
from sc2_lsp.settings import Settings

NAME = "starcoder2-3b-q4_k_m"


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "config"
    monkeypatch.setenv(own.CONFIG_VARIABLE, str(folder))
    monkeypatch.setenv(own.MODELS_VARIABLE, str(tmp_path / "models"))
    return folder


def path_for(setting: str) -> str:
    return engine_spec(Settings(model=setting)).model_path


def test_what_is_chosen_counts_where_nothing_else_is_said(tmp_path: Path) -> None:
    own.choose_model("/m.gguf")
    assert path_for("") == "/m.gguf"
    assert path_for("/other.gguf") == "/other.gguf"
    assert path_for("sc2-tiny") == str(BUNDLED_MODEL)
    assert path_for(NAME) == str(tmp_path / "models" / NAME / "starcoder2-3b-Q4_K_M.gguf")
    own.choose_model("")
    assert path_for("") == str(BUNDLED_MODEL)
    own.choose_model("")


def test_nothing_half_written_is_left(config: Path) -> None:
    own.choose_model(NAME)
    own.choose_model("/m.gguf")
    own.accept("a")
    own.accept("b")
    own.accept("a")
    assert own.is_accepted("a")
    assert own.is_accepted("b")
    assert not own.is_accepted("c")
    assert sorted(path.name for path in config.iterdir()) == ["licences.json", "model.json"]


@pytest.mark.parametrize("content", [b"", b"{", b'{"model": 3}', b"\xff\xfe", b"[]"])
def test_a_damaged_file_counts_as_not_said(config: Path, content: bytes) -> None:
    config.mkdir()
    for name in ("model.json", "licences.json", "memory_speed.json"):
        (config / name).write_bytes(content)
    assert own.chosen_model() == ""
    assert not own.is_accepted("a")
    assert own.best_speed("here", 2.0) == 2.0
    own.choose_model(NAME)
    assert own.chosen_model() == NAME


def test_a_folder_that_cannot_be_written_raises(config: Path) -> None:
    config.write_text("a file")
    with pytest.raises(OSError, match="config"):
        own.choose_model(NAME)
    assert own.chosen_model() == ""
    assert own.best_speed("here", 2.0) == 2.0


def test_the_best_speed_of_each_machine_is_kept() -> None:
    assert own.best_speed("here", 2.0) == 2.0
    assert own.best_speed("here", 1.0) == 2.0
    assert own.best_speed("there", 1.0) == 1.0
    assert own.best_speed("here", 3.0) == 3.0


def test_where_a_download_is_from_is_remembered() -> None:
    model = catalogue.find(NAME)
    assert model
    assert own.source_of(model) is None
    source = Source("a/b", "c" * 40, {"m.gguf": "0" * 64})
    own.remember_source(model, source)
    assert own.source_of(model) == source
    assert not own.is_downloaded(model)
