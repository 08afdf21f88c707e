from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc2_lsp.index.ignore import parse

PIECES = [
    "a", "b", "ab", "x", "*", "**", "***", "?", "a*", "*b", "*a*b", "**a", "a**", "*.c", "a.c",
    "[ab]", "[!a]", "[^a]", "[a-c]", "[c-a]", "[]a]", "[a-]", "[a\\]b]", "[[:alpha:]]", "[[:no:]]",
    "[[:", "[", "\\", "\\a", "\\*", "\\!", "#", "!", " ", "é", "[é-ü]",
]  # fmt: skip
NAMES = [
    "a", "b", "c", "ab", "x", "a.c", "b.c", "aab", "axb", "A", "-", "]", "*", "[", "#", "!", "a b",
    "ü",
]  # fmt: skip
PATHS = [
    "/".join(NAMES[(3 * i + j * (i % 7 + 1)) % len(NAMES)] for j in range(i % 4 + 1))
    for i in range(200)
]

globs = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["", "", "!", "#"]),
    st.sampled_from(["", "", "/"]),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("/".join),
    st.sampled_from(["", "", "/", "//"]),
    st.sampled_from(["", "", " ", "\\ ", "\t", "\r", "\\  "]),
)


@pytest.fixture(scope="module")
def repository() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "init", "-q", folder], check=True)
        yield Path(folder)


@settings(max_examples=150, deadline=None)
@given(lines=st.lists(globs, min_size=1, max_size=5), breaks=st.sampled_from(["\n", "\r\n"]))
def test_lines_decide_as_git_decides(repository: Path, lines: list[str], breaks: str) -> None:
    data = breaks.join(lines).encode()
    (repository / ".gitignore").write_bytes(data)
    assert [path for path in PATHS if is_ignored(data, path)] == ignored_by_git(repository)


def is_ignored(data: bytes, path: str) -> bool:
    rules = parse(data)
    if rules is None:
        return False
    *folders, name = path.split("/")
    for n, folder in enumerate(folders, 1):
        if rules.ignores_folder(folder, "/".join(folders[:n])):
            return True
    return rules.ignores_file(name, path) is True


def ignored_by_git(repository: Path) -> list[str]:
    command = ["git", "-c", "core.quotePath=false", "-c", "core.excludesFile=", "check-ignore"]
    told = subprocess.run(
        [*command, "--no-index", "-z", "--stdin"],
        cwd=repository,
        input="\0".join(PATHS).encode(),
        capture_output=True,
        check=False,
    )
    return told.stdout.decode().split("\0")[:-1]


def test_files_and_folders_are_told_apart() -> None:
    rules = parse(b"build/\n!/keep\n*.log\n")
    assert rules is not None
    assert rules.ignores_folder("build", "src/build") is True
    assert rules.ignores_file("build", "src/build") is None
    assert rules.ignores_file("keep", "keep") is False
    assert rules.ignores_file("keep", "src/keep") is None
    assert rules.ignores_file("x.log", "a/b/x.log") is True


@pytest.mark.parametrize(
    "data",
    [b"", b"\n\n", b"# only this\n", b"/\n", b"!\n", b"   \n", b"\xef\xbb\xbf\n", b"a\n" * 200_000],
)
def test_a_file_without_usable_lines_has_no_rules(data: bytes) -> None:
    assert parse(data) is None


def test_a_byte_order_mark_and_bytes_of_no_encoding_are_no_matter() -> None:
    rules = parse(b"\xef\xbb\xbfa\n\xff*\n")
    assert rules is not None
    assert rules.ignores_file("a", "a") is True
    assert rules.ignores_file("\udcffz", "\udcffz") is True


def test_case_is_ignored_where_the_file_system_does() -> None:
    rules = parse(b"Build\n*.LOG\n/Docs/[a-c]\n", ignore_case=True)
    assert rules is not None
    assert rules.ignores_file("bUILD", "bUILD") is True
    assert rules.ignores_file("x.log", "x.log") is True
    assert rules.ignores_file("B", "docs/B") is True
    strict = parse(b"Build\n*.LOG\n/Docs/[a-c]\n")
    assert strict is not None
    assert strict.ignores_file("bUILD", "bUILD") is None


@pytest.mark.timeout(20)
def test_hostile_lines_take_no_time() -> None:
    stars = b"*a" * 60 + b"*b"
    folders = b"**/*a*a*/" * 30 + b"b"
    rules = parse(stars + b"\n" + folders + b"\n" + b"**/" * 200 + b"c\n" + b"[" * 5000)
    assert rules is not None
    for path in ("a" * 255, "/".join(["a" * 30] * 120), "a/" * 2000 + "d", "/".join("a" * 2000)):
        assert rules.ignores_file(path.rpartition("/")[2], path) is None
