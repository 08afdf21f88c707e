from __future__ import annotations

from pathlib import Path

import pytest

from sc2_lsp.doctor.check import Check, State
from sc2_lsp.doctor.model import memory_for, model
from sc2_lsp.doctor.probe import Probe
from sc2_lsp.engine.machine import Memory
from sc2_lsp.models import BUNDLED_MODEL, own
from sc2_lsp.settings import Settings
from tests.support.situations import BUILD, situation

MB = 1 << 20


@pytest.fixture(autouse=True)
def choices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(own.CONFIG_VARIABLE, str(tmp_path / "config"))


def looked_at(home: Path, **changes: object) -> dict[str, Check]:
    return {check.name: check for check in model(situation(home, **changes))}


def test_the_bundled_model_is_in_force(tmp_path: Path) -> None:
    checks = looked_at(tmp_path)
    assert {check.state for check in checks.values()} == {State.OK}
    assert f"{BUNDLED_MODEL}, the bundled one" in checks["model"].found
    assert "its special tokens are StarCoder2's" in checks["model file"].found


def test_the_rule_that_chose_it(tmp_path: Path) -> None:
    file = str(tmp_path / "own.gguf")
    own.choose_model(file)
    by_choice = looked_at(tmp_path)["model"].found
    assert by_choice.startswith(f"{file}, by `sc2-lsp model use`.")
    settings = Settings(model="/other.gguf")
    by_setting = looked_at(tmp_path, settings=settings)["model"].found
    assert by_setting.startswith("/other.gguf, by `--set model`.")
    by_option = looked_at(tmp_path, settings=settings, named_model="/other.gguf")["model"].found
    assert "SC2_LSP_MODEL" in by_option


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04", BUNDLED_MODEL.read_bytes()[:90]])
def test_a_file_that_is_no_model(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "model.gguf"
    if content is not None:
        file.write_bytes(content)
    check = looked_at(tmp_path, settings=Settings(model=str(file)))["model file"]
    assert check.state is State.FAIL
    assert str(file) in check.found
    assert "sc2-lsp model list" in check.advice


def test_a_model_that_llama_cpp_refuses(tmp_path: Path) -> None:
    check = looked_at(tmp_path, probe=Probe(BUILD, "", "Its token 3 is not <fim_suffix>."))
    assert check["model file"].state is State.FAIL
    assert check["model file"].found == "Its token 3 is not <fim_suffix>."


@pytest.mark.parametrize(
    ("total", "available", "state"),
    [(4096, 4096, State.OK), (4096, 1, State.WARN), (64, 64, State.FAIL)],
)
def test_whether_it_fits_into_memory(total: int, available: int, state: State) -> None:
    here = Memory(total * MB, available * MB, swap_free=0)
    check = memory_for(BUNDLED_MODEL, Settings(), BUILD.system_info, here)
    assert check is not None
    assert check.state is state
    assert bool(check.advice) == (state is not State.OK)
