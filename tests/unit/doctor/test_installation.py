from __future__ import annotations

from pathlib import Path

import pytest

from sc2_lsp.doctor.check import State
from sc2_lsp.doctor.installation import installation, needs, processor, unmet
from sc2_lsp.doctor.probe import Probe
from sc2_lsp.doctor.processor import flags_of_processor
from tests.support.situations import situation

HASWELL = frozenset(["pni", "ssse3", "avx", "avx2", "f16c", "fma", "bmi2"])


def test_a_library_that_uses_what_the_processor_has() -> None:
    check = processor("CPU : SSE3 = 1 | AVX2 = 1 | F16C = 1 | FMA = 1 | REPACK = 1 | ", HASWELL)
    assert (check.state, check.advice) == (State.OK, "")
    assert "SSE3, AVX2, F16C, FMA." in check.found


def test_a_library_for_another_processor() -> None:
    check = processor("CPU : AVX2 = 1 | AVX512 = 1 | AVX512_VNNI = 1 | ", HASWELL)
    assert check.state is State.FAIL
    assert "built for AVX512, AVX512_VNNI, which this processor lacks" in check.found
    assert "--no-binary llama-cpp-python" in check.advice


def test_a_library_for_any_processor_is_slow() -> None:
    check = processor("CPU : SSE3 = 1 | ", HASWELL)
    assert check.state is State.WARN
    assert "also has AVX2, FMA, F16C." in check.found


def test_where_nobody_tells_what_the_processor_has() -> None:
    assert processor("CPU : AVX512 = 1 | ", frozenset()).state is State.OK


@pytest.mark.parametrize("key", ["flags\t\t", "Features\t"])
def test_linux_tells_what_the_processor_has(tmp_path: Path, key: str) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text(f"processor\t: 0\n{key}: fpu avx2 i8mm\n\nprocessor\t: 1\n{key}: fpu\n")
    assert flags_of_processor(file) == {"fpu", "avx2", "i8mm"}
    assert flags_of_processor(tmp_path / "none") == frozenset()


def test_a_library_that_does_not_load(tmp_path: Path) -> None:
    broken = situation(tmp_path, probe=Probe(None, "the process was ended by SIGILL", None))
    checks = {check.name: check for check in installation(broken)}
    assert checks["llama.cpp"].state is State.FAIL
    assert "SIGILL" in checks["llama.cpp"].found
    assert "processor" not in checks


def test_what_is_needed_is_there() -> None:
    assert [unmet(need) for need in needs() if unmet(need)] == []


@pytest.mark.parametrize(
    ("need", "complaint"),
    [
        ("msgspec", ""),
        ("msgspec>=0.1,<99", ""),
        ("msgspec<99,>=0.1; python_version > '3'", ""),
        ("no-such-thing>=1", "no-such-thing is missing"),
        ("msgspec>=99", "and >=99 is needed"),
        ("msgspec<0.1", "and <0.1 is needed"),
    ],
)
def test_a_package_that_is_missing_or_of_another_version(need: str, complaint: str) -> None:
    found = unmet(need)
    assert complaint in found
    assert bool(found) == bool(complaint)
