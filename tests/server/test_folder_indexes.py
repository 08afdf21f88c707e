"""The indexes of a workspace, with real indexers and watchers below."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sc2_lsp import indexing
from sc2_lsp.domain import IndexProgress, IndexSpec
from sc2_lsp.index import stillness
from sc2_lsp.index.stillness import Stillness
from sc2_lsp.indexing import FolderIndexes
from sc2_lsp.text import Text
from tests.support.snapshots import snapshot

pytestmark = pytest.mark.server

PATIENCE_S = 60.0


@pytest.fixture
async def indexes(tmp_path: Path) -> AsyncIterator[FolderIndexes]:
    indexes = FolderIndexes(tmp_path / "cache")
    yield indexes
    await indexes.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of two, the one inside the other."""
    root = tmp_path / "outer"
    (root / "inner").mkdir(parents=True)
    (root / "a.py").write_text("def outer_one(): ...\n")
    (root / "inner" / "b.py").write_text("def inner_one(): ...\n")
    return root


def spec(*roots: Path, watch: str = "off", max_file_bytes: int = 1000) -> IndexSpec:
    return IndexSpec(tuple(map(str, roots)), max_file_bytes, watch)


def known(indexes: FolderIndexes, uri: str, name: str) -> list[str]:
    """The files that define `name`, as a document at `uri` sees it."""
    index = indexes.index_for(snapshot("<CURSOR>", uri=uri))
    return [found.path for found in index.definitions([name], 9)] if index is not None else []


async def until(is_so: Callable[[], object]) -> None:
    """Wait for something that no event tells of."""

    async def look() -> None:
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    await asyncio.wait_for(look(), PATIENCE_S)


async def watching(indexes: FolderIndexes, state: str) -> None:
    while not (await indexes.summaries())[0]["watching"].startswith(state):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def test_the_innermost_folder_answers(indexes: FolderIndexes, root: Path) -> None:
    indexes.configure(spec(root, root / "inner"))
    await indexes.settled()
    outer, inner = (root / "c.py").as_uri(), (root / "inner" / "c.py").as_uri()
    assert known(indexes, outer, "outer_one") == ["a.py"]
    assert known(indexes, outer, "inner_one") == ["inner/b.py"]
    assert known(indexes, inner, "inner_one") == ["b.py"]
    assert known(indexes, inner, "outer_one") == []


async def test_a_file_of_no_folder_has_no_index(indexes: FolderIndexes, root: Path) -> None:
    indexes.configure(spec(root))
    assert indexes.index_for(snapshot("<CURSOR>", uri="file:///elsewhere/a.py")) is None


async def test_what_is_not_saved_belongs_to_the_only_folder(
    indexes: FolderIndexes, root: Path
) -> None:
    indexes.configure(spec(root))
    await indexes.settled()
    assert known(indexes, "untitled:Untitled-1", "outer_one") == ["a.py"]
    indexes.configure(spec(root, root / "inner"))
    assert known(indexes, "untitled:Untitled-1", "outer_one") == []


async def test_open_files_count_in_every_folder_that_holds_them(
    indexes: FolderIndexes, root: Path
) -> None:
    file = root / "inner" / "b.py"
    indexes.configure(spec(root))
    indexes.hold(str(file), Text.of("def held_one(): ...\n"))
    indexes.configure(spec(root, root / "inner"))
    outer, inner = (root / "c.py").as_uri(), (root / "inner" / "c.py").as_uri()
    await until(lambda: known(indexes, outer, "held_one") == ["inner/b.py"])
    await until(lambda: known(indexes, inner, "held_one") == ["b.py"])
    indexes.release(str(file))
    assert known(indexes, outer, "held_one") == known(indexes, inner, "held_one") == []


async def test_what_does_not_belong_is_not_held(indexes: FolderIndexes, root: Path) -> None:
    indexes.configure(spec(root))
    await indexes.settled()
    (root / "node_modules").mkdir()
    (root / "node_modules" / "x.py").write_text("x = 1\n")
    for name in (".env", "node_modules/x.py"):
        indexes.hold(str(root / name), Text.of("def held_one(): ...\n"))
    indexes.hold(str(root / "new.py"), Text.of("def new_one(): ...\n"))
    await until(lambda: known(indexes, (root / "c.py").as_uri(), "new_one") == ["new.py"])
    assert known(indexes, (root / "c.py").as_uri(), "held_one") == []


@pytest.mark.parametrize("watch", ["auto", "off"])
async def test_files_that_come_and_go_are_noticed(
    indexes: FolderIndexes, root: Path, watch: str
) -> None:
    indexes.configure(spec(root, watch=watch))
    await indexes.settled()
    new = root / "new.py"
    for is_there in (True, False):
        if is_there:
            new.write_text("def new_one(): ...\n")
        else:
            new.unlink()
        if watch == "off":
            indexes.changed([str(new), "/elsewhere/a.py"])
        expected = ["new.py"] if is_there else []
        await until(lambda: known(indexes, new.as_uri(), "new_one") == expected)  # noqa: B023


