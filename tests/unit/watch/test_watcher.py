from __future__ import annotations

import os
import queue
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from sc2_lsp.index.limits import Limits
from sc2_lsp.index.walk import Found, walk
from sc2_lsp.watch import EVERYTHING, Options, State, Watcher

WAIT_S = 20.0
PROMPT = Options(quiet_s=0.02, most_s=0.2, poll_s=0.02, retry_s=0.02)
POLLING = Options(quiet_s=0.02, most_s=0.2, poll_s=0.02, retry_s=0.02, max_folders=0)

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="of inotify")


class Told:
    """What a watcher told, in the order of time."""

    def __init__(self, root: Path, options: Options) -> None:
        self._batches: queue.SimpleQueue[frozenset[str]] = queue.SimpleQueue()
        self.watcher = Watcher(str(root), self._batches.put, options)

    def until(self, *paths: str) -> set[str]:
        """All that is told until every one of `paths` is."""
        seen: set[str] = set()
        while not seen.issuperset(paths):
            seen |= self._batches.get(timeout=WAIT_S)
        return seen

    def batch(self) -> frozenset[str]:
        return self._batches.get(timeout=WAIT_S)

    def settle(self, root: Path) -> None:
        """Wait until nothing is on its way that stands for all there is, by files of its own."""
        for number in count():
            path = f"settled-{number}.py"
            write(root, path)
            seen: set[str] = set()
            while seen.isdisjoint((path, EVERYTHING)):
                seen |= self.batch()
            if EVERYTHING not in seen:
                return

    def is_silent(self) -> bool:
        return self._batches.empty()


Start = Callable[[Path, Options], Told]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Told] = []

    def begin(root: Path, options: Options) -> Told:
        told = Told(root, options)
        started.append(told)
        told.watcher.start()
        return told

    yield begin
    for told in started:
        told.watcher.stop()
        assert told.watcher.state is State.STOPPED
    assert not [thread for thread in threading.enumerate() if thread.name == "sc2-watch"]


@pytest.fixture(params=[PROMPT, POLLING], ids=["told", "polling"])
def options(request: pytest.FixtureRequest) -> Options:
    assert isinstance(request.param, Options)
    return request.param


def write(root: Path, path: str, content: str = "x\n") -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(content, encoding="utf-8")


def test_files_that_come_change_move_and_go_are_told(
    tmp_path: Path, start: Start, options: Options
) -> None:
    write(tmp_path, "src/é 😀.py")
    told = start(tmp_path, options)
    assert told.batch() == {EVERYTHING}
    state = State.POLLING if options is POLLING else State.TOLD
    assert told.watcher.state is state
    write(tmp_path, "src/b.py")
    told.until("src/b.py")
    write(tmp_path, "src/é 😀.py", "longer\n")
    told.until("src/é 😀.py")
    (tmp_path / "src" / "b.py").rename(tmp_path / "c.py")
    told.until("src/b.py", "c.py")
    (tmp_path / "c.py").unlink()
    told.until("c.py")


