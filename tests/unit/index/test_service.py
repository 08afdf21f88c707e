from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from sc2_lsp.index.messages import Phase, Progress
from sc2_lsp.index.service import Index, IndexOptions

WAIT_S = 60


class Watched:
    """An index, and its progress as events."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._progress: asyncio.Queue[Progress] = asyncio.Queue()
        self.index = Index(
            str(root),
            IndexOptions(n_workers=1, folder=folder, is_awaited=True),
            self._progress.put_nowait,
        )
        self.index.start()

    async def until(self, phase: Phase) -> Progress:
        while (progress := await asyncio.wait_for(self._progress.get(), WAIT_S)).phase is not phase:
            pass
        return progress

    def definers(self, name: str) -> list[str]:
        return [found.path for found in self.index.reader.definitions([name], 10)]


async def test_a_root_whose_name_is_no_text_is_not_indexed(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "not\udcffutf-8", tmp_path / "cache")
    try:
        await asyncio.wait_for(watched.index.settled(), WAIT_S)
        stopped = await watched.until(Phase.STOPPED)
        assert stopped.message == "Its name is not UTF-8; it is not indexed."
        await asyncio.wait_for(watched.index.rescan(), WAIT_S)
    finally:
        await watched.index.close()


Open = Callable[[], Watched]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.py").write_text("def one(): pass\n")
    return root


@pytest.fixture
async def open_index(tmp_path: Path, root: Path) -> AsyncIterator[Open]:
    opened: list[Watched] = []

    def open_it() -> Watched:
        opened.append(Watched(root, tmp_path / "cache"))
        return opened[-1]

    yield open_it
    for watched in opened:
        await watched.index.close()


def indexers() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        if any("sc2_lsp.index.indexer" in word for word in child.cmdline())
    ]


async def test_an_index_is_built_and_follows_what_it_is_told(root: Path, open_index: Open) -> None:
    watched = open_index()
    await watched.until(Phase.READY)
    assert watched.definers("one") == ["a.py"]
    (root / "b.py").write_text("def two(): pass\n")
    await asyncio.wait_for(watched.index.changed(["b.py"]), WAIT_S)
    assert watched.definers("two") == ["b.py"]
    (root / "a.py").write_text("def uno(): pass\n")
    await asyncio.wait_for(watched.index.rescan(), WAIT_S)
    assert watched.definers("uno") == ["a.py"]
    await asyncio.wait_for(watched.index.rebuild(), WAIT_S)
    assert watched.definers("two") == ["b.py"]
    assert watched.index.summary().n_files == 2


async def test_commands_before_the_indexer_is_there_are_not_lost(open_index: Open) -> None:
    watched = open_index()
    await asyncio.wait_for(watched.index.settled(), WAIT_S)
    assert watched.definers("one") == ["a.py"]


async def test_an_open_file_is_seen_a_moment_later(root: Path, open_index: Open) -> None:
    watched = open_index()
    await asyncio.wait_for(watched.index.settled(), WAIT_S)
    watched.index.hold("a.py", "def eins(): pass\n")
    watched.index.hold("unsaved.py", "def zwei(): pass\n")
    watched.index.hold(".env", "KEY=1\n")
    await asyncio.wait_for(watched.index.refreshed(), WAIT_S)
    assert watched.definers("eins") == ["a.py"]
    assert watched.definers("zwei") == ["unsaved.py"]
    assert watched.definers("one") == []
    assert not watched.index.reader.overlay.is_held(".env")
    watched.index.release("a.py")
    assert watched.definers("one") == ["a.py"]


async def test_a_single_line_is_seen_once_nobody_types(open_index: Open) -> None:
    watched = open_index()
    await asyncio.wait_for(watched.index.settled(), WAIT_S)
    watched.index.hold("a.py", "def eins(): pass\n")
    await asyncio.wait_for(watched.index.refreshed(), WAIT_S)
    watched.index.hold("a.py", "def zwei(): pass\n")

    async def look() -> None:
        while watched.definers("zwei") != ["a.py"]:  # noqa: ASYNC110  no event tells of it
            await asyncio.sleep(0.01)

    await asyncio.wait_for(look(), WAIT_S)
    assert watched.definers("eins") == []


async def test_an_indexer_that_dies_is_started_again(root: Path, open_index: Open) -> None:
    watched = open_index()
    await watched.until(Phase.READY)
    (root / "b.py").write_text("def two(): pass\n")
    (indexer,) = indexers()
    indexer.kill()
    await asyncio.wait_for(watched.until(Phase.READY), WAIT_S)
    assert watched.definers("two") == ["b.py"]


async def test_what_is_asked_of_a_dying_indexer_is_answered(open_index: Open) -> None:
    watched = open_index()
    await watched.until(Phase.READY)
    (indexer,) = indexers()
    indexer.kill()
    await asyncio.wait_for(watched.index.rescan(), WAIT_S)


async def test_one_of_two_keeps_the_index_and_the_other_takes_over(
    root: Path, open_index: Open
) -> None:
    first = open_index()
    await first.until(Phase.READY)
    second = open_index()
    await second.until(Phase.FOLLOWING)
    assert second.definers("one") == ["a.py"]
    (root / "b.py").write_text("def two(): pass\n")
    await asyncio.wait_for(second.index.changed(["b.py"]), WAIT_S)
    assert second.definers("two") == []
    await first.index.close()
    await second.until(Phase.READY)
    assert second.definers("two") == ["b.py"]


async def test_nothing_is_left_of_a_closed_index(open_index: Open) -> None:
    watched = open_index()
    await watched.until(Phase.READY)
    (indexer,) = indexers()
    processes = [indexer, *indexer.children()]
    await watched.index.close()
    assert psutil.wait_procs(processes, timeout=WAIT_S)[1] == []
    await asyncio.wait_for(watched.index.rescan(), WAIT_S)


async def test_an_index_that_was_never_started_answers(tmp_path: Path, root: Path) -> None:
    index = Index(str(root), IndexOptions(folder=tmp_path / "cache"))
    await asyncio.wait_for(index.changed(["a.py"]), WAIT_S)
    assert index.reader.definitions(["one"], 1) == []
    assert index.summary().problem == "There is no index yet."
    await index.close()


async def test_a_damaged_index_is_built_again_once_a_reader_meets_it(
    tmp_path: Path, open_index: Open
) -> None:
    watched = open_index()
    await watched.until(Phase.READY)
    await watched.index.close()
    (database,) = (tmp_path / "cache").glob("*.db")
    data = bytearray(database.read_bytes())
    data[3 * 4096 :] = b"\xa5" * (len(data) - 3 * 4096)
    database.write_bytes(data)
    again = open_index()
    await again.until(Phase.READY)
    assert again.definers("one") == ["a.py"] or await again.until(Phase.READY)
    assert again.definers("one") == ["a.py"]


async def test_a_cache_folder_that_cannot_be_made_stops_the_index(
    tmp_path: Path, root: Path
) -> None:
    (tmp_path / "file").touch()
    watched = Watched(root, tmp_path / "file" / "cache")
    stopped = await watched.until(Phase.STOPPED)
    assert stopped.message
    await asyncio.wait_for(watched.index.rescan(), WAIT_S)
    await watched.index.close()
