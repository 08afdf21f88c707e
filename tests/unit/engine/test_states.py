from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sc2_lsp.engine.states import (
    FOLDER_VARIABLE,
    SavedState,
    StateFolder,
    default_folder,
    state_key,
)

KEY = "0123456789abcdef" * 2
OTHER_KEY = "fedcba9876543210" * 2
STATE = bytes(range(256)) * 4

overwrite = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and signals of POSIX")


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "states", KEY, 1 << 20)


def tokens_in(folder: StateFolder) -> set[tuple[int, ...]]:
    return {saved.tokens for saved in folder.index()}


def age(saved: SavedState, seconds: int) -> None:
    used_ns = time.time_ns() - seconds * 10**9
    os.utime(saved.path, ns=(used_ns, used_ns))


@overwrite
@given(
    tokens=st.lists(st.integers(0, 49151), max_size=50).map(tuple),
    parts=st.lists(st.binary(), max_size=4),
)
def test_a_saved_state_is_found_by_its_tokens_and_loads(
    folder: StateFolder, tokens: tuple[int, ...], parts: list[bytes]
) -> None:
    shutil.rmtree(folder.folder, ignore_errors=True)
    assert folder.save(tokens, parts) is None
    (saved,) = folder.index()
    assert saved.tokens == tokens
    assert folder.load(saved) == parts


def test_a_folder_that_is_not_there_holds_nothing(folder: StateFolder) -> None:
    assert folder.index() == []


@posix
def test_only_the_user_may_read_states(folder: StateFolder) -> None:
    folder.save((1,), [STATE])
    (saved,) = folder.index()
    assert saved.path.stat().st_mode & 0o777 == 0o600
    assert folder.folder.stat().st_mode & 0o777 == 0o700


@posix
def test_a_folder_that_is_open_to_others_is_closed(folder: StateFolder) -> None:
    folder.folder.mkdir(mode=0o777)
    folder.folder.chmod(0o777)
    assert folder.save((1,), [STATE]) is None
    assert folder.folder.stat().st_mode & 0o777 == 0o700


