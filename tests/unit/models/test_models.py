from __future__ import annotations

from pathlib import Path

from sc2_lsp.models import BUNDLED_MODEL, engine_spec
from sc2_lsp.settings import Settings


def test_the_bundled_model_is_the_default() -> None:
    assert engine_spec(Settings()).model_path == str(BUNDLED_MODEL)


def test_a_path_in_the_home_folder() -> None:
    assert engine_spec(Settings(model="~/m.gguf")).model_path == str(Path.home() / "m.gguf")


def test_an_adapter_in_the_home_folder() -> None:
    spec = engine_spec(Settings(lora="~/a.gguf", lora_scale=0.5))
    assert (spec.lora_path, spec.lora_scale) == (str(Path.home() / "a.gguf"), 0.5)
    assert engine_spec(Settings()).lora_path == ""


def test_a_home_of_nobody_stays_as_it_is_written() -> None:
    assert engine_spec(Settings(model="~nobody-here/m.gguf")).model_path == "~nobody-here/m.gguf"
