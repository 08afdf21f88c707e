from __future__ import annotations

import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

from sc2_lsp.domain import Access, EngineSpec
from sc2_lsp.engine import protocol
from sc2_lsp.engine.shared import engine_name

SPEC = EngineSpec("/nowhere.gguf", 4096, 0, -1, 64)


def test_the_same_weights_and_settings_have_the_same_name() -> None:
    assert engine_name(SPEC) == engine_name(replace(SPEC))


def test_another_adapter_under_the_same_path_has_another_name(tmp_path: Path) -> None:
    path = tmp_path / "adapter.gguf"
    spec = replace(SPEC, lora_path=str(path))
    names = [engine_name(spec)]
    path.write_text("a")
    names.append(engine_name(spec))
    assert len(set(names)) == 2


@pytest.mark.parametrize("name", [field.name for field in fields(EngineSpec)])
def test_every_setting_of_an_engine_is_part_of_its_name(name: str) -> None:
    value = getattr(SPEC, name)
    if isinstance(value, Access):
        other: object = replace(value, proxy="x")
    else:
        other = value + "x" if isinstance(value, str) else value + 1
    assert engine_name(replace(SPEC, **{name: other})) != engine_name(SPEC)


def test_another_file_under_the_same_path_has_another_name(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    spec = replace(SPEC, model_path=str(path))
    names = [engine_name(spec)]
    for content in ("a", "ab"):
        path.write_text(content)
        names.append(engine_name(spec))
    assert len(set(names)) == 3


def test_another_program_has_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    before = engine_name(SPEC)
    monkeypatch.setattr(sys, "executable", "/usr/bin/another-python")
    assert engine_name(SPEC) != before
    monkeypatch.undo()
    monkeypatch.setattr(protocol, "VERSION", protocol.VERSION + 1)
    assert engine_name(SPEC) != before


def test_a_new_build_of_llama_cpp_has_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A server has not imported it, but other tests have.
    monkeypatch.delitem(sys.modules, "llama_cpp", raising=False)
    names = [engine_name(SPEC)]
    module = tmp_path / "llama_cpp.py"
    module.write_text("a = 1")
    monkeypatch.syspath_prepend(str(tmp_path))
    names.append(engine_name(SPEC))
    module.write_text("b = 10")
    names.append(engine_name(SPEC))
    assert len(set(names)) == 3


def test_a_name_is_short_enough_for_the_path_of_a_socket() -> None:
    assert len(engine_name(SPEC)) <= 24
