from __future__ import annotations

import json
from pathlib import Path

import pytest

from sc2_lsp import __version__
from sc2_lsp.doctor.check import Check, State
from sc2_lsp.doctor.editors import editors
from tests.support.situations import situation


def looked_at(home: Path) -> dict[str, Check]:
    return {check.name: check for check in editors(situation(home))}


def program(home: Path, name: str, says: str = "") -> None:
    file = home / "bin" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\necho '{says}'\n")
    file.chmod(0o755)


def file_with(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_none_is_there(tmp_path: Path) -> None:
    checks = looked_at(tmp_path)
    assert set(checks) == {"command", "editors"}
    assert checks["editors"].state is State.OK


def test_the_command_is_on_the_path(tmp_path: Path) -> None:
    assert looked_at(tmp_path)["command"].state is State.WARN
    program(tmp_path, "sc2-lsp")
    assert looked_at(tmp_path)["command"].state is State.OK


def test_neovim_that_is_not_set_up(tmp_path: Path) -> None:
    program(tmp_path, "nvim", "NVIM v0.12.1")
    file_with(tmp_path / ".config/nvim/init.lua", "vim.opt.number = true\n")
    checks = looked_at(tmp_path)
    assert checks["Neovim"].state is State.OK
    assert "0.12; nothing names sc2-lsp" in checks["Neovim"].found
    assert checks["editors"].state is State.WARN


def test_neovim_whose_configuration_names_it(tmp_path: Path) -> None:
    program(tmp_path, "nvim", "NVIM v0.12.1")
    file = file_with(tmp_path / ".config/nvim/lua/lsp.lua", "vim.lsp.enable('sc2_lsp')\n")
    checks = looked_at(tmp_path)
    assert checks["Neovim"].state is State.OK
    assert str(file) in checks["Neovim"].found
    assert "editors" not in checks


@pytest.mark.parametrize("manager", ["lazy/sc2", "site/pack/mine/start/sc2"])
def test_neovim_where_the_plug_in_lies(tmp_path: Path, manager: str) -> None:
    program(tmp_path, "nvim", "NVIM v0.12.1")
    folder = tmp_path / ".local/share/nvim" / manager / "lua/sc2_lsp"
    folder.mkdir(parents=True)
    assert str(folder) in looked_at(tmp_path)["Neovim"].found


def test_neovim_that_is_too_old(tmp_path: Path) -> None:
    program(tmp_path, "nvim", "NVIM v0.11.5")
    file_with(tmp_path / ".config/nvim/init.lua", "vim.lsp.enable('sc2_lsp')\n")
    check = looked_at(tmp_path)["Neovim"]
    assert check.state is State.WARN
    assert "0.12" in check.advice


@pytest.mark.parametrize(
    ("package", "state"),
    [
        (json.dumps({"version": __version__}), State.OK),
        (json.dumps({"version": "0.0.1"}), State.WARN),
        ("{", State.FAIL),
        ("[]", State.FAIL),
    ],
)
def test_vscode_with_the_extension(tmp_path: Path, package: str, state: State) -> None:
    folder = tmp_path / ".vscode/extensions/sc2-lsp.sc2-lsp-0.1.0"
    file_with(folder / "package.json", package)
    checks = looked_at(tmp_path)
    assert checks["VS Code"].state is state
    assert str(folder) in checks["VS Code"].found
    assert "editors" not in checks


def test_vscode_without_the_extension(tmp_path: Path) -> None:
    program(tmp_path, "code")
    checks = looked_at(tmp_path)
    assert "not among its extensions" in checks["VS Code"].found
    assert checks["editors"].state is State.WARN


@pytest.mark.parametrize(("text", "is_named"), [("[[language]]", False), ("sc2-lsp = {}", True)])
def test_helix(tmp_path: Path, text: str, is_named: bool) -> None:
    program(tmp_path, "hx")
    file_with(tmp_path / ".config/helix/languages.toml", text)
    checks = looked_at(tmp_path)
    assert ("names sc2-lsp" in checks["Helix"].found) is is_named
    assert ("editors" in checks) is not is_named
