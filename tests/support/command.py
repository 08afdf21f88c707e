"""`sc2-lsp` as a user runs it who has folders of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.lsp_client import ROOT

TIMEOUT_S = 100

_WHOLE = ("-m", "sc2_lsp")
_MODEL_ALONE = (
    "-c",
    "from sc2_lsp.managing.commands import app; import typer; whole = typer.Typer(); "
    "whole.add_typer(app, name='model'); whole(prog_name='sc2-lsp')",
)


class Command:
    """`sc2-lsp` of a user with folders of its own.

    `sc2-lsp model` runs without what the language server needs, which takes long to import, unless
    `is_whole`.
    """

    is_whole = False
    program: tuple[str, ...] = _WHOLE

    def __init__(self, home: Path, **variables: str) -> None:
        self.models = home / "models"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HF_")},
            "SC2_LSP_CONFIG_DIR": str(home / "config"),
            "SC2_LSP_MODELS_DIR": str(self.models),
            "HF_HOME": str(home / "huggingface"),
            "NO_PROXY": "127.0.0.1,localhost",
            **variables,
        }

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        is_light = arguments[0] == "model" and not self.is_whole and self.program == _WHOLE
        return subprocess.Popen(
            [sys.executable, *(_MODEL_ALONE if is_light else self.program), *arguments],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            **options,
        )

    def run(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        with self.start(*arguments, **options) as process:
            try:
                output, complaint = process.communicate(timeout=TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(arguments, process.returncode, output, complaint)

    def done(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *arguments: str, **options: Any) -> str:
        """The one sentence on stderr of a command that was given something wrong."""
        done = self.run(*arguments, **options)
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        assert done.stderr.count("\n") == 1
        return done.stderr.strip()

    def listed(self) -> dict[str, dict[str, Any]]:
        models = json.loads(self.done("model", "list", "--json"))["models"]
        return {model["name"]: model for model in models}
