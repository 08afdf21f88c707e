from __future__ import annotations

import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sc2_lsp.index.stillness import LONGEST_S, Stillness

LONG_S = 60.0


def test_nobody_waits_where_nobody_asks(tmp_path: Path) -> None:
    stillness = Stillness(tmp_path)
    assert stillness.keep(LONG_S) == 0.0
    with stillness.asked():
        pass
    assert stillness.keep(LONG_S) == 0.0


def test_who_looks_elsewhere_keeps_still_for_a_while_and_not_for_longer(tmp_path: Path) -> None:
    began_s = time.monotonic()
    with Stillness(tmp_path).asked():
        Stillness(tmp_path).keep(LONG_S)
    assert LONGEST_S <= time.monotonic() - began_s < LONG_S


def test_it_is_kept_no_longer_than_one_is_willing_to(tmp_path: Path) -> None:
    with Stillness(tmp_path).asked():
        assert Stillness(tmp_path).keep(0.0) == 0.0


def test_who_has_an_answer_does_not_speak_for_others(tmp_path: Path) -> None:
    one, other = Stillness(tmp_path), Stillness(tmp_path)
    with one.asked():
        with other.asked():
            pass
        # The other's wish was the later one, and with it all ends.
        assert Stillness(tmp_path).keep(LONG_S) == 0.0
    first = one.asked()
    first.__enter__()
    began_s = time.monotonic()
    with other.asked():
        first.__exit__(None, None, None)
        Stillness(tmp_path).keep(LONG_S)
    assert time.monotonic() - began_s >= LONGEST_S


def test_a_server_that_was_killed_is_not_waited_for(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from sc2_lsp.index.stillness import Stillness\n"
        "with Stillness(Path(sys.argv[1])).asked(): os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert Stillness(tmp_path).keep(LONG_S) < LONG_S


@pytest.mark.parametrize(
    "data",
    [b"", b"abc", *(struct.pack("=d", s) for s in (1e18, float("inf"), float("nan"), -1.0))],
)
def test_what_no_server_writes_is_nothing(tmp_path: Path, data: bytes) -> None:
    # As after a restart of the machine, where its clock begins anew.
    with Stillness(tmp_path).asked():
        pass
    (file,) = tmp_path.iterdir()
    file.write_bytes(data)
    assert Stillness(tmp_path).keep(LONG_S) == 0.0


def test_without_a_folder_nobody_waits_and_nothing_fails(tmp_path: Path) -> None:
    stillness = Stillness(tmp_path / "not there yet")
    with stillness.asked():
        assert stillness.keep(LONG_S) == 0.0
    (tmp_path / "not there yet").mkdir()
    began_s = time.monotonic()
    with stillness.asked():
        stillness.keep(LONG_S)
    assert time.monotonic() - began_s >= LONGEST_S


def test_it_can_be_closed_and_used_again(tmp_path: Path) -> None:
    stillness = Stillness(tmp_path)
    for _ in range(2):
        with stillness.asked():
            pass
        stillness.close()
    stillness.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_the_file_is_the_users_and_no_link_is_followed(tmp_path: Path) -> None:
    with Stillness(tmp_path).asked():
        pass
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    file.unlink()
    target = tmp_path / "precious"
    target.write_text("")
    file.symlink_to(target)
    with Stillness(tmp_path).asked():
        pass
    assert target.read_bytes() == b""
