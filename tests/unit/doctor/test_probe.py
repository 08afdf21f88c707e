from __future__ import annotations

from pathlib import Path

from sc2_lsp.doctor.probe import probe
from sc2_lsp.models import BUNDLED_MODEL

CRASHING = "tests.support.crashing_probe"


def test_the_bundled_model() -> None:
    found = probe(str(BUNDLED_MODEL))
    assert found.build is not None
    assert found.build.version.startswith("0.3.")
    assert found.build.system_info.startswith("CPU : ")
    assert found.model_problem is None


def test_a_file_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"PK\x03\x04 and more")
    found = probe(str(file))
    assert found.build is not None
    assert found.model_problem is not None
    assert f"{file} is not a GGUF file" in found.model_problem


def test_a_vocabulary_of_another_kind(tmp_path: Path) -> None:
    # As long as the other, so that all else in the file stays where it is.
    file = tmp_path / "model.gguf"
    file.write_bytes(BUNDLED_MODEL.read_bytes().replace(b"<fim_suffix>", b"<fim-suffix>"))
    found = probe(str(file))
    assert found.model_problem is not None
    assert "its token 3 is not <fim_suffix>" in found.model_problem


def test_a_library_that_crashes_when_it_is_loaded() -> None:
    found = probe("early", CRASHING)
    assert (found.build, found.model_problem) == (None, None)
    assert found.ending == "the process was ended by SIGILL"


def test_a_library_that_crashes_when_it_reads_the_file() -> None:
    found = probe("late", CRASHING)
    assert found.build is not None
    assert found.model_problem is not None
    assert "SIGSEGV" in found.model_problem


def test_a_library_that_is_not_there() -> None:
    found = probe("", "no_such_module")
    assert found.build is None
    assert "No module named 'no_such_module'" in found.ending
