from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue

import pytest

from sc2_lsp.index.keeper import Event, Keeper, LockTaken, Setup
from sc2_lsp.index.limits import Limits
from sc2_lsp.index.messages import (
    Changed,
    Check,
    Command,
    Done,
    Focus,
    Phase,
    Progress,
    Rebuild,
    Report,
    Rescan,
    Settle,
)
from sc2_lsp.index.place import place_of, prepare
from sc2_lsp.index.reader import Reader
from sc2_lsp.index.stillness import LONGEST_S, Stillness
from sc2_lsp.index.summary import Summary, summary_of

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")


class Kept:
    """A root, and a keeper of its index that runs as far as it can at each command."""

    def __init__(self, folder: Path, *, is_careful: bool = False, is_awaited: bool = True) -> None:
        self.root = folder / "root"
        self.root.mkdir(exist_ok=True)
        self.place = place_of(self.root, folder / "cache")
        prepare(self.place.database.parent)
        self.inbox: SimpleQueue[Event] = SimpleQueue()
        self.reports: list[Report] = []
        setup = Setup(
            str(self.root), str(folder / "cache"), Limits(), 2, is_careful, is_awaited=is_awaited
        )
        self.keeper = Keeper(setup, self.place, self.inbox.put, self.reports.append)
        self.reader = Reader(self.place)

    def write(self, path: str, text: str | bytes) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)

    def start(self) -> None:
        self.inbox.put(LockTaken())
        self.tell(Settle(0))

    def tell(self, command: Command) -> None:
        """Give a command, and serve all that happens until it is done."""
        self.inbox.put(command)
        id = None if isinstance(command, Focus) else command.id
        while id is not None and Done(id) not in self.reports:
            self.keeper.handle(self.inbox.get(timeout=10))
        self.reports[:] = [report for report in self.reports if isinstance(report, Progress)]

    def definers(self, name: str) -> list[str]:
        return [found.path for found in self.reader.definitions([name], 100)]

    @property
    def summary(self) -> Summary:
        return summary_of(self.place)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path)
    yield kept
    kept.keeper.close()


def test_a_new_index_holds_what_belongs_into_it(kept: Kept) -> None:
    kept.write("a.py", "def one(): pass\n")
    kept.write("src/b.go", "package b\nfunc Two() {}\n")
    kept.write("notes.md", "# Three\n")
    kept.write("logo.bin", b"\0" * 100)
    kept.write("picture", b"\0" * 100)
    kept.write(".gitignore", "out/\n")
    kept.write("out/c.py", "def four(): pass\n")
    kept.write(".env", "KEY=1\n")
    kept.start()
    assert kept.definers("one") == ["a.py"]
    assert kept.definers("Two") == ["src/b.go"]
    assert kept.definers("four") == []
    assert kept.reader.search(["three"], 1)[0].path == "notes.md"
    assert dict(kept.summary.languages) == {"python": 1, "go": 1, "text": 2}
    assert dict(kept.summary.skipped) == {"binary": 2, "ignored": 1, "may hold secrets": 1}
    assert kept.reports[-1] == Progress(Phase.READY, 5, 5)


def test_an_empty_root_has_an_empty_index(kept: Kept) -> None:
    kept.start()
    assert kept.summary.n_files == 0
    assert kept.summary.problem == ""
    assert kept.summary.scanned_s is not None


def test_a_saved_a_new_and_a_removed_file_are_told_one_by_one(kept: Kept) -> None:
    kept.write("a.py", "def one(): pass\n")
    kept.write("b.py", "def two(): pass\n")
    kept.start()
    kept.write("a.py", "def uno(): pass\n")
    kept.write("c.py", "def three(): pass\n")
    (kept.root / "b.py").unlink()
    kept.tell(Changed(1, ["a.py", "b.py", "c.py", "never.py"]))
    names = ("one", "two", "uno", "three")
    assert [kept.definers(name) for name in names] == [[], [], ["a.py"], ["c.py"]]


