"""What a process of an index loads at its start, which whoever waits for an index waits for."""

from __future__ import annotations

import subprocess
import sys


def test_an_indexer_loads_what_reads_python_only_when_it_is_at_rest() -> None:
    code = (
        "import sys, sc2_lsp.index.indexer as started\n"
        "late = ('sc2_lsp.syntax.plain_python', 'psutil')\n"
        "print(*(name in sys.modules for name in late))\n"
        "from sc2_lsp.syntax import get_ready\n"
        "get_ready()\n"
        "print(*(name in sys.modules for name in late))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["False", "False", "True", "False"], done.stderr
