from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sc2_lsp.watch.source import RootGone
from sc2_lsp.watch.whole import WholeTree

WAIT_S = 20.0


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[WholeTree]:
    (tmp_path / "root" / "node_modules").mkdir(parents=True)
    (tmp_path / "root" / ".git").mkdir()
    (tmp_path / "root" / "src").mkdir()
    (tmp_path / "root" / "src" / "x.log").write_text("x")
    (tmp_path / "root" / ".gitignore").write_text("*.log\n")
    tree = WholeTree(str(tmp_path / "root"))
    yield tree
    tree.close()


def until(tree: WholeTree, path: str) -> set[str]:
    seen: set[str] = set()
    ends_at = time.monotonic() + WAIT_S
    while path not in seen:
        seen |= tree.wait(ends_at - time.monotonic())
        assert time.monotonic() < ends_at, seen
    return seen


def test_changes_of_a_tree_are_told_but_for_what_is_left_out(
    tree: WholeTree, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    for path in ("node_modules/a.js", "node_modules/b.js", "src/y.log", "src/a.py"):
        (root / path).write_text("x")
    assert until(tree, "src/a.py") == {"src/a.py"}
    (root / "src").rename(root / "lib")
    assert {"src", "lib"} <= until(tree, "lib")
    (root / "lib" / "a.py").unlink()
    until(tree, "lib/a.py")
    (root / "lib" / ".sc2ignore").write_text("b.py")
    until(tree, "lib")
    (root / ".git" / "HEAD").write_text("ref: refs/heads/other")
    until(tree, "")
    (root / ".git" / "info").mkdir()
    (root / ".git" / "info" / "exclude").write_text("lib/")
    until(tree, "")
    (root / "lib" / "c.py").write_text("x")
    (root / "d.py").write_text("x")
    assert "lib/c.py" not in until(tree, "d.py")


def test_what_git_keeps_elsewhere_is_told_of(tmp_path: Path) -> None:
    kept, root = tmp_path / "first" / ".git", tmp_path / "second"
    for folder in (root, kept / "info", kept / "worktrees" / "second"):
        folder.mkdir(parents=True)
    (root / ".git").write_text(f"gitdir: {kept}/worktrees/second\n")
    (kept / "worktrees" / "second" / "HEAD").write_text("ref: refs/heads/second\n")
    (kept / "worktrees" / "second" / "commondir").write_text("../..\n")
    tree = WholeTree(str(root))
    try:
        (kept / "config").write_text("")
        (kept / "info" / "exclude").write_text("a.py\n")
        assert until(tree, "") == {""}
        (root / "a.py").write_text("x")
        (root / "b.py").write_text("x")
        assert "a.py" not in until(tree, "b.py")
        (kept / "worktrees" / "second" / "HEAD").write_text("ref: refs/heads/other\n")
        until(tree, "")
    finally:
        tree.close()


def test_a_root_that_goes_is_noticed(tree: WholeTree, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "root")
    with pytest.raises(RootGone):
        until(tree, "this is never told")


def test_whoever_waits_is_woken(tree: WholeTree) -> None:
    timer = threading.Timer(0.05, tree.wake)
    timer.start()
    assert tree.wait(None) == set()
    assert tree.wait(None) == set()
    timer.join()


def test_a_wait_ends_in_time(tree: WholeTree) -> None:
    assert tree.wait(0.01) == set()