@overwrite
@given(data=st.data())
def test_any_changed_byte_is_noticed_and_the_file_removed(
    folder: StateFolder, data: st.DataObject
) -> None:
    folder.save((1, 2, 3), [STATE])
    (saved,) = folder.index()
    content = bytearray(saved.path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    saved.path.write_bytes(content)
    assert all(folder.load(found) is None for found in folder.index())
    assert not saved.path.exists()


@overwrite
@given(data=st.data(), index_first=st.booleans())
def test_any_torn_file_is_noticed_and_removed(
    folder: StateFolder, data: st.DataObject, index_first: bool
) -> None:
    folder.save((1, 2, 3), [STATE])
    (saved,) = folder.index()
    content = saved.path.read_bytes()
    saved.path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    if index_first:
        assert folder.index() == []
    else:
        assert folder.load(saved) is None
    assert not saved.path.exists()


def test_a_longer_file_than_was_written_is_removed(folder: StateFolder) -> None:
    folder.save((1,), [STATE])
    (saved,) = folder.index()
    saved.path.write_bytes(saved.path.read_bytes() + b"more")
    assert folder.index() == []
    assert not saved.path.exists()


def test_states_of_another_key_are_neither_used_nor_removed(folder: StateFolder) -> None:
    other = StateFolder(folder.folder, OTHER_KEY, folder.max_bytes)
    other.save((1, 2), [STATE])
    folder.save((1,), [STATE])
    assert tokens_in(folder) == {(1,)}
    assert tokens_in(other) == {(1, 2)}


def test_a_state_under_the_name_of_another_key_is_removed(folder: StateFolder) -> None:
    StateFolder(folder.folder, OTHER_KEY, folder.max_bytes).save((1,), [STATE])
    (path,) = folder.folder.iterdir()
    renamed = path.rename(path.with_name(path.name.replace(OTHER_KEY, KEY)))
    assert folder.index() == []
    assert not renamed.exists()


def test_files_that_are_not_ours_by_name_stay(folder: StateFolder) -> None:
    folder.folder.mkdir(mode=0o700)
    names = ["notes.kv", f"sc2-state-{KEY}.kv", f"sc2-state-{KEY}-{KEY}.kv.bak", "x.tmp"]
    for name in names:
        (folder.folder / name).write_bytes(b"not a state" * 100_000)
    folder.save((1,), [STATE])
    folder.index()
    assert {path.name for path in folder.folder.iterdir()} > set(names)


def test_a_state_that_continues_another_replaces_it(folder: StateFolder) -> None:
    folder.save((1, 2), [STATE])
    folder.save((1, 9), [STATE])
    folder.save((1, 2, 3), [STATE])
    assert tokens_in(folder) == {(1, 2, 3), (1, 9)}


def test_a_state_that_another_continues_is_not_saved_but_keeps_it_fresh(
    folder: StateFolder,
) -> None:
    folder.save((1, 2, 3), [STATE])
    folder.save((5,), [STATE])
    for saved in folder.index():
        age(saved, 100 - saved.tokens[0])
    assert folder.save((1, 2), [STATE]) is None
    assert [saved.tokens for saved in folder.index()] == [(1, 2, 3), (5,)]


def test_the_states_used_longest_ago_make_room(folder: StateFolder) -> None:
    small = StateFolder(folder.folder, KEY, 3 * (len(STATE) + 100))
    for token in (1, 2, 3):
        small.save((token,), [STATE])
    for saved in small.index():
        age(saved, 100 + saved.tokens[0])
    assert small.load(next(saved for saved in small.index() if saved.tokens == (3,))) == [STATE]
    small.save((4,), [STATE])
    assert tokens_in(small) == {(1,), (3,), (4,)}


def test_the_newest_state_stays_where_clocks_disagree(folder: StateFolder) -> None:
    small = StateFolder(folder.folder, KEY, len(STATE) + 100)
    small.save((1,), [STATE])
    age(small.index()[0], -1000)
    small.save((2,), [STATE])
    assert tokens_in(small) == {(2,)}


def test_states_of_other_keys_make_room_too(folder: StateFolder) -> None:
    other = StateFolder(folder.folder, OTHER_KEY, folder.max_bytes)
    other.save((1,), [STATE])
    age(other.index()[0], 100)
    StateFolder(folder.folder, KEY, len(STATE) + 100).save((2,), [STATE])
    assert tokens_in(other) == set()
    assert tokens_in(folder) == {(2,)}


def test_there_are_never_more_than_a_few_dozen_states(folder: StateFolder) -> None:
    for token in range(40):
        folder.save((token,), [])
    assert len(folder.index()) == 32
    assert (39,) in tokens_in(folder)


def test_a_state_over_the_limit_is_not_written(folder: StateFolder) -> None:
    reason = StateFolder(folder.folder, KEY, 1 << 20).save((1,), [bytes(2 << 20)])
    assert reason == "a state of 2 MiB is over the limit of 1 MiB"
    assert not folder.folder.exists()


def test_a_state_that_vanishes_before_it_is_used_is_no_error(folder: StateFolder) -> None:
    folder.save((1,), [STATE])
    (saved,) = folder.index()
    saved.path.unlink()
    folder.touch(saved)
    assert folder.load(saved) is None


def test_a_place_that_is_no_folder_is_a_reason_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "states").write_text("in the way")
    folder = StateFolder(tmp_path / "states", KEY, 1 << 20)
    assert "cannot be saved" in (folder.save((1,), [STATE]) or "")
    assert folder.index() == []


def test_what_a_killed_engine_left_long_ago_is_removed(folder: StateFolder) -> None:
    folder.save((1,), [STATE])
    unfinished = folder.index()[0].path.with_name(f"sc2-state-{KEY}-{KEY}.kv.{KEY[:16]}.tmp")
    unfinished.write_bytes(STATE)
    folder.index()
    assert unfinished.exists(), "another engine may be writing it"
    os.utime(unfinished, (0, 0))
    folder.index()
    assert not unfinished.exists()