@pytest.mark.parametrize("limit", [3_000_000, 1000])
def test_files_as_large_as_they_may_be_are_told(
    tmp_path: Path, start: Start, options: Options, limit: int
) -> None:
    write(tmp_path, "large.py", "x\n" * (limit // 2 - 1))
    told = start(tmp_path, replace(options, limits=Limits(max_bytes=limit)))
    told.until(EVERYTHING)
    write(tmp_path, "large.py", "y\n" * (limit // 2))
    told.until("large.py")


def test_what_is_left_out_is_not_told(tmp_path: Path, start: Start, options: Options) -> None:
    write(tmp_path, ".gitignore", "*.log\nout/\n")
    write(tmp_path, "out/a.py")
    write(tmp_path, "node_modules/p/a.js")
    told = start(tmp_path, options)
    told.until(EVERYTHING)
    paths = ["out/a.py", "out/b/c.py", "node_modules/p/a.js", "a.log", "src.pem", "b.png"]
    for path in paths:
        write(tmp_path, path, "changed\n")
    write(tmp_path, "last.py")
    assert told.until("last.py") == {"last.py"}


@linux_only
def test_a_folder_is_told_and_followed_wherever_it_goes(tmp_path: Path, start: Start) -> None:
    write(tmp_path, "a/deep/er/x.py")
    told = start(tmp_path, PROMPT)
    told.until(EVERYTHING)
    (tmp_path / "a").rename(tmp_path / "b")
    told.until("a", "b")
    write(tmp_path, "b/deep/er/y.py")
    assert told.until("b/deep/er/y.py") == {"b/deep/er/y.py"}
    (tmp_path / "new" / "er").mkdir(parents=True)
    told.until("new")
    write(tmp_path, "new/er/z.py")
    assert told.until("new/er/z.py") <= {"new", "new/er", "new/er/z.py"}
    shutil.rmtree(tmp_path / "b")
    told.until("b")
    write(tmp_path, "b/deep/er/x.py")
    told.until("b")
    write(tmp_path, "b/deep/er/w.py")
    told.until("b/deep/er/w.py")


@linux_only
def test_a_folder_that_left_is_not_taken_for_one_of_the_same_name(
    tmp_path: Path, start: Start
) -> None:
    root = tmp_path / "root"
    write(root, "a/x.py")
    told = start(root, PROMPT)
    told.until(EVERYTHING)
    (root / "a").rename(tmp_path / "outside")
    (root / "a").mkdir()
    write(root, "b.py")
    told.until("b.py")
    write(root, "a/y.py")
    # A file may be told of twice, once made and once written.
    assert told.until("a/y.py") <= {"a", "a/y.py", "b.py"}
    write(tmp_path, "outside/z.py")
    write(root, "c.py")
    assert told.until("c.py") <= {"a/y.py", "c.py"}


@linux_only
def test_a_tree_that_is_made_at_once_is_followed_to_its_end(tmp_path: Path, start: Start) -> None:
    told = start(tmp_path, PROMPT)
    told.until(EVERYTHING)
    folders = ["/".join(f"d{n >> bit & 1}" for bit in range(7)) for n in range(128)]
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    told.until("d0", "d1")
    for folder in folders:
        write(tmp_path, f"{folder}/x.py")
    covered: set[str] = set()
    while not all(is_covered(f"{folder}/x.py", covered) for folder in folders):
        covered |= told.batch()


def is_covered(path: str, told: set[str]) -> bool:
    return path in told or any(str(folder) in told for folder in Path(path).parents)


@linux_only
def test_rules_that_change_are_followed(tmp_path: Path, start: Start) -> None:
    write(tmp_path, "src/gen/a.py")
    told = start(tmp_path, PROMPT)
    told.until(EVERYTHING)
    write(tmp_path, "src/.gitignore", "/gen/\n")
    told.until("src")
    write(tmp_path, "src/gen/b.py")
    write(tmp_path, "src/c.py")
    assert told.until("src/c.py") <= {"src", "src/c.py"}
    (tmp_path / "src" / ".gitignore").unlink()
    told.until("src")
    write(tmp_path, "src/gen/d.py")
    told.until("src/gen/d.py")


@linux_only
def test_a_folder_that_turns_out_to_be_a_tools_is_left(tmp_path: Path, start: Start) -> None:
    told = start(tmp_path, PROMPT)
    told.until(EVERYTHING)
    (tmp_path / "env").mkdir()
    told.until("env")
    write(tmp_path, "env/pyvenv.cfg")
    told.until("env")
    write(tmp_path, "env/a.py")
    write(tmp_path, "last.py")
    assert "env/a.py" not in told.until("last.py")


def git(root: Path, *arguments: str) -> None:
    author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    allowed = ["-c", "protocol.file.allow=always"]
    done = subprocess.run(["git", *author, *allowed, *arguments], cwd=root, capture_output=True)
    assert done.returncode == 0, done.stderr


@linux_only
def test_another_branch_is_told_as_everything(tmp_path: Path, start: Start) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "a")
    git(tmp_path, "branch", "other")
    told = start(tmp_path, PROMPT)
    told.until(EVERYTHING)
    git(tmp_path, "checkout", "-q", "other")
    assert told.batch() == {EVERYTHING}
    git(tmp_path, "status")
    write(tmp_path, "a.py")
    assert told.until("a.py") == {"a.py"}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a submodule, `sub`, and another worktree of it, `tree`, inside of it."""
    root, other = tmp_path / "root", tmp_path / "other"
    for folder in (root, other):
        folder.mkdir()
        git(folder, "init", "-q")
        git(folder, "commit", "-q", "--allow-empty", "-m", "a")
    git(root, "submodule", "--quiet", "add", str(other), "sub")
    git(root, "worktree", "add", "-q", "tree")
    return root


@pytest.mark.parametrize(
    ("top", "excludes"),
    [
        ("", ".git/info/exclude"),
        ("sub/", ".git/modules/sub/info/exclude"),
        ("tree/", ".git/info/exclude"),
    ],
    ids=["repository", "submodule", "worktree"],
)
def test_excludes_that_change_are_told_and_followed(
    repository: Path, start: Start, options: Options, top: str, excludes: str
) -> None:
    """Wherever git keeps them, and whether or not the folder of them is there from the start."""
    if top != "sub/":
        shutil.rmtree(repository / ".git" / "info")
    write(repository, f"{top}gen/a.py")
    told = start(repository, options)
    told.until(EVERYTHING)
    # Whoever looks again and again finds what is left out now.
    sign = "sub" if top == "sub/" and sys.platform == "linux" else EVERYTHING
    sign = f"{top}gen/a.py" if options is POLLING else sign
    write(repository, excludes, "/gen/\n")
    told.until(sign)
    told.settle(repository)
    write(repository, f"{top}gen/b.py")
    write(repository, f"{top}last.py")
    assert f"{top}gen/b.py" not in told.until(f"{top}last.py")
    (repository / excludes).unlink()
    told.until(sign)
    told.settle(repository)
    write(repository, f"{top}gen/c.py")
    told.until(f"{top}gen/c.py")


@pytest.mark.parametrize("root", ["src", "tree"])
def test_excludes_that_are_kept_outside_of_the_root_are_told(
    repository: Path, start: Start, root: str
) -> None:
    write(repository, f"{root}/a.py")
    told = start(repository / root, PROMPT)
    told.until(EVERYTHING)
    write(repository, ".git/info/exclude", "a.py\n")
    told.until(EVERYTHING)
    told.settle(repository / root)
    write(repository, f"{root}/a.py", "changed\n")
    write(repository, f"{root}/last.py")
    assert "a.py" not in told.until("last.py")


@linux_only
def test_a_repository_without_a_checkout_is_left_when_it_is_made(
    tmp_path: Path, start: Start
) -> None:
    told = start(tmp_path, PROMPT)
    told.until(EVERYTHING)
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    told.until("bare.git")
    told.settle(tmp_path)
    write(tmp_path, "bare.git/hooks/a.py")
    write(tmp_path, "last.py")
    assert "bare.git/hooks/a.py" not in told.until("last.py")


@linux_only
def test_a_repository_that_is_made_later_is_followed(tmp_path: Path, start: Start) -> None:
    write(tmp_path, "inner/a.py")
    told = start(tmp_path, PROMPT)
    told.until(EVERYTHING)
    git(tmp_path / "inner", "init", "-q")
    told.until("inner")
    write(tmp_path, "inner/b.py")
    told.until("inner/b.py")
    write(tmp_path, "inner/.git/info/exclude", "a.py\n")
    told.until("inner")
    write(tmp_path, "inner/a.py", "changed\n")
    write(tmp_path, "last.py")
    assert "inner/a.py" not in told.until("last.py")


@linux_only
def test_a_burst_is_told_in_few_batches(tmp_path: Path, start: Start) -> None:
    told = start(tmp_path, Options(quiet_s=0.2, most_s=30))
    told.until(EVERYTHING)
    for number in range(500):
        write(tmp_path, f"{number}.py")
    assert len(told.until(*(f"{number}.py" for number in range(500)))) == 500
    assert told.is_silent()


@linux_only
@pytest.mark.parametrize("seed", range(8))
def test_who_looks_where_it_is_told_misses_nothing(tmp_path: Path, start: Start, seed: int) -> None:
    told = start(tmp_path, PROMPT)
    known: dict[str, Found] = {}
    look(tmp_path, told.batch(), known)
    change_anything(tmp_path, random.Random(seed))
    write(tmp_path, "last.py")
    while "last.py" not in known:
        look(tmp_path, told.batch(), known)
    assert known == found_below(tmp_path, EVERYTHING)


def look(root: Path, paths: frozenset[str], known: dict[str, Found]) -> None:
    for path in paths:
        for at in list(known):
            if path == EVERYTHING or f"{at}/".startswith(f"{path}/"):
                del known[at]
        known.update(found_below(root, path))


def found_below(root: Path, path: str) -> dict[str, Found]:
    return {at.path: at for at in walk(str(root), below=path) if isinstance(at, Found)}


def change_anything(root: Path, choice: random.Random) -> None:
    def somewhere(n_least: int, n_most: int) -> Path:
        return root.joinpath(*choice.choices("abcd", k=choice.randint(n_least, n_most)))

    def some_file() -> Path:
        return somewhere(0, 3) / choice.choice(["x.py", "y.py", "z.log", ".gitignore"])

    for _ in range(150):
        with suppress(OSError):
            match choice.randrange(8):
                case 0 | 1 | 2:
                    path = some_file()
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(choice.choice(["", "*.log\n", "b/\n", "/a/\n", "!*.log\nd\n"]))
                case 3 | 4:
                    somewhere(1, 3).rename(somewhere(1, 3))
                case 5:
                    shutil.rmtree(somewhere(1, 4))
                case 6:
                    some_file().unlink()
                case _:
                    some_file().rename(some_file())


def test_a_root_that_goes_and_comes_back_is_watched_again(
    tmp_path: Path, start: Start, options: Options
) -> None:
    root = tmp_path / "root"
    told = start(root, options)
    write(root, "a.py")
    told.until(EVERYTHING)
    shutil.rmtree(root)
    told.until(EVERYTHING)
    write(root, "a.py")
    told.until(EVERYTHING)
    write(root, "b.py")
    told.until("b.py")


@linux_only
def test_a_tree_that_outgrows_the_limit_is_polled(tmp_path: Path, start: Start) -> None:
    write(tmp_path, "a/x.py")
    told = start(tmp_path, Options(quiet_s=0.02, most_s=0.2, poll_s=0.02, max_folders=3))
    told.until(EVERYTHING)
    states = [told.watcher.state]
    for name in ("b", "c", "d"):
        write(tmp_path, f"{name}/x.py")
    told.until(EVERYTHING)
    assert [*states, told.watcher.state] == [State.TOLD, State.POLLING]
    write(tmp_path, "d/y.py")
    told.until("d/y.py")


def test_a_watcher_that_never_started_can_be_stopped(tmp_path: Path) -> None:
    Watcher(str(tmp_path), lambda paths: None).stop()


def test_a_watcher_may_be_stopped_from_what_it_tells(tmp_path: Path) -> None:
    stopped = threading.Event()

    def stop(paths: frozenset[str]) -> None:
        watcher.stop()
        stopped.set()

    watcher = Watcher(str(tmp_path), stop, PROMPT)
    watcher.start()
    assert stopped.wait(WAIT_S)
    watcher.stop()
    assert watcher.state is State.STOPPED


@linux_only
def test_nothing_is_left_open(tmp_path: Path) -> None:
    write(tmp_path, "a/x.py")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for options in (PROMPT, POLLING):
        for _ in range(5):
            told = Told(tmp_path, options)
            told.watcher.start()
            told.until(EVERYTHING)
            told.watcher.stop()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
