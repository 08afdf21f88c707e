"""What git's own list of files says."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.index.tracked import NOTHING, Listing, Tracked, paths_of


def repository(root: Path, *options: str) -> Path:
    """Where a new repository at `root` has its list."""
    subprocess.run(["git", "init", "-q", *options, str(root)], check=True)
    return root / ".git" / "index"


def add(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("x\n", "utf-8")
    subprocess.run(["git", "add", "-f", "--", *paths], cwd=root, check=True)


@pytest.mark.parametrize("version", ["2", "4"])
def test_paths_of_any_length_are_read(tmp_path: Path, version: str) -> None:
    index = repository(tmp_path)
    paths = sorted(["d" * n + "/" + "f" * (200 - n) for n in range(1, 40)] + ["x" * 130, "größe"])
    add(tmp_path, *paths)
    subprocess.run(["git", "update-index", "--index-version", version], cwd=tmp_path, check=True)
    assert paths_of(index.read_bytes(), 20) == [path.encode() for path in sorted(paths)]


def test_a_list_with_longer_hashes_is_read(tmp_path: Path) -> None:
    index = repository(tmp_path, "--object-format=sha256")
    add(tmp_path, "a.py", "b/c.py")
    assert paths_of(index.read_bytes(), 32) == [b"a.py", b"b/c.py"]


def test_a_list_that_was_written_again_is_read_again(tmp_path: Path) -> None:
    listing = Listing(repository(tmp_path), 20)
    assert listing.now() == NOTHING
    add(tmp_path, "a.py")
    assert listing.now() == Tracked((b"a.py",))
    add(tmp_path, "b.py")
    assert listing.now() == Tracked((b"a.py", b"b.py"))


def test_a_list_in_several_files_counts_as_empty(tmp_path: Path) -> None:
    listing = Listing(repository(tmp_path), 20)
    add(tmp_path, "a.py")
    subprocess.run(["git", "update-index", "--split-index"], cwd=tmp_path, check=True)
    assert listing.now() == NOTHING


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_is_no_list(tmp_path: Path) -> None:
    index = repository(tmp_path / "one")
    add(tmp_path / "one", "a.py")
    other = tmp_path / "index"
    other.symlink_to(index)
    assert Listing(other, 20).now() == NOTHING


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    root = tmp_path_factory.mktemp("repository")
    index = repository(root)
    add(root, "a.py", "ab/c.py", "ab/d.py")
    subprocess.run(["git", "update-index", "--index-version", "4"], cwd=root, check=True)
    return index.read_bytes()


@given(at=st.integers(0, 400), byte=st.integers(0, 255), cut=st.integers(0, 400))
def test_a_damaged_list_raises_what_is_said_or_nothing(
    written: bytes, at: int, byte: int, cut: int
) -> None:
    damaged = bytearray(written)
    damaged[at % len(damaged)] = byte
    for data in (bytes(damaged), written[:cut]):
        try:
            paths_of(data, 20)
        except (ValueError, IndexError, struct.error):
            continue


def test_a_list_cannot_grow_without_end() -> None:
    # Version 4 repeats what the path before it has: a small file may tell of gigabytes.
    entry = bytes(60) + b"\0\0" + b"\0" + b"a" * 64 + b"\0"
    data = struct.pack(">4sLL", b"DIRC", 4, 100_000) + entry * 100_000
    with pytest.raises(ValueError, match="no such paths"):
        paths_of(data, 20)


def test_what_lies_below_a_folder_is_known() -> None:
    tracked = Tracked((b"a-b/c", b"a/b/c", b"ab"))
    assert tracked.holds("ab")
    assert not tracked.holds("a")
    assert tracked.holds_below("a")
    assert tracked.holds_below("a/b")
    assert not tracked.holds_below("ab")
    assert not tracked.holds_below("a/b/c")
