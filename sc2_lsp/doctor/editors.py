"""Which editors are found, and whether sc2-lsp is set up in them, by their files alone.

A file says what is there, not what an editor makes of it: what is not found may still be.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sc2_lsp import __version__
from sc2_lsp.doctor.check import Check, Situation, State, ok, warn

_TIMEOUT_S = 10.0
_NEOVIM = re.compile(r"NVIM v(\d+)\.(\d+)")
_FIRST_NEOVIM = (0, 12)
_MENTION = re.compile(rb"sc2[_-]lsp")
_MOST_FILES = 2000
_MOST_BYTES = 1 << 20
_EXTENSION = "sc2-lsp.sc2-lsp-"
_VSCODE = ("code", "code-insiders", "codium", "cursor")
_VSCODE_FOLDERS = (".vscode", ".vscode-insiders", ".vscode-oss", ".vscode-server", ".cursor")
_SET_UP = "The README says how it is set up, docs/editors.md how others are."


@dataclass(frozen=True, slots=True)
class _Found:
    """An editor that is there; `is_set_up` where files of its say so."""

    check: Check
    is_set_up: bool


def editors(situation: Situation) -> Iterator[Check]:
    """Implements `Examine`."""
    found = [*_neovim(situation), *_vscode(situation), *_helix(situation)]
    yield _command(situation)
    yield from (editor.check for editor in found)
    if found and not any(editor.is_set_up for editor in found):
        names = ", ".join(editor.check.name for editor in found)
        yield warn("editors", f"No files of {names} mention sc2-lsp.", _SET_UP)
    elif not found:
        yield ok("editors", "Neither Neovim nor VS Code nor Helix was found; others are not known.")


def _command(situation: Situation) -> Check:
    name = "command"
    path = _which(situation, "sc2-lsp")
    if path:
        return ok(name, f"Editors find sc2-lsp: {path}")
    here = Path(sys.executable).parent
    found = "sc2-lsp is not on the PATH."
    return warn(name, found, f"Name it in your editor by its path; it lies in {here}.")


def _neovim(situation: Situation) -> Iterator[_Found]:
    program = _which(situation, "nvim")
    if not program:
        return
    name = "Neovim"
    config = _folder(situation, "XDG_CONFIG_HOME", ".config") / "nvim"
    data = _folder(situation, "XDG_DATA_HOME", ".local/share") / "nvim"
    version = _neovim_version(program)
    shown = f"{program}, {'.'.join(map(str, version)) if version else 'of an unknown version'}"
    trace = _plug_in(config, data) or _mention(_scripts(config))
    if trace is None:
        advice = "" if version is None or version >= _FIRST_NEOVIM else " It needs 0.12 for it."
        yield _Found(ok(name, f"{shown}; nothing names sc2-lsp in {config}.{advice}"), False)
    elif version is not None and version < _FIRST_NEOVIM:
        advice = "Use Neovim 0.12 or newer, which has inline completion."
        yield _Found(warn(name, f"{shown}; {trace} is about sc2-lsp.", advice), True)
    else:
        said = f"{shown}; {trace} is about sc2-lsp. `:checkhealth sc2_lsp` says more."
        yield _Found(ok(name, said), True)


def _neovim_version(program: str) -> tuple[int, int] | None:
    try:
        done = subprocess.run(
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = _NEOVIM.search(done.stdout.decode("utf-8", "replace"))
    return (int(match[1]), int(match[2])) if match else None


def _plug_in(config: Path, data: Path) -> Path | None:
    """A folder of plug-ins where this one lies, as package managers put it."""
    places = (
        (data, "site/pack/*/*/*/lua/sc2_lsp"),
        (data, "site/pack/*/*/*/clients/neovim/lua/sc2_lsp"),
        (data, "lazy/*/lua/sc2_lsp"),
        (data, "lazy/*/clients/neovim/lua/sc2_lsp"),
        (config, "pack/*/*/*/lua/sc2_lsp"),
        (config, "lua/sc2_lsp"),
    )
    return next((path for top, form in places for path in top.glob(form)), None)


def _scripts(config: Path) -> Iterator[Path]:
    for form in ("**/*.lua", "**/*.vim"):
        yield from config.glob(form)


def _mention(files: Iterable[Path]) -> Path | None:
    """The first of the files that names sc2-lsp."""
    for _, path in zip(range(_MOST_FILES), files, strict=False):
        try:
            with path.open("rb") as file:
                if _MENTION.search(file.read(_MOST_BYTES)):
                    return path
        except OSError:
            continue
    return None


def _vscode(situation: Situation) -> Iterator[_Found]:
    name = "VS Code"
    programs = [path for command in _VSCODE if (path := _which(situation, command))]
    tops = [situation.home / top / "extensions" for top in _VSCODE_FOLDERS]
    tops = [top for top in tops if top.is_dir()]
    if not programs and not tops:
        return
    installed = [path for top in tops for path in sorted(top.glob(f"{_EXTENSION}*"))]
    shown = programs[0] if programs else str(tops[0])
    if not installed:
        yield _Found(ok(name, f"{shown}; the extension is not among its extensions."), False)
        return
    for extension in installed:
        yield _Found(_extension(name, extension), True)


def _extension(name: str, path: Path) -> Check:
    try:
        version = json.loads((path / "package.json").read_text("utf-8"))["version"]
    except (OSError, ValueError, KeyError, TypeError):
        advice = "Install the extension again."
        return Check(name, State.FAIL, f"The extension in {path} is damaged.", advice)
    found = f"The extension is in {path}."
    if version != __version__:
        advice = "Install the extension that belongs to this server."
        return warn(name, f"{found} It is {version}, and sc2-lsp {__version__}.", advice)
    return ok(name, found)


def _helix(situation: Situation) -> Iterator[_Found]:
    program = _which(situation, "hx") or _which(situation, "helix")
    if not program:
        return
    file = _folder(situation, "XDG_CONFIG_HOME", ".config") / "helix" / "languages.toml"
    if _mention([file]):
        yield _Found(ok("Helix", f"{program}; {file} names sc2-lsp."), True)
    else:
        yield _Found(ok("Helix", f"{program}; {file} does not name sc2-lsp."), False)


def _which(situation: Situation, command: str) -> str | None:
    return shutil.which(command, path=situation.environment.get("PATH", ""))


def _folder(situation: Situation, variable: str, below_home: str) -> Path:
    named = situation.environment.get(variable)
    return Path(named) if named else situation.home / below_home
