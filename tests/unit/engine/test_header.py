from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sc2_lsp.engine.header import HeaderError, count_elements, read_model_header
from sc2_lsp.models import BUNDLED_MODEL
from tests.unit.engine.gguf_files import Shape, gguf

METADATA = {
    "general.architecture": "starcoder2",
    "starcoder2.block_count": 2,
    "starcoder2.norm": 0.5,
    "tokenizer.add_bos": False,
    "tokenizer.tokens": ["a", "bb", "ß"],
    "tokenizer.types": [1, 2, 3],
}
TENSORS = {
    "token_embd.weight": Shape(8, (32, 3), 102),
    "blk.0.ffn_up.weight": Shape(12, (256, 2), 288),
}
SAMPLE = gguf(METADATA, TENSORS)
N_HEADER = len(SAMPLE) - 128 - 288

overwrite = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("version", [2, 3])
def test_plain_values_and_the_places_of_tensors_are_read(tmp_path: Path, version: int) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf(METADATA, TENSORS, version))
    header = read_model_header(path)
    assert header.metadata == {
        "general.architecture": "starcoder2",
        "starcoder2.block_count": 2,
        "starcoder2.norm": 0.5,
        "tokenizer.add_bos": False,
    }
    assert [(t.name, t.type_id, t.dimensions, t.n_bytes) for t in header.tensors] == [
        ("token_embd.weight", 8, (32, 3), 128),
        ("blk.0.ffn_up.weight", 12, (256, 2), 288),
    ]


@pytest.mark.parametrize(
    ("key", "n_elements"),
    [("tokenizer.tokens", 3), ("starcoder2.norm", 0), ("tokenizer.merges", 0)],
)
def test_elements_are_counted_without_what_stands_behind_them(
    tmp_path: Path, key: str, n_elements: int
) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(SAMPLE)
    assert count_elements(path, key) == n_elements
    path.write_bytes(SAMPLE[:20])
    with pytest.raises(HeaderError, match="ends too soon"):
        count_elements(path, key)
    with pytest.raises(HeaderError, match="no readable GGUF header"):
        count_elements(tmp_path / "missing.gguf", key)


def test_tensors_and_header_make_up_the_whole_bundled_file() -> None:
    header = read_model_header(BUNDLED_MODEL)
    n_tensors = sum(tensor.n_bytes for tensor in header.tensors)
    n_file = BUNDLED_MODEL.stat().st_size
    assert header.metadata["starcoder2.block_count"] == 6
    # What is left is the header, nearly all of it the vocabulary of 8,192 tokens.
    assert 100_000 < n_file - n_tensors < 500_000


def test_a_model_in_several_files_has_the_tensors_of_all(tmp_path: Path) -> None:
    (tmp_path / "m-00001-of-00002.gguf").write_bytes(SAMPLE)
    (tmp_path / "m-00002-of-00002.gguf").write_bytes(
        gguf({}, {"output.weight": Shape(0, (8,), 32)})
    )
    header = read_model_header(tmp_path / "m-00001-of-00002.gguf")
    assert [tensor.name for tensor in header.tensors] == [*TENSORS, "output.weight"]


def test_a_model_with_a_missing_part_has_no_header(tmp_path: Path) -> None:
    path = tmp_path / "m-00001-of-00002.gguf"
    path.write_bytes(SAMPLE)
    with pytest.raises(HeaderError, match="m-00002-of-00002"):
        read_model_header(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 a zip file",
        gguf(METADATA, TENSORS, version=1),
        b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 0),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1 << 62),
        gguf({"general.alignment": "wide"}, TENSORS),
    ],
)
def test_what_is_no_gguf_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(HeaderError):
        read_model_header(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HeaderError):
        read_model_header(tmp_path / "none.gguf")


@overwrite
@given(n_kept=st.integers(0, N_HEADER - 32))
def test_a_torn_header_is_refused(tmp_path: Path, n_kept: int) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(SAMPLE[:n_kept])
    with pytest.raises(HeaderError):
        read_model_header(path)


@overwrite
@given(place=st.integers(0, N_HEADER - 1), byte=st.integers(0, 255))
def test_a_damaged_header_never_fails_otherwise(tmp_path: Path, place: int, byte: int) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(SAMPLE[:place] + bytes([byte]) + SAMPLE[place + 1 :])
    with suppress(HeaderError):
        assert all(tensor.n_bytes >= 0 for tensor in read_model_header(path).tensors)
