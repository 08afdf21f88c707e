"""What the VS Code extension ships is rendered from the server's own tables.

`--update` rewrites the settings in package.json and the reasons of empty answers.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sc2_lsp import __version__
from sc2_lsp.domain import EmptyReason
from sc2_lsp.settings import SECTION, Settings, options
from tests.project.tree import ROOT

EXTENSION = ROOT / "clients" / "vscode"
MANIFEST = EXTENSION / "package.json"
REASONS = EXTENSION / "src" / "reasons.json"

# All else is yours alone: no file of a workspace sets it, and each machine has its own.
A_WORKSPACE_MAY_SET = {"automatic"}

OWN_SETTINGS = {
    "serverPath": (
        "",
        "Full path of the program sc2-lsp; empty to look in the workspace's Python environment, "
        "in PATH, and in the environment that the extension made.",
    ),
    "python": (
        "",
        "Python 3.10 to 3.13 for the environment that the extension makes; empty to look in PATH.",
    ),
    "package": (
        "",
        "What pip installs into the environment that the extension makes: the path of a folder "
        "with the source of sc2-lsp or of a wheel, or the name of a package. While this is empty "
        "you are asked for a wheel: sc2-lsp is in no package index yet.",
    ),
}


def render_settings() -> dict[str, dict[str, Any]]:
    (schema,) = msgspec.json.schema(Settings)["$defs"].values()
    rendered = {}
    for option in options():
        found = schema["properties"][option.name]
        kind = found.get("type", "string")
        unit = f" In {option.unit}." if option.unit else ""
        limits = {key: found[key] for key in ("enum", "minimum", "maximum") if key in found}
        rendered[f"{SECTION}.{option.name}"] = {
            "type": kind,
            **limits,
            "default": found["default"],
            "scope": "language-overridable" if option.name in A_WORKSPACE_MAY_SET else "machine",
            "description": option.help + unit,
        }
    for name, (default, help_text) in OWN_SETTINGS.items():
        rendered[f"{SECTION}.vscode.{name}"] = {
            "type": "string",
            "default": default,
            "scope": "machine",
            "description": help_text,
        }
    return rendered


def render_reasons() -> dict[str, str]:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", readme, re.MULTILINE))
    # Ticks are Markdown's, and a report of the editor is Markdown as well.
    return {reason.value: found[reason.value] for reason in EmptyReason}


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def write(path: Path, value: Any) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")


@pytest.fixture
def manifest() -> dict[str, Any]:
    return read(MANIFEST)


def test_settings(manifest: dict[str, Any], update: bool) -> None:
    wanted = render_settings()
    if update:
        manifest["contributes"]["configuration"]["properties"] = wanted
        manifest["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"] = list(wanted)
        write(MANIFEST, manifest)
        return
    given = manifest["contributes"]["configuration"]["properties"]
    assert given == wanted, "run pytest tests/project --update"
    assert list(given) == list(wanted), "run pytest tests/project --update"
    for name, setting in given.items():
        kinds = {"boolean": bool, "number": float}
        assert isinstance(setting["default"], kinds.get(setting["type"], (int, str)))
        assert (
            not setting["default"] or "enum" not in setting or setting["default"] in setting["enum"]
        ), name


def test_reasons_of_empty_answers(update: bool) -> None:
    if update:
        write(REASONS, render_reasons())
        return
    assert read(REASONS) == render_reasons(), "run pytest tests/project --update"


def test_nothing_that_names_something_to_run_or_load_comes_from_a_workspace(
    manifest: dict[str, Any],
) -> None:
    settings = manifest["contributes"]["configuration"]["properties"]
    free = {name for name, setting in settings.items() if setting["scope"] != "machine"}
    assert free == {f"{SECTION}.{name}" for name in A_WORKSPACE_MAY_SET}
    trust = manifest["capabilities"]["untrustedWorkspaces"]
    assert trust["supported"] == "limited"
    assert trust["restrictedConfigurations"] == list(settings)


def test_it_runs_where_the_files_are(manifest: dict[str, Any]) -> None:
    assert manifest["extensionKind"] == ["workspace"]


def test_it_has_the_version_of_the_server(manifest: dict[str, Any]) -> None:
    assert manifest["version"] == read(EXTENSION / "package-lock.json")["version"] == __version__


def test_every_command_is_declared_and_registered(manifest: dict[str, Any]) -> None:
    declared = {command["command"] for command in manifest["contributes"]["commands"]}
    source = (EXTENSION / "src" / "extension.ts").read_text(encoding="utf-8")
    registered = set(re.findall(r"^    '(sc2\.\w+)': ", source, re.MULTILINE))
    assert registered == declared
    links = re.findall(r"command:(sc2\.\w+)", json.dumps(manifest))
    assert links
    assert set(links) <= declared


def test_pictures_and_pages_of_the_walkthrough_exist(manifest: dict[str, Any]) -> None:
    pages = [
        step["media"]["markdown"]
        for walkthrough in manifest["contributes"]["walkthroughs"]
        for step in walkthrough["steps"]
    ]
    assert pages
    assert all((EXTENSION / page).is_file() for page in pages)


def test_the_lock_file_names_no_registry() -> None:
    packages = read(EXTENSION / "package-lock.json")["packages"]
    assert packages
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert [name for name, package in packages.items() if "integrity" in package]
