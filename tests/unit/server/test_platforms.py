"""The few places that differ between platforms, each branch on whatever platform this is."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from types import ModuleType
from typing import Any

import pytest

from sc2_lsp.server.app import stop_on_signals
from sc2_lsp.server.transport import make_plain


def test_windows_is_told_to_leave_the_bytes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, int]] = []
    msvcrt = ModuleType("msvcrt")
    monkeypatch.setattr(
        msvcrt, "setmode", lambda *arguments: calls.append(arguments), raising=False
    )
    monkeypatch.setitem(sys.modules, "msvcrt", msvcrt)
    make_plain(7, platform="win32")
    assert calls == [(7, 0x8000)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no non-blocking descriptors")
def test_elsewhere_a_descriptor_is_made_to_block() -> None:
    reader, writer = os.pipe()
    try:
        os.set_blocking(reader, False)
        make_plain(reader, platform="linux")
        assert os.get_blocking(reader)
    finally:
        os.close(reader)
        os.close(writer)


class _LoopWithoutSignals(asyncio.SelectorEventLoop):
    """As on Windows, where an event loop takes no signal handlers."""

    def add_signal_handler(self, sig: int, callback: Any, *args: Any) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, _LoopWithoutSignals])
def test_a_signal_stops_the_server_with_its_number(new_loop: Any) -> None:
    assert threading.current_thread() is threading.main_thread()
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    loop = new_loop()
    exit_codes: list[int] = []

    async def serve() -> None:
        stopped = asyncio.Event()

        def stop(exit_code: int) -> None:
            exit_codes.append(exit_code)
            stopped.set()

        stop_on_signals(asyncio.get_running_loop(), stop)
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(stopped.wait(), 30)

    try:
        loop.run_until_complete(serve())
    finally:
        loop.close()
        for number, handler in kept.items():
            signal.signal(number, handler)
    assert exit_codes == [128 + signal.SIGTERM]
