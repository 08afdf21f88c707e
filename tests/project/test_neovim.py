"""What the Neovim plugin says of the server is the server's own; `--update` rewrites it."""

from __future__ import annotations

import json
import re
import textwrap
from typing import Any, get_args, get_origin

import msgspec
import pytest

from sc2_lsp.domain import EmptyReason
from sc2_lsp.settings import SECTION, Settings, options
from tests.project.tree import ROOT

PLUGIN = ROOT / "clients" / "neovim"
HELP = PLUGIN / "doc" / "sc2_lsp.txt"
TYPES = PLUGIN / "lua" / "sc2_lsp" / "settings.lua"
LUA = sorted(PLUGIN.rglob("*.lua"))
BEGIN, END = "<!-- settings: begin -->\n", "<!-- settings: end -->"
HELP_WIDTH, TYPES_WIDTH = 78, 100


def settings_help() -> str:
    """The settings as a section of a Vim help file."""
    entries = []
    for option in options():
        tag = f"*{SECTION}.{option.name}*"
        default = option.default if option.default != '""' else "empty"
        facts = f"    Default: {default}{f' {option.unit}' if option.unit else ''}."
        text = textwrap.fill(
            option.help, HELP_WIDTH, initial_indent="    ", subsequent_indent="    "
        )
        entries.append(f"{option.name}{tag:>{HELP_WIDTH - len(option.name)}}\n{facts}\n{text}\n")
    return "\n" + "\n".join(entries) + "\n"


def settings_types() -> str:
    """The settings as a LuaCATS class."""
    lines = [
        "---@meta",
        "-- Made from the server's own table: pytest tests/project --update",
        "",
        "---@class sc2_lsp.Settings",
    ]
    kinds = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    for option in options():
        lines += textwrap.wrap(
            option.help, TYPES_WIDTH, initial_indent="--- ", subsequent_indent="--- "
        )
        lines.append(f"---@field {option.name}? {_lua_type(kinds[option.name])}")
    return "\n".join(lines) + "\n"


def _lua_type(annotated: Any) -> str:
    kind = annotated.__origin__
    if get_origin(kind) is not None:
        return "|".join(f"'{value}'" for value in get_args(kind))
    return {bool: "boolean", int: "integer", float: "number", str: "string"}[kind]


def test_help_has_the_settings(update: bool) -> None:
    text = HELP.read_text(encoding="utf-8")
    head, begin, rest = text.partition(BEGIN)
    section, end, tail = rest.partition(END)
    assert begin, "the help has lost its mark for the settings"
    assert end, "the help has lost its mark for the settings"
    if update:
        written = head + begin + settings_help() + end + tail
        HELP.write_text(written, encoding="utf-8", newline="\n")
        return
    assert section == settings_help(), "run pytest tests/project --update"


def test_types_are_the_settings(update: bool) -> None:
    if update:
        TYPES.write_text(settings_types(), encoding="utf-8", newline="\n")
        return
    assert TYPES.read_text(encoding="utf-8") == settings_types(), (
        "run pytest tests/project --update"
    )


def test_every_reason_is_explained() -> None:
    text = (PLUGIN / "lua" / "sc2_lsp" / "reasons.lua").read_text(encoding="utf-8")
    explained = re.findall(r"^  (\w+) = '", text, re.MULTILINE)
    assert sorted(explained) == sorted(reason.value for reason in EmptyReason)


def test_every_subcommand_and_mapping_is_documented() -> None:
    text = HELP.read_text(encoding="utf-8")
    commands = (PLUGIN / "lua" / "sc2_lsp" / "command.lua").read_text(encoding="utf-8")
    subcommands = re.findall(r"^  (\w+) = \{$", commands, re.MULTILINE)
    assert subcommands
    for name in subcommands:
        assert re.search(rf"^:Sc2 \[?{name}\b", text, re.MULTILINE), name
    functions = (PLUGIN / "lua" / "sc2_lsp" / "init.lua").read_text(encoding="utf-8")
    for name in re.findall(r"^function M\.(\w+)", functions, re.MULTILINE):
        assert f"{name}()" in text or name == "is_enabled", name


def test_help_tags_are_unique() -> None:
    tags = re.findall(r"(?<!\S)\*([^\s*]+)\*(?!\S)", HELP.read_text(encoding="utf-8"))
    assert len(tags) == len(set(tags))


def test_no_key_is_mapped() -> None:
    """But for the <Plug> names, and `q` in windows of the plugin's own."""
    for path in LUA:
        for line in path.read_text(encoding="utf-8").splitlines():
            if "keymap.set(" in line:
                assert "<Plug>(sc2-" in line or "buffer = bufnr" in line, f"{path.name}: {line}"


@pytest.mark.parametrize("path", LUA, ids=lambda path: path.stem)
def test_lines_are_short_and_indented_by_blanks(path: Any) -> None:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        assert len(line) <= 100, f"{path.name}:{number}"
        assert "\t" not in line, f"{path.name}:{number}"
        assert line == line.rstrip(), f"{path.name}:{number}"


def test_the_server_understands_the_shape_of_the_settings() -> None:
    """`settings = { sc2 = … }` is what the plugin's help promises."""
    from sc2_lsp.server.options import given_settings

    assert given_settings(json.loads('{"sc2": {"max_lines": 3}}')) == {"max_lines": 3}
