"""`sc2-lsp model`: list, use and path, as users and editors call them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sc2_lsp.models import BUNDLED_MODEL, catalogue
from tests.support.command import Command

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(400)]

QUICKLY = ("--set", "index=off")
KEYS = {
    "name",
    "title",
    "size_bytes",
    "parameters",
    "quantization",
    "licence",
    "url",
    "path",
    "is_current",
    "expected_tokens_per_s",
    "fits",
}


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path)


@pytest.fixture
def place(tmp_path: Path) -> str:
    """Where a suggestion can be asked for, with little around it to index."""
    path = tmp_path / "code" / "shapes.py"
    path.parent.mkdir()
    path.write_text("def area(width, height):\n    return width * height\n\n\ntotal = area(\n")
    return f"{path}:5:14"


@pytest.fixture
def own_file(tmp_path: Path) -> Path:
    path = tmp_path / "my own.gguf"
    path.write_bytes(BUNDLED_MODEL.read_bytes())
    return path


def test_the_list_is_what_editors_read(command: Command) -> None:
    command.is_whole = True
    listed = json.loads(command.done("model", "list", "--json"))
    assert set(listed) == {"models", "checkpoints"}
    known = {model.name: model for model in catalogue.known_models()}
    assert {row["name"] for rows in listed.values() for row in rows} == set(known)
    for row in listed["models"]:
        assert set(row) == KEYS
        assert row["size_bytes"] > 0
        assert row["expected_tokens_per_s"] > 0
        assert isinstance(row["fits"], bool)
        assert row["is_current"] == (row["name"] == "sc2-tiny")
        assert row["path"] == (str(BUNDLED_MODEL) if row["is_current"] else None)


def test_the_list_is_a_table_for_people(command: Command) -> None:
    lines = command.done("model", "list").splitlines()
    assert all(any(model.name in line for line in lines) for model in catalogue.known_models())
    assert max(map(len, lines)) <= 120


def test_a_file_of_ones_own_is_used_from_then_on(
    command: Command, own_file: Path, place: str
) -> None:
    command.done("model", "use", str(own_file))
    assert command.done("model", "path") == f"{own_file}\n"
    row = command.listed()[str(own_file)]
    assert row["is_current"]
    assert row["quantization"] == "Q8_0"
    assert row["size_bytes"] == BUNDLED_MODEL.stat().st_size
    own_file.write_bytes(b"GGUF but no more")
    assert str(own_file) in command.refused("complete", place, *QUICKLY)
    command.done("model", "use", "sc2-tiny")
    assert command.done("model", "path") == f"{BUNDLED_MODEL}\n"


def test_the_variable_and_the_option_come_before_the_choice(
    command: Command, tmp_path: Path, own_file: Path, place: str
) -> None:
    command.done("model", "use", str(own_file))
    named = Command(tmp_path, SC2_LSP_MODEL="sc2-tiny")
    assert named.done("model", "path") == f"{BUNDLED_MODEL}\n"
    assert named.listed()["sc2-tiny"]["is_current"]
    refused = named.refused("complete", place, *QUICKLY, "--model", "/no/such.gguf")
    assert "/no/such.gguf does not exist" in refused


def test_what_is_downloaded_is_used_by_its_name(command: Command, place: str) -> None:
    name = "starcoder2-3b-q4_0"
    assert "`sc2-lsp model pull starcoder2-3b-q4_0`" in command.refused("model", "use", name)
    file = command.models / name / "starcoder2-3b-Q4_0.gguf"
    file.parent.mkdir(parents=True)
    file.write_bytes(BUNDLED_MODEL.read_bytes())
    command.done("model", "use", "StarCoder2-3B-Q4_0")
    assert command.done("model", "path") == command.done("model", "path", name) == f"{file}\n"
    assert command.listed()[name]["is_current"]
    assert json.loads(command.done("complete", place, *QUICKLY, "--json"))["suggestion"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("use", "no-such-model"), "no readable GGUF file"),
        (("use", "README.md"), "does not begin as one"),
        (("use", "starcoder2-3b"), "not downloaded"),
        (("path", "starcoder2-3b-q4_0"), "not downloaded"),
        (("path", "/no/such.gguf"), "does not exist"),
    ],
)
def test_what_is_not_there_is_refused(
    command: Command, arguments: tuple[str, ...], says: str
) -> None:
    assert says in command.refused("model", *arguments)


def test_a_model_of_another_kind_is_refused(command: Command, tmp_path: Path) -> None:
    other = tmp_path / "other.gguf"
    key = b"general.architecture"
    other.write_bytes(
        b"GGUF\x03\0\0\0" + bytes(8) + b"\x01" + bytes(7)
        + len(key).to_bytes(8, "little") + key + b"\x08\0\0\0"
        + (5).to_bytes(8, "little") + b"llama" + bytes(64)
    )  # fmt: skip
    assert "architecture 'llama'" in command.refused("model", "use", str(other))


def test_a_choice_that_cannot_be_written_is_said(
    command: Command, tmp_path: Path, own_file: Path
) -> None:
    (tmp_path / "config").write_text("in the way")
    assert "cannot be written" in command.refused("model", "use", str(own_file))
