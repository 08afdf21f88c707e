from __future__ import annotations

import os
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sc2_lsp.engine import rendezvous
from sc2_lsp.engine.rendezvous import FOLDER_VARIABLE, Place, SharingRefused

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows shares no engines")


@pytest.fixture
def folder(runtime_folder: Path) -> Path:
    """A private folder with a path that is short enough for sockets."""
    folder = tempfile.mkdtemp(dir=runtime_folder)
    return rendezvous.private_folder({FOLDER_VARIABLE: folder})


@pytest.fixture
def place(folder: Path) -> Place:
    return Place(folder, "sc2-0123456789abcdef")


@pytest.fixture
def listener(place: Place) -> Iterator[socket.socket]:
    with rendezvous.listen(place) as listener:
        yield listener


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def refusal(folder: Path) -> str:
    with pytest.raises(SharingRefused) as refused:
        rendezvous.private_folder({FOLDER_VARIABLE: str(folder)})
    return str(refused.value)


def test_only_the_user_can_enter_the_folder(folder: Path) -> None:
    assert mode(folder) == 0o700
    assert rendezvous.private_folder({FOLDER_VARIABLE: str(folder)}) == folder


def test_a_relative_path_is_made_absolute(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert rendezvous.private_folder({FOLDER_VARIABLE: folder.name}) == folder


def test_a_folder_that_others_can_enter_is_refused(folder: Path) -> None:
    folder.chmod(0o777)
    assert "open to other users" in refusal(folder)
    assert mode(folder) == 0o777


def test_a_folder_of_another_user_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    another = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: another)
    assert "belongs to another user" in refusal(folder)


def test_a_link_to_a_folder_is_refused(folder: Path) -> None:
    link = folder / "link"
    link.symlink_to(folder)
    assert "is no folder" in refusal(link)


def test_a_file_in_the_folders_place_is_refused(folder: Path) -> None:
    (folder / "file").touch()
    assert str(folder / "file") in refusal(folder / "file")


def test_a_folder_that_others_could_replace_is_refused(folder: Path) -> None:
    parent = folder / "parent"
    parent.mkdir()
    parent.chmod(0o777)
    assert "may replace" in refusal(parent / "child")
    parent.chmod(0o1777)
    assert rendezvous.private_folder({FOLDER_VARIABLE: str(parent / "child")})


def test_a_path_too_long_for_a_socket_is_refused(folder: Path) -> None:
    assert "too long" in refusal(folder / ("x" * 100))


def test_a_user_without_a_runtime_folder_has_one_in_the_cache(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    monkeypatch.setenv("HOME", str(folder))
    found = rendezvous.private_folder({})
    assert folder in found.parents


def test_the_runtime_folder_comes_before_the_cache(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sys.platform == "darwin":
        pytest.skip("macOS has no such variable")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    found = rendezvous.private_folder({"XDG_RUNTIME_DIR": str(folder)})
    assert found == folder / "sc2-lsp"


def test_a_cache_too_deep_for_a_socket_gives_way_to_a_folder_of_temporary_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / ("x" * 100)))
    monkeypatch.setenv("HOME", str(folder / ("x" * 100)))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    assert rendezvous.private_folder({}) == folder / f"sc2-lsp-{os.geteuid()}"


@pytest.mark.usefixtures("listener")
def test_only_the_user_can_read_the_token_or_connect(place: Place) -> None:
    os.close(rendezvous.open_log(place))
    assert [mode(path) for path in (place.socket, place.token, place.log)] == [0o600] * 3
    token = rendezvous.read_token(place)
    assert token is not None
    assert len(token) >= 32


def test_every_engine_has_a_token_of_its_own(place: Place) -> None:
    tokens = set()
    for _ in range(3):
        rendezvous.listen(place).close()
        tokens.add(rendezvous.read_token(place))
    assert len(tokens) == 3


def test_one_at_a_time_holds_the_lock(place: Place) -> None:
    first = rendezvous.try_lock(place)
    assert first is not None
    assert rendezvous.try_lock(place) is None
    os.close(first)
    second = rendezvous.try_lock(place)
    assert second is not None
    os.close(second)


def test_a_start_removes_what_dead_engines_left_and_nothing_of_living_ones(folder: Path) -> None:
    dead, living, stray = (Place(folder, f"sc2-{number}") for number in range(3))
    rendezvous.listen(dead).close()
    os.close(rendezvous.open_log(dead))
    stray.log.touch()
    with rendezvous.listen(living), rendezvous.listen(Place(folder, "sc2-9")):
        assert not [path for path in (dead.socket, dead.token, dead.log) if path.exists()]
        assert not stray.log.exists()
        assert living.socket.exists()
        assert living.token.exists()


@pytest.mark.parametrize("content", [b"", b"no socket"])
def test_a_file_where_the_socket_should_be_is_replaced(place: Place, content: bytes) -> None:
    place.socket.write_bytes(content)
    place.token.write_bytes(content)
    with rendezvous.listen(place):
        assert place.socket.is_socket()


def test_a_link_where_the_token_should_be_is_not_followed(place: Place, tmp_path: Path) -> None:
    target = tmp_path / "target"
    place.token.symlink_to(target)
    place.log.symlink_to(target)
    with rendezvous.listen(place):
        os.close(rendezvous.open_log(place))
    assert not target.exists()


def test_an_engine_removes_its_own_files_and_not_its_successors(place: Place) -> None:
    with rendezvous.listen(place):
        own = rendezvous.identity(place)
        with rendezvous.listen(place):
            rendezvous.withdraw(place, own)
            assert place.socket.exists()
            rendezvous.withdraw(place, rendezvous.identity(place))
            assert not place.socket.exists()
            assert not place.token.exists()


def test_the_last_words_are_the_last_line_that_says_something(place: Place) -> None:
    assert rendezvous.last_words(place) == ""
    place.log.write_bytes(b"x" * 10_000 + b"\nfirst\n out of memory \xff \n\n \n")
    assert rendezvous.last_words(place) == "out of memory \ufffd"


def test_a_peer_of_the_same_user_is_known() -> None:
    one, other = socket.socketpair()
    with one, other:
        assert rendezvous.is_own_peer(one)


@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="this platform does not tell")
def test_a_peer_of_another_user_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    another = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: another)
    one, other = socket.socketpair()
    with one, other:
        assert not rendezvous.is_own_peer(one)