async def test_excludes_of_git_that_change_are_noticed(indexes: FolderIndexes, root: Path) -> None:
    excludes = root / ".git" / "info" / "exclude"
    excludes.parent.mkdir(parents=True)
    (root / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    indexes.configure(spec(root, watch="auto"))
    await indexes.settled()
    await watching(indexes, "told by")
    for rules, files in (("a.py\n", []), ("", ["a.py"])):
        excludes.write_text(rules)
        await until(lambda: known(indexes, (root / "c.py").as_uri(), "outer_one") == files)  # noqa: B023


@pytest.mark.parametrize(("watch", "state"), [("auto", "told by"), ("poll", "polling")])
async def test_how_folders_are_watched_can_be_chosen(
    indexes: FolderIndexes, root: Path, watch: str, state: str
) -> None:
    indexes.configure(spec(root, watch=watch))
    await watching(indexes, state)


async def test_another_size_limit_is_taken_up(indexes: FolderIndexes, root: Path) -> None:
    (root / "big.py").write_text("def big_one(): ...\n" + "# \n" * 2000)
    for limit, files in ((1000, []), (100_000, ["big.py"])):
        indexes.configure(spec(root, max_file_bytes=limit))
        await indexes.settled()
        await until(lambda: known(indexes, (root / "c.py").as_uri(), "big_one") == files)  # noqa: B023


@pytest.mark.slow
async def test_a_large_file_that_may_be_indexed_is_polled(
    indexes: FolderIndexes, root: Path
) -> None:
    lines = "# \n" * 500_000
    (root / "big.py").write_text(lines)
    indexes.configure(spec(root, watch="poll", max_file_bytes=3_000_000))
    await indexes.settled()
    await watching(indexes, "polling")
    (root / "big.py").write_text(f"def big_one(): ...\n{lines}")
    await until(lambda: known(indexes, (root / "c.py").as_uri(), "big_one") == ["big.py"])


async def test_progress_is_told_until_it_is_done(indexes: FolderIndexes, root: Path) -> None:
    told: list[IndexProgress] = []
    indexes.listen(told.append, lambda message: None)
    indexes.configure(spec(root))
    await indexes.settled()
    assert {progress.root for progress in told} == {str(root)}
    assert told[-1] == IndexProgress(str(root), 2, 2, is_done=True)
    (summary,) = await indexes.summaries()
    assert (summary["state"], summary["n_files"], summary["watching"]) == ("ready", 2, "off")


async def test_a_folder_that_is_not_there_is_no_failure(
    indexes: FolderIndexes, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    indexes.configure(spec(gone, watch="auto"))
    await asyncio.wait_for(indexes.settled(), PATIENCE_S)
    assert known(indexes, (gone / "a.py").as_uri(), "anything") == []
    (summary,) = await indexes.summaries()
    assert summary["n_files"] == 0


async def test_indexers_keep_still_as_long_as_anybody_waits(
    indexes: FolderIndexes, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a slow machine it is asked late again.
    for module in (indexing, stillness):
        monkeypatch.setattr(module, "LONGEST_S", 1.5)
    indexes.configure(spec(root))
    await indexes.settled()
    with indexes.still():
        with indexes.still():
            keeping = asyncio.ensure_future(_kept(tmp_path))
            await asyncio.sleep(2.0)
        # Another one has its answer.
        await asyncio.sleep(2.0)
        assert not keeping.done()
    assert 1.5 < await keeping < PATIENCE_S
    assert await _kept(tmp_path) == 0.0


async def test_nobody_keeps_still_for_a_server_that_ends(
    indexes: FolderIndexes, root: Path, tmp_path: Path
) -> None:
    indexes.configure(spec(root))
    await indexes.settled()
    with indexes.still():
        await indexes.close()
        assert await _kept(tmp_path) < PATIENCE_S
    assert await _kept(tmp_path) == 0.0


async def _kept(tmp_path: Path) -> float:
    """How many seconds an indexer would keep still."""
    return await asyncio.to_thread(Stillness(tmp_path / "cache").keep, PATIENCE_S)


async def test_what_is_excluded_is_known_whether_it_is_indexed_or_not(
    indexes: FolderIndexes, root: Path
) -> None:
    (root / ".sc2ignore").write_text("a.py\n")
    (root / ".gitignore").write_text("made.py\n")
    files = [root / name for name in ("a.py", "made.py", "inner/b.py")]
    for roots in ((root,), ()):
        indexes.configure(replace(spec(*roots), folders=(str(root),)))
        assert [indexes.excludes(str(file)) for file in files] == [True, False, False]


async def test_other_rules_are_taken_up_for_open_files(indexes: FolderIndexes, root: Path) -> None:
    file, here = root / "a.py", (root / "c.py").as_uri()
    indexes.configure(replace(spec(root), folders=(str(root),)))
    await indexes.settled()
    indexes.hold(str(file), Text.of("def held_one(): ...\n"))
    await until(lambda: known(indexes, here, "held_one") == ["a.py"])
    assert not indexes.excludes(str(file))
    rules = root / ".sc2ignore"
    for text, files in (("a.py\n", []), ("b.py\n", ["a.py"])):
        rules.write_text(text)
        indexes.changed([str(rules)])
        assert indexes.excludes(str(file)) == (not files)
        await until(lambda: known(indexes, here, "held_one") == files)  # noqa: B023
    indexes.changed([str(rules)])
    assert known(indexes, here, "held_one") == ["a.py"], "nothing is parsed anew"


async def test_a_watcher_tells_of_other_rules(indexes: FolderIndexes, root: Path) -> None:
    indexes.configure(replace(spec(root, watch="auto"), folders=(str(root),)))
    await indexes.settled()
    assert not indexes.excludes(str(root / "a.py"))
    (root / ".sc2ignore").write_text("a.py\n")
    await until(lambda: indexes.excludes(str(root / "a.py")))