def test_folders_are_renamed_and_removed(kept: Kept) -> None:
    kept.write("a/b/c.py", "def one(): pass\n")
    kept.write("a/d.py", "def two(): pass\n")
    kept.write("ab/e.py", "def three(): pass\n")
    kept.start()
    (kept.root / "a").rename(kept.root / "z")
    kept.tell(Changed(1, ["a", "z"]))
    assert kept.definers("one") == ["z/b/c.py"]
    assert kept.definers("two") == ["z/d.py"]
    assert kept.definers("three") == ["ab/e.py"]


def test_a_file_that_becomes_a_folder_is_found_no_more(kept: Kept) -> None:
    kept.write("a.py", "def one(): pass\n")
    kept.start()
    (kept.root / "a.py").unlink()
    kept.write("a.py/b.py", "def two(): pass\n")
    kept.tell(Changed(1, ["a.py"]))
    assert kept.definers("one") == []
    assert kept.definers("two") == ["a.py/b.py"]


def test_new_ignore_rules_count_for_files_that_were_there(kept: Kept) -> None:
    kept.write("a.py", "def one(): pass\n")
    kept.start()
    kept.write(".sc2ignore", "a.py\n")
    kept.tell(Changed(1, [".sc2ignore"]))
    assert kept.definers("one") == []


@pytest.mark.parametrize("folder", [".git", "sub/.git/modules/deep"])
def test_excludes_of_git_count_like_other_rules(kept: Kept, folder: str) -> None:
    top = folder.rpartition(".git")[0]
    kept.write(f"{top}.git/HEAD", "ref: refs/heads/main\n")
    if folder != ".git":
        kept.write(f"{top}deep/.git", "gitdir: ../.git/modules/deep\n")
        top += "deep/"
    kept.write(f"{top}a.py", "def one(): pass\n")
    kept.start()
    kept.write(f"{folder}/info/exclude", "a.py\n")
    kept.tell(Changed(1, [f"{folder}/info/exclude"]))
    assert kept.definers("one") == []


def test_a_scan_reads_only_what_changed(kept: Kept) -> None:
    kept.write("a.py", "def one(): pass\n")
    kept.write("b.py", "def two(): pass\n")
    kept.start()
    status = (kept.root / "a.py").stat()
    kept.write("a.py", "def uno(): pass\n")  # As long as before, and as old.
    os.utime(kept.root / "a.py", ns=(status.st_atime_ns, status.st_mtime_ns))
    kept.write("b.py", "def zwei(): pass\n")
    kept.tell(Rescan(1))
    assert kept.definers("one") == ["a.py"]
    assert kept.definers("zwei") == ["b.py"]
    kept.tell(Rebuild(2))
    assert kept.definers("uno") == ["a.py"]


def test_many_files_are_parsed_by_workers(kept: Kept) -> None:
    for number in range(150):
        kept.write(f"m{number % 7}/f{number}.py", f"def name_{number}(): pass\n")
    kept.start()
    assert all(kept.definers(f"name_{number}") for number in range(150))
    assert kept.summary.n_files == 150


def test_commands_are_served_while_a_large_index_is_tidied(kept: Kept) -> None:
    kept.start()
    for number in range(20):
        kept.write(f"f{number}.py", f"def name_{number}(): pass\n")
        kept.tell(Changed(1, [f"f{number}.py"]))
    kept.inbox.put(Rescan(2))
    kept.write("late.py", "def late(): pass\n")
    kept.tell(Changed(1, ["late.py"]))
    while not kept.inbox.empty():
        kept.keeper.handle(kept.inbox.get())
    assert kept.definers("late") == ["late.py"]
    assert all(kept.definers(f"name_{number}") for number in range(20))


def test_many_changes_at_once_are_parsed_by_workers(kept: Kept) -> None:
    kept.start()
    for number in range(100):
        kept.write(f"new/f{number}.py", f"def name_{number}(): pass\n")
    kept.tell(Changed(1, ["new"]))
    assert all(kept.definers(f"name_{number}") for number in range(100))


def test_an_index_is_built_when_nobody_waits_for_a_suggestion(tmp_path: Path) -> None:
    kept = Kept(tmp_path, is_awaited=False)
    kept.write("a.py", "def one(): pass\n")
    began_s = time.monotonic()
    with Stillness(tmp_path / "cache").asked():
        kept.start()
    assert time.monotonic() - began_s >= LONGEST_S
    assert kept.definers("one") == ["a.py"]
    kept.keeper.close()


