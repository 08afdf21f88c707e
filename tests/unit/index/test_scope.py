"""What an `.sc2ignore` keeps out of prompts, whoever has it open."""

from __future__ import annotations

from pathlib import Path

import pytest

from sc2_lsp.index.scope import is_kept_out


def write(root: Path, path: str, text: str = "x = 1\n") -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def kept_out(root: Path, *paths: str) -> list[str]:
    """Those that are left out whether the root is known or not."""
    out = [path for path in paths if is_kept_out(f"{root}/{path}", str(root))]
    assert out == [path for path in paths if is_kept_out(f"{root}/{path}", None)]
    return out


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, ".git/HEAD")
    return tmp_path


def test_what_sc2ignore_says_counts_and_what_git_says_does_not(root: Path) -> None:
    write(root, ".gitignore", "made.py\nout/\n")
    write(root, ".sc2ignore", "notes.py\n/private/\n*.sql\n!keep.sql\n")
    paths = ("notes.py", "a/notes.py", "private/x/a.py", "a/private.py", "a.sql", "keep.sql")
    assert kept_out(root, *paths) == ["notes.py", "a/notes.py", "private/x/a.py", "a.sql"]
    assert kept_out(root, "made.py", "out/a.py", "node_modules/p/a.js", "uv.lock") == []


def test_rules_of_inner_folders_count_even_where_git_ignores_them(root: Path) -> None:
    write(root, ".gitignore", "out/\n")
    write(root, ".sc2ignore", "*.log\n")
    write(root, "out/.sc2ignore", "a.py\n!b.log\n")
    paths = ("a.py", "out/a.py", "out/in/a.py", "out/a.log", "out/b.log", "out/c.py")
    assert kept_out(root, *paths) == ["out/a.py", "out/in/a.py", "out/a.log"]


def test_rules_above_a_root_inside_of_a_repository_count(root: Path) -> None:
    write(root, ".sc2ignore", "notes.py\n")
    write(root, "pkg/a.py")
    assert is_kept_out(f"{root}/pkg/notes.py", f"{root}/pkg")
    assert not is_kept_out(f"{root}/pkg/a.py", f"{root}/pkg")


def test_a_file_need_not_be_there(tmp_path: Path) -> None:
    write(tmp_path, ".sc2ignore", "new.py\n")
    assert is_kept_out(f"{tmp_path}/new.py", str(tmp_path))
    assert is_kept_out(f"{tmp_path}/new.py", None)
    assert not is_kept_out("/no/such/folder/new.py", None)
    assert is_kept_out(f"{tmp_path}/inner/../new.py", f"{tmp_path}/inner")
