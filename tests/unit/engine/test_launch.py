from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sc2_lsp.engine.launch import engine_environment, private_command


def test_openmp_does_not_spin_for_long_in_the_engine() -> None:
    assert engine_environment({"PATH": "/bin"}) == {"PATH": "/bin", "GOMP_SPINCOUNT": "3000"}


@pytest.mark.parametrize("name", ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT"])
def test_a_choice_of_the_user_stands(name: str) -> None:
    assert engine_environment({name: "active"}) == {name: "active"}


def test_an_engine_has_no_use_for_the_key() -> None:
    given = {"SC2_API_KEY": "secret", "GOMP_SPINCOUNT": "7"}
    assert engine_environment(given) == {"GOMP_SPINCOUNT": "7"}


def test_an_engine_runs_where_no_workspace_can_put_a_module(tmp_path: Path) -> None:
    (tmp_path / "msgspec.py").write_text("raise SystemExit('taken from the workspace')")
    done = subprocess.run(
        private_command(), cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
