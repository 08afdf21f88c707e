from __future__ import annotations

import ctypes

import pytest

from sc2_lsp.engine.abort import AbortFlag, c_library_name

CALLBACK = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p)


def asked_from_c(flag: AbortFlag) -> bool:
    """What C code gets that calls the flag's callback, as llama.cpp does."""
    return bool(CALLBACK(flag.callback_address)(flag.data_address))


def test_c_code_sees_the_flag() -> None:
    flag, owner = AbortFlag(), object()
    flag.begin(owner)
    assert not asked_from_c(flag)
    flag.stop(owner)
    assert asked_from_c(flag)
    assert flag.is_set()


def test_a_stop_meant_for_an_earlier_owner_is_void() -> None:
    flag, earlier, later = AbortFlag(), object(), object()
    flag.begin(earlier)
    flag.stop(earlier)
    flag.begin(later)
    flag.stop(earlier)
    assert not asked_from_c(flag)


@pytest.mark.parametrize(
    ("platform", "name"), [("linux", None), ("darwin", None), ("win32", "ucrtbase")]
)
def test_only_windows_names_its_c_library(platform: str, name: str | None) -> None:
    assert c_library_name(platform) == name
