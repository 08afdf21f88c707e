from __future__ import annotations

from pathlib import Path

import pytest

from sc2_lsp.domain import IndexSpec
from sc2_lsp.settings import Settings
from sc2_lsp.workspace.roots import index_spec, is_too_large


def test_repositories_are_indexed_and_a_home_is_not(tmp_path: Path) -> None:
    home, repository = tmp_path / "me", tmp_path / "me" / "repository"
    settings = Settings(index_max_file_kb=2, watch="poll")
    spec = index_spec(settings, [str(home), str(repository)], str(home))
    assert spec == IndexSpec((str(repository),), 2048, "poll", (str(home), str(repository)))


def test_nothing_is_indexed_where_that_is_off() -> None:
    spec = index_spec(Settings(index="off"), ["/repository"], "/home/me")
    assert (spec.roots, spec.folders) == ((), ("/repository",))


@pytest.mark.parametrize("folder", ["/", "/home", "/home/me", "/home/me/", "/home/me/x/.."])
def test_what_holds_a_home_is_too_large(folder: str) -> None:
    assert is_too_large(folder, "/home/me")


@pytest.mark.parametrize("folder", ["/home/me/x", "/home/you", "/srv/code"])
def test_other_folders_are_not(folder: str) -> None:
    assert not is_too_large(folder, "/home/me")


def test_a_link_to_a_home_is_one(tmp_path: Path) -> None:
    home = tmp_path / "me"
    home.mkdir()
    link = tmp_path / "link"
    link.symlink_to(home, target_is_directory=True)
    assert is_too_large(str(link), str(home))