def test_a_careful_keeper_finds_the_same(tmp_path: Path) -> None:
    kept = Kept(tmp_path, is_careful=True)
    kept.write("a.py", "def one(): pass\n")
    kept.start()
    kept.write("a.py", "def uno(): pass\n")
    kept.tell(Changed(1, ["a.py"]))
    assert kept.definers("uno") == ["a.py"]
    kept.keeper.close()


def test_the_next_keeper_goes_on_from_what_is_there(tmp_path: Path, kept: Kept) -> None:
    kept.write("a.py", "def one(): pass\n")
    kept.write("b.py", "def two(): pass\n")
    kept.start()
    kept.keeper.close()
    kept.write("b.py", "def zwei(): pass\n")
    (kept.root / "a.py").unlink()
    again = Kept(tmp_path)
    assert again.definers("one") == ["a.py"]
    again.start()
    assert again.definers("one") == again.definers("two") == []
    assert again.definers("zwei") == ["b.py"]
    again.keeper.close()


@posix_only
def test_a_file_that_may_not_be_read_is_left_out_until_it_may(kept: Kept) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    kept.write("a.py", "def one(): pass\n")
    (kept.root / "a.py").chmod(0)
    kept.start()
    assert dict(kept.summary.skipped) == {"unreadable": 1}
    (kept.root / "a.py").chmod(0o600)
    kept.tell(Rescan(1))
    assert kept.definers("one") == ["a.py"]


def test_a_root_that_is_gone_stops_the_keeper_and_forgets_nothing(kept: Kept) -> None:
    kept.write("a.py", "def one(): pass\n")
    kept.start()
    away = kept.root.with_name("away")
    kept.root.rename(away)
    kept.tell(Rescan(1))
    stopped = kept.reports[-1]
    assert isinstance(stopped, Progress)
    assert stopped.phase is Phase.STOPPED
    assert str(kept.root) in stopped.message
    assert kept.definers("one") == ["a.py"]
    away.rename(kept.root)
    kept.tell(Rescan(2))
    assert kept.reports[-1] == Progress(Phase.READY, 1, 1)


def test_damage_that_a_reader_met_is_mended(kept: Kept) -> None:
    for number in range(60):
        kept.write(f"{number}.py", f"def name_{number}(): pass\n" * 30)
    kept.start()
    database = kept.place.database
    with closing(sqlite3.connect(database)) as connection:  # The log would cover the damage.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = database.read_bytes()
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (len(data) - 4096))
    kept.tell(Check(2))
    assert kept.place.broken.exists()
    assert all(kept.definers(f"name_{number}") for number in range(60))


def test_a_sound_database_survives_a_check(kept: Kept) -> None:
    kept.write("a.py", "def one(): pass\n")
    kept.start()
    kept.tell(Check(1))
    assert not kept.place.broken.exists()
    assert kept.definers("one") == ["a.py"]


def test_a_follower_answers_and_writes_nothing(kept: Kept) -> None:
    kept.write("a.py", "def one(): pass\n")
    for command in (Settle(1), Changed(2, ["a.py"]), Rescan(3), Rebuild(4), Check(5)):
        kept.tell(command)
    assert not kept.place.database.exists()


def test_text_of_any_encoding_and_line_break_is_indexed(kept: Kept) -> None:
    kept.write("crlf.py", "def one():\r\n    pass\r\n\r\n\r\ndef two(): pass\r\n")
    kept.write("bom.py", b"\xef\xbb\xbfdef three(): pass\n")
    kept.write("latin.py", b"# caf\xe9\n\ndef four(): pass\n")
    kept.write("emoji.py", "smile = '😀'\n\ndef five(): pass\n")
    kept.start()
    names = ("one", "two", "three", "four", "five")
    found = [kept.reader.definitions([name], 9)[0] for name in names]
    assert [one.definition.start_line for one in found] == [0, 4, 0, 2, 2]
    assert kept.reader.read("latin.py") == "# café\n\ndef four(): pass\n"
    assert kept.reader.read("bom.py") == "def three(): pass\n"
