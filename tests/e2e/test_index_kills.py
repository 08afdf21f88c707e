"""An indexer that is killed at any moment leaves an index that the next one completes."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import msgspec
import psutil
import pytest

from sc2_lsp.index.keeper import Setup
from sc2_lsp.index.launch import indexer_command
from sc2_lsp.index.limits import Limits
from sc2_lsp.index.messages import Phase, Progress, decode_report
from sc2_lsp.index.place import Place, place_of
from sc2_lsp.index.reader import Reader
from tests.support.index_contents import contents_of_index

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

N_KILLS = 20
N_FILES = 300
ANSWER_S = 60


def test_an_index_equals_a_fresh_one_after_kills_at_random_moments(tmp_path: Path) -> None:
    rng = random.Random(20)
    root = tmp_path / "root"
    for number in range(N_FILES):
        _write(root, number, rng)
    place = place_of(root, tmp_path / "cache")
    reader = Reader(place)
    n_unfinished = 0
    for _ in range(N_KILLS):
        n_unfinished += _kill_at_random(_start(root, place), rng)
        reader.search(["value"], 10)
        for number in rng.sample(range(N_FILES), 80):
            _write(root, number, rng)
        _path(root, rng.randrange(N_FILES)).unlink(missing_ok=True)
    assert n_unfinished >= 3, "the kills came too late"
    assert reader.search(["value"], 10) != []
    _complete(_start(root, place))
    fresh = place_of(root, tmp_path / "fresh")
    _complete(_start(root, fresh))
    assert contents_of_index(place) == contents_of_index(fresh)
    assert not place.broken.exists()


def _path(root: Path, number: int) -> Path:
    return root / f"package{number % 9}" / f"module{number}.py"


def _write(root: Path, number: int, rng: random.Random) -> None:
    path = _path(root, number)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "".join(
            f"class Name{rng.randrange(10**6)}:\n"
            f"    def method_{rng.randrange(1000)}(self, value):\n"
            f"        return value + {rng.random()}\n\n"
            for _ in range(rng.randrange(30))
        )
    )


def _start(root: Path, place: Place) -> subprocess.Popen[bytes]:
    setup = Setup(str(root), str(place.database.parent), Limits(), n_workers=2, is_awaited=True)
    return subprocess.Popen(
        indexer_command(msgspec.json.encode(setup).decode()),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def _kill_at_random(indexer: subprocess.Popen[bytes], rng: random.Random) -> bool:
    """Kill it between two of its reports, or before the first one; whether it had work left."""
    assert indexer.stdout is not None
    is_ready = False
    for _ in range(rng.randrange(4)):
        is_ready = is_ready or _report(indexer).phase is Phase.READY
        if is_ready:
            break
    # Where between them is nothing that could be waited for.
    with pytest.raises(subprocess.TimeoutExpired):
        indexer.wait(rng.random() * 0.2)
    workers = psutil.Process(indexer.pid).children()
    indexer.kill()
    with indexer:
        indexer.wait()
        rest = indexer.stdout.read()
    assert psutil.wait_procs(workers, timeout=ANSWER_S)[1] == []
    return not is_ready and b"ready" not in rest


def _complete(indexer: subprocess.Popen[bytes]) -> None:
    with indexer:
        while _report(indexer).phase is not Phase.READY:
            pass
        assert indexer.stdin is not None
        indexer.stdin.close()
        assert indexer.wait(ANSWER_S) == 0


def _report(indexer: subprocess.Popen[bytes]) -> Progress:
    assert indexer.stdout is not None
    report = decode_report(indexer.stdout.readline())
    assert isinstance(report, Progress)
    return report
