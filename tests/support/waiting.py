"""Waiting for work in the background that pauses for no time at all."""

from __future__ import annotations

import asyncio

from sc2_lsp.completion.service import CompletionService


async def rested(service: CompletionService) -> None:
    """Wait until nothing is left to prepare."""
    for _ in range(10_000):
        if not service.is_preparing:
            return
        await asyncio.sleep(0)
    raise AssertionError("the work in the background does not end")
