"""The commands of an index's processes; starts nothing itself."""

from __future__ import annotations

from sc2_lsp.launching import module_command


def indexer_command(setup: str) -> list[str]:
    """The command of an indexer that is told what to do over its standard input."""
    return module_command("sc2_lsp.index.indexer", setup)


def worker_command(setup: str) -> list[str]:
    """The command of a process that parses files for an indexer."""
    return module_command("sc2_lsp.index.worker", setup)
