"""The real server around a fake service, as a process: `fake_server.py [--tcp [HOST:PORT]]`.

Prints to standard output on purpose, which must not reach the client. Its engine writes the file
named by the variable `CLOSED_MARK` when it is closed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import cast

from sc2_lsp.completion.service import CompletionService
from sc2_lsp.record.journal import Journal
from sc2_lsp.server.app import create_server
from sc2_lsp.settings import Settings
from tests.support.fake_engine import FakeEngine, FakeService
from tests.support.fake_indexes import FakeIndexes


class MarkingEngine(FakeEngine):
    def warm_up(self) -> None:
        super().warm_up()
        print("a stray print", flush=True)  # noqa: T201
        os.write(1, b"Content-Length: 3\r\n\r\nbad\n")

    async def close(self) -> None:
        await super().close()
        mark = os.environ.get("CLOSED_MARK")
        if mark:
            await asyncio.to_thread(Path(mark).write_text, "closed")


def main() -> int:
    engine = MarkingEngine()
    service = cast(CompletionService, FakeService(engine))
    server = create_server(service, engine, FakeIndexes(), Journal(), Settings())
    if "--tcp" in sys.argv:
        address = (sys.argv[sys.argv.index("--tcp") + 1 :] or ["127.0.0.1:0"])[0]
        host, _, port = address.rpartition(":")
        return server.serve_tcp(host, int(port))
    return server.serve_stdio()


if __name__ == "__main__":
    sys.exit(main())