SAVE_FOREVER = """
import itertools, sys
from pathlib import Path
from sc2_lsp.engine.states import StateFolder
folder = StateFolder(Path(sys.argv[1]), sys.argv[2], 1 << 30)
for number in itertools.count():
    print(folder.save((int(sys.argv[3]), number), [bytes(4 << 20)]), flush=True)
"""


def saver(folder: StateFolder, first_token: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SAVE_FOREVER, str(folder.folder), KEY, str(first_token)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_engines_may_save_into_one_folder_at_the_same_time(folder: StateFolder) -> None:
    with saver(folder, 1) as one, saver(folder, 2) as two:
        for child in (one, two):
            assert child.stdout is not None
            assert [child.stdout.readline() for _ in range(20)] == ["None\n"] * 20
        one.kill()
        two.kill()
    states = folder.index()
    assert {saved.tokens[0] for saved in states} == {1, 2}
    assert all(folder.load(saved) == [bytes(4 << 20)] for saved in states)


SAVE_OVER_THE_LIMIT = """
import resource, signal, sys
from pathlib import Path
from sc2_lsp.engine.states import StateFolder
signal.signal(signal.SIGXFSZ, signal.SIG_DFL if sys.argv[3] == "die" else signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
print(StateFolder(Path(sys.argv[1]), sys.argv[2], 1 << 30).save((1,), [bytes(2 << 20)]))
"""


def save_over_the_limit(folder: StateFolder, then: str) -> subprocess.CompletedProcess[str]:
    """Save in a process that the system stops in the middle of the file, or refuses to write on."""
    command = [sys.executable, "-c", SAVE_OVER_THE_LIMIT, str(folder.folder), KEY, then]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@posix
def test_a_write_that_fails_leaves_nothing_behind(folder: StateFolder) -> None:
    assert "cannot be saved" in save_over_the_limit(folder, "fail").stdout
    assert list(folder.folder.iterdir()) == []


@posix
def test_a_kill_while_saving_leaves_nothing_under_a_final_name(folder: StateFolder) -> None:
    assert save_over_the_limit(folder, "die").returncode == -signal.SIGXFSZ
    (unfinished,) = folder.folder.iterdir()
    assert unfinished.suffix == ".tmp"
    assert unfinished.stat().st_size == 1 << 20
    assert folder.index() == []


def test_the_key_follows_the_file_and_the_settings(tmp_path: Path) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(bytes(3 << 20))
    base = {"kv_type": "f16", "llama.cpp": "1"}
    keys = [state_key(model, base), state_key(model, base | {"kv_type": "q8_0"})]
    status = model.stat()
    for place in (0, (3 << 20) - 1):
        content = bytearray(3 << 20)
        content[place] = 1
        model.write_bytes(content)
        os.utime(model, ns=(status.st_atime_ns, status.st_mtime_ns))
        keys.append(state_key(model, base))
    model.write_bytes(bytes(3 << 20))
    os.utime(model, ns=(0, 0))
    keys.append(state_key(model, base))
    assert None not in keys
    assert len(set(keys)) == len(keys) == 5
    os.utime(model, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert state_key(model, dict(reversed(base.items()))) == keys[0]


def test_the_key_follows_the_adapter(tmp_path: Path) -> None:
    model, adapter = tmp_path / "model.gguf", tmp_path / "adapter.gguf"
    model.write_bytes(b"model")
    assert state_key(model, {}, adapter) is None
    keys = [state_key(model, {})]
    for content in (b"a", b"ab"):
        adapter.write_bytes(content)
        keys.append(state_key(model, {}, adapter))
    assert None not in keys
    assert len(set(keys)) == 3


def test_a_missing_model_has_no_key(tmp_path: Path) -> None:
    assert state_key(tmp_path / "none.gguf", {}) is None


def test_states_live_under_the_users_cache_folder_or_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, "/somewhere")
    assert default_folder() == Path("/somewhere")
    monkeypatch.delenv(FOLDER_VARIABLE)
    assert default_folder().name == "states"
    assert "sc2-lsp" in default_folder().parts
