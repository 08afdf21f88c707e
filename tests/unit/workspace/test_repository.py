from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from sc2_lsp.workspace.repository import relative_path, repository_name


@pytest.mark.parametrize(
    ("path", "roots", "relative"),
    [
        ("/r/a/b.py", ["/r"], "a/b.py"),
        ("/r/a/b.py", ["/r/"], "a/b.py"),
        ("/r/a/b.py", ["/r", "/r/a", "/x"], "b.py"),
        ("/r/a/b.py", ["/"], "r/a/b.py"),
        ("/rr/b.py", ["/r"], "b.py"),
        ("/r/b.py", ["/R"], "b.py"),
        ("/r/b.py", [], "b.py"),
        ("c:/Work/pkg/a.py", ["C:\\work"], "pkg/a.py"),
        ("C:\\Work\\pkg\\a.py", ["c:/Work/"], "pkg/a.py"),
        ("c:/a.py", ["c:/"], "a.py"),
        ("//Server/share/d/a.py", ["\\\\server\\share"], "d/a.py"),
    ],
)
def test_relative_path(path: str, roots: list[str], relative: str) -> None:
    assert relative_path(path, roots) == relative


def named(folder: Path, config: str) -> str:
    (folder / ".git").mkdir(exist_ok=True)
    (folder / ".git" / "config").write_text(config, encoding="utf-8")
    return repository_name(str(folder))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.org/owner/name.git", "owner/name"),
        ("https://example.org/owner/name", "owner/name"),
        ("https://user:pass@example.org/owner/name/", "owner/name"),
        ("https://example.org/group/owner/name.git", "owner/name"),
        ("git@example.org:owner/name.git", "owner/name"),
        ("ssh://git@example.org:22/owner/na.me.git", "owner/na.me"),
        ("example.org:owner/name", "owner/name"),
        ("/srv/git/name.git", None),
        ("../name", None),
        ("C:/repos/name", None),
        ("file:///srv/git/name", None),
        ("https://example.org/name", None),
        ("", None),
    ],
)
def test_the_origin_names_a_repository(tmp_path: Path, url: str, name: str | None) -> None:
    config = (
        '[core]\n\tbare = false\n[remote "other"]\n\turl = https://example.org/other/one.git\n'
        f'[remote "origin"]\n\turl = {url}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n'
    )
    assert named(tmp_path, config) == (name or tmp_path.name)


def test_a_folder_without_origin_is_called_by_its_name(tmp_path: Path) -> None:
    assert repository_name(str(tmp_path)) == tmp_path.name
    assert repository_name(str(tmp_path) + "/") == tmp_path.name
    assert repository_name("C:\\work\\thing") == "thing"
    assert repository_name("/no/such\0folder") == "such\0folder"
    assert named(tmp_path, "[core]\n") == tmp_path.name


def test_a_config_of_noise_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_bytes(bytes(range(256)) * 4096)
    assert repository_name(str(tmp_path)) == tmp_path.name


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no FIFOs in folders")
def test_a_config_that_is_no_plain_file_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    os.mkfifo(tmp_path / ".git" / "config")
    assert repository_name(str(tmp_path)) == tmp_path.name
