from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from queue import SimpleQueue

import psutil
import pytest

from sc2_lsp.index.limits import Limits
from sc2_lsp.index.parsed import Parsed
from sc2_lsp.index.pool import UNPARSABLE, Pool
from sc2_lsp.index.priority import Urgency
from sc2_lsp.index.stillness import LONGEST_S, Stillness
from sc2_lsp.index.worker import Setup

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes by name")

Results = SimpleQueue[tuple[int, list[Parsed]]]


def pool_of(root: Path, n_workers: int = 1, **options: float) -> tuple[Pool, Results]:
    results: Results = SimpleQueue()
    setup = Setup(str(root), Limits(), urgency=Urgency.NORMAL)
    return Pool(setup, n_workers, lambda *result: results.put(result), **options), results


def children() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        if any("sc2_lsp.index.worker" in word for word in child.cmdline())
    ]


def test_each_batch_is_answered_with_its_number(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def one(): pass\n")
    pool, results = pool_of(tmp_path, n_workers=2)
    for number in range(4):
        pool.submit(number, ["a.py", "none.py"])
    answers = dict(results.get(timeout=20) for _ in range(4))
    pool.close()
    assert sorted(answers) == [0, 1, 2, 3]
    for there, gone in answers.values():
        assert there.contents is not None
        assert there.contents.names == "one"
        assert gone == Parsed("none.py", 0, 0)


def test_a_killed_worker_is_replaced_and_its_batch_done_again(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number}.py").write_text("def one(): pass\n" * 2000)
    pool, results = pool_of(tmp_path)
    pool.submit(1, ["0.py"])
    results.get(timeout=20)
    pool.submit(2, [f"{number}.py" for number in range(20)])
    (worker,) = children()
    worker.kill()
    _, answers = results.get(timeout=20)
    pool.close()
    assert [answer.reason for answer in answers] == [None] * 20
    assert all(answer.contents for answer in answers)


def test_a_file_that_takes_too_long_is_left_out_and_the_others_are_not(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def one(): pass\n")
    (tmp_path / "b.py").write_text("def two(): pass\n")
    pool, results = pool_of(tmp_path, batch_time_s=0.0)
    pool.submit(1, ["a.py", "b.py"])
    _, answers = results.get(timeout=20)
    pool.close()
    assert [answer.reason for answer in answers] == [UNPARSABLE] * 2
    assert answers[0].size == (tmp_path / "a.py").stat().st_size


def test_a_worker_keeps_still_while_somebody_asks_for_it(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def one(): pass\n")
    results: Results = SimpleQueue()
    setup = Setup(str(tmp_path), Limits(), urgency=Urgency.NORMAL, still=str(tmp_path))
    pool = Pool(setup, 1, lambda *result: results.put(result))
    pool.submit(1, ["a.py"])
    results.get(timeout=20)
    began_s = time.monotonic()
    with Stillness(tmp_path).asked():
        pool.submit(2, ["a.py"])
        results.get(timeout=20)
    assert time.monotonic() - began_s >= LONGEST_S
    pool.close()


def test_killing_the_pool_ends_its_processes(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def one(): pass\n")
    pool, results = pool_of(tmp_path, n_workers=2)
    for number in range(8):
        pool.submit(number, ["a.py"])
    for _ in range(8):
        results.get(timeout=20)
    workers = children()
    assert workers
    pool.close()
    pool.kill()
    assert psutil.wait_procs(workers, timeout=10)[1] == []


def test_workers_import_nothing_from_the_folder_they_were_started_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "msgspec.py").write_text("raise SystemExit('taken in')\n")
    (tmp_path / "a.py").write_text("x = 1\n")
    monkeypatch.chdir(tmp_path)
    pool, results = pool_of(tmp_path)
    pool.submit(1, ["a.py"])
    (_, (answer,)) = results.get(timeout=20)
    pool.close()
    assert answer.contents is not None


@posix_only
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    pool, results = pool_of(tmp_path)
    pool.submit(1, ["pipe.py"])
    (_, (answer,)) = results.get(timeout=20)
    pool.close()
    assert answer.reason == "unreadable"
