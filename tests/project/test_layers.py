"""Every import contract can fail: a copy of the packages breaks all of them at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.project.tree import PACKAGES, PYPROJECT, ROOT

CONTRACTS = [contract["name"] for contract in PYPROJECT["tool"]["importlinter"]["contracts"]]

# In the order of the contracts: where a line is added, and the line that breaks the contract.
BREACHES = [
    ("sc2_lsp/text.py", "from sc2_lsp import domain"),
    ("sc2_lsp/server/convert.py", "from sc2_lsp.server import session"),
    ("sc2_lsp/managing/estimate.py", "from sc2_lsp.managing import commands"),
    ("sc2_lsp/doctor/processor.py", "from sc2_lsp.doctor import checks"),
    ("sc2_lsp/engine/kv.py", "from sc2_lsp.engine import client"),
    ("quantize/failures.py", "from quantize import jsonfile"),
    ("sc2_lsp/postprocess/tabs.py", "from sc2_lsp.postprocess import repeats"),
    ("sc2_lsp/settings.py", "import socket"),
    ("sc2_lsp/engine/client.py", "import lsprotocol.types"),
    ("sc2_lsp/engine/process.py", "import llama_cpp"),
    ("sc2_lsp/text.py", "import tree_sitter"),
    ("sc2_lsp/engine/client.py", "import watchdog"),
    ("sc2_lsp/managing/pulling.py", "import huggingface_hub"),
    ("sc2_lsp/engine/remote/address.py", "from sc2_lsp.engine.remote import team"),
    ("sc2_lsp/managing/pulling.py", "import httpx2"),
    ("sc2_lsp/engine/process.py", "import llama_cpp.llama_cpp"),
    ("quantize/__init__.py", "import sc2_lsp"),
    ("quantize/child.py", "import llama_cpp.llama_cpp"),
]


def test_every_contract_can_fail(tmp_path: Path) -> None:
    assert len(BREACHES) == len(CONTRACTS)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("*.gguf"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for file, line in BREACHES:
        with (tmp_path / file).open("a", encoding="utf-8") as module:
            module.write(f"\n{line}\n")

    report = _lint_imports(tmp_path)
    assert f"0 kept, {len(CONTRACTS)} broken" in report, report


def _lint_imports(folder: Path) -> str:
    program = (
        "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    )
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    return done.stdout + done.stderr
