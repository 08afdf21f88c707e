"""What git's own files of settings say, as git itself reads them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sc2_lsp.index.gitconfig import is_true, settings_in

PIECES = [
    "[core]", "[Core]", '[core "sub"]', "[a.b]", "\n", "\n", "\n\t", "\r\n", " ", "=", " = ",
    "key", "Key", "other-1", "ignoreCase", "\"", "\\n", "\\\n", "\\\"", "\\\\", "\\x", "#", ";",
    "value", "a b", "~/größe", "\nkey = ", "\nother-1=",
]  # fmt: skip


def by_git(file: Path) -> dict[str, str] | None:
    """What git says is in a file, without subsections; None if it refuses the file."""
    command = ["git", "config", "--file", str(file), "--null", "--list"]
    done = subprocess.run(command, capture_output=True)
    if done.returncode:
        return None
    found = {}
    for entry in done.stdout.decode().split("\0")[:-1]:
        name, has_value, value = entry.partition("\n")
        found[name] = value if has_value else "true"
    return found


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("settings") / "config"


def said(data: bytes) -> dict[str, str]:
    return dict(settings_in(data))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=14))
def test_settings_are_read_as_git_reads_them(file: Path, pieces: list[str]) -> None:
    data = ("[core]\n" + "".join(pieces)).encode()
    file.write_bytes(data)
    expected = by_git(file)
    if expected is not None:
        plain = {
            name: value for name, value in expected.items() if not name.startswith("core.sub.")
        }
        assert said(data) == plain


def test_what_is_wrong_ends_what_is_read() -> None:
    assert said(b'[core]\na = 1\nb = "open\nc = 3\n') == {"core.a": "1"}
    assert said(b"[core]\na = 1\n[no\nb = 2\n") == {"core.a": "1"}
    assert said(b"\xff\xfe\0\0") == said(b"") == {}


def test_words_that_say_yes() -> None:
    assert [is_true(value) for value in ("true", "Yes", "on", "1")] == [True] * 4
    assert [is_true(value) for value in ("false", "0", "", None)] == [False] * 4


@pytest.mark.timeout(20)
def test_a_file_of_any_kind_is_read_in_little_time() -> None:
    for piece in (b"[", b'"', b"a=", b"\\", b"a\n", b"# ", b'[core "', b"=x \\\n", b"\t"):
        settings_in(b"[core]\na = " + piece * (100_000 // len(piece)))
