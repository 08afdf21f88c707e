"""What git's own list of files says."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
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


def git(root: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True).stdout


def files_by_git(root: Path) -> list[bytes]:
    """The files that git says it tracks, without submodules and links."""
    entries = git(root, "ls-files", "-s", "-z").split(b"\0")[:-1]
    paths = {entry.partition(b"\t")[2] for entry in entries if entry.startswith(b"100")}
    return sorted(paths)


@pytest.mark.parametrize("version", ["2", "4"])
@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_a_list_in_two_files_is_read_as_one(
    tmp_path: Path, version: str, object_format: str
) -> None:
    index = repository(tmp_path, f"--object-format={object_format}")
    listing = Listing(index, 32 if object_format == "sha256" else 20)
    git(tmp_path, "config", "splitIndex.maxPercentChange", "100")  # Or it is written anew.
    paths = [f"d/f{number:03}.py" for number in range(300)]
    add(tmp_path, *paths, "z.py")
    git(tmp_path, "update-index", "--index-version", version)
    git(tmp_path, "update-index", "--split-index")
    assert listing.now().paths == tuple(files_by_git(tmp_path))
    git(tmp_path, "rm", "-q", "--cached", "z.py", *paths[20:220:3], *paths[230:299])
    blob = git(tmp_path, "rev-parse", ":d/f001.py").decode().strip()
    git(tmp_path, "update-index", "--cacheinfo", f"120000,{blob},d/f001.py")  # A link.
    (tmp_path / "d" / "f000.py").write_text("changed\n")
    add(tmp_path, "a.py", "y.py", "d/f021.py")
    git(tmp_path, "add", "d/f000.py")
    assert len(list(index.parent.glob("sharedindex.*"))) == 1
    assert index.read_bytes()[7] == int(version)
    expected = files_by_git(tmp_path)
    assert b"d/f001.py" not in expected
    assert b"y.py" in expected
    assert listing.now().paths == tuple(expected)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 1 << 30))
def test_whatever_is_done_to_a_split_list_is_read(seed: int) -> None:
    choice = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        index = repository(root)
        git(root, "config", "splitIndex.maxPercentChange", str(choice.choice([20, 100])))
        add(root, *(f"{choice.choice('abc')}/{number}" for number in range(choice.randint(1, 200))))
        git(root, "update-index", "--split-index")
        for _ in range(3):
            there = [path.decode() for path in files_by_git(root)]
            if there:
                start = choice.randrange(len(there))
                gone = there[start : start + choice.randint(1, 130)]
                git(root, "rm", "-q", "-f", "--cached", "--", *gone)
            add(root, *(f"{choice.choice('abc')}/{choice.randrange(250)}" for _ in range(9)))
            assert Listing(index, 20).now().paths == tuple(files_by_git(root))


def test_half_a_list_counts_as_empty(tmp_path: Path) -> None:
    listing = Listing(repository(tmp_path), 20)
    add(tmp_path, "a.py")
    git(tmp_path, "update-index", "--split-index")
    (shared,) = listing.path.parent.glob("sharedindex.*")
    content = shared.read_bytes()
    shared.unlink()
    assert listing.now() == NOTHING
    os.utime(listing.path, ns=(1, 1))
    shared.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))  # Another one than is named.
    assert listing.now() == NOTHING
    os.utime(listing.path, ns=(2, 2))
    shared.write_bytes(content)
    assert listing.now() == Tracked((b"a.py",))


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_is_no_shared_list(tmp_path: Path) -> None:
    listing = Listing(repository(tmp_path), 20)
    add(tmp_path, "a.py")
    git(tmp_path, "update-index", "--split-index")
    (shared,) = listing.path.parent.glob("sharedindex.*")
    shared.rename(tmp_path / "elsewhere")
    shared.symlink_to(tmp_path / "elsewhere")
    assert listing.now() == NOTHING


@pytest.mark.parametrize(
    "bitmap",
    [
        struct.pack(">LLQL", 64, 1, 1 | 0xFFFFFFFF << 1, 0),  # Ones without end.
        struct.pack(">LLQL", 64, 1, 9 << 33, 0),  # More words than there are.
        struct.pack(">LLQQL", 64, 2, 1 << 33, 1 << 60, 0),  # An entry that is not there.
        struct.pack(">LLQ", 64, 9, 0),  # Cut off.
    ],
)
def test_a_bitmap_that_cannot_be_is_refused(bitmap: bytes) -> None:
    name = bytes(19) + b"\1"
    base = struct.pack(">4sLL", b"DIRC", 2, 0) + name
    link = name + bitmap + struct.pack(">LLL", 0, 0, 0)
    data = struct.pack(">4sLL4sL", b"DIRC", 2, 0, b"link", len(link)) + link + bytes(20)
    with pytest.raises(ValueError, match="bitmap"):
        paths_of(data, 20, lambda _: base)


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
        with suppress(ValueError, IndexError, struct.error):
            paths_of(data, 20)


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """A list, and the one that it names."""
    root = tmp_path_factory.mktemp("split")
    index = repository(root)
    git(root, "config", "splitIndex.maxPercentChange", "100")
    add(root, "a.py", "ab/c.py", "ab/d.py")
    git(root, "update-index", "--split-index")
    git(root, "rm", "-q", "--cached", "ab/c.py")
    (shared,) = index.parent.glob("sharedindex.*")
    return index.read_bytes(), shared.read_bytes()


@given(at=st.integers(0, 800), byte=st.integers(0, 255), cut=st.integers(0, 400))
def test_a_damaged_list_in_two_files_does_so_too(
    split: tuple[bytes, bytes], at: int, byte: int, cut: int
) -> None:
    data, shared = split
    assert paths_of(data, 20, lambda _: shared) == [b"a.py", b"ab/d.py"]
    damaged = bytearray(data + shared)
    damaged[at % len(damaged)] = byte
    both = bytes(damaged)
    for one, other in ((both[: len(data)], both[len(data) :]), (data, shared[:cut])):
        with suppress(ValueError, IndexError, struct.error):
            paths_of(one, 20, lambda _, other=other: other)  # type: ignore[misc]


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
