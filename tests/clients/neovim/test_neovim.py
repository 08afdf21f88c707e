"""The plugin in a real Neovim, with the real server and the bundled model."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from sc2_lsp.record import store
from sc2_lsp.record.entry import Fate
from tests.clients.neovim.driver import (
    INIT,
    MORE_KEYS,
    MULTILINE,
    TYPED,
    Neovim,
    begin,
    code_with,
)
from tests.clients.terminal import ROOT

REQUESTS = """
local client = vim.lsp.get_clients({ name = 'sc2_lsp' })[1]
return require('sc2_lsp.server').execute_sync(client, 'sc2.stats', 5000).requests
"""

pytestmark = pytest.mark.editor

Open = Callable[..., Neovim]


def test_three_lines_of_configuration_are_enough(open_: Open) -> None:
    steps = (ROOT / "docs" / "first-use.md").read_text("utf-8")
    (lua,) = re.findall(r"```lua\n(.*?)```", steps, re.DOTALL)
    lines = [line.strip() for line in lua.splitlines() if line.strip()]
    assert len(lines) == 3
    init = "\n".join(lines).replace("/path/to/sc2-lsp", str(ROOT))
    editor = open_(code_with("    def line_start(self, line: int) -> int:\n"), init)
    ghost = begin(editor)
    first = ghost.split("\n")[0]
    assert editor.wait(lambda: editor.row(TYPED + first), "the ghost text on the screen")
    assert editor.lines()[-1].strip() == TYPED
    editor.keys("C-l")
    editor.wait(lambda: editor.lines()[-1].strip() != TYPED, "the accepted text")
    assert "\n".join(editor.lines()).endswith(TYPED + ghost)
    editor.keys("Escape", "u")
    editor.wait(lambda: editor.lines()[-1].strip() == TYPED, "what was typed")


def test_a_word_is_accepted_and_the_rest_stays(open_: Open) -> None:
    editor = open_(code_with("    def line_start(self, line: int) -> int:\n"))
    ghost = begin(editor)
    editor.keys("C-k")
    editor.wait(lambda: editor.lines()[-1].strip() != TYPED, "the accepted word")
    word = editor.lines()[-1].strip().removeprefix(TYPED)
    assert word == "line"
    assert word + editor.ghost() == ghost, "the rest is shown without a new request"
    editor.keys("C-l")
    editor.wait(lambda: editor.lines()[-1].strip() == TYPED + ghost, "the rest")


def test_a_line_is_accepted_and_the_rest_stays(open_: Open) -> None:
    editor = open_(code_with(""), INIT + MORE_KEYS + MULTILINE)
    ghost = begin(editor, "def clamp(")
    lines = ghost.split("\n")
    assert len(lines) > 1, "the model wrote one line: the test needs another beginning"
    assert editor.wait(lambda: editor.row(lines[1]), "the second line on the screen")
    before = "\n".join(editor.lines())
    editor.keys("C-j")
    editor.wait(lambda: "\n".join(editor.lines()) == before + lines[0], "the first line")
    assert lines[0] + editor.ghost() == ghost
    editor.keys("C-j")
    second = f"{before}{lines[0]}\n{lines[1]}"
    editor.wait(lambda: "\n".join(editor.lines()) == second, "the second line")


def test_what_was_typed_since_is_not_inserted_twice(open_: Open) -> None:
    editor = open_(code_with("    def line_start(self, line: int) -> int:\n"))
    ghost = begin(editor)
    # Both arrive at once, within the pause before Neovim asks again.
    editor.type(ghost[0] + "\x0c")
    editor.wait(lambda: editor.lines()[-1].strip() == TYPED + ghost, "the suggestion, once")


@pytest.mark.parametrize("what", ["read-only", "deleted"])
def test_a_file_that_cannot_be_read_again(open_: Open, tmp_path: Path, what: str) -> None:
    editor = open_(code_with("    def line_start(self, line: int) -> int:\n"))
    if what == "deleted":
        (tmp_path / "shapes.py").unlink()
    else:
        editor.lua("vim.bo.readonly = true")
    ghost = begin(editor)
    editor.keys("C-l")
    editor.wait(lambda: editor.lines()[-1].strip() == TYPED + ghost, "the accepted text")


def test_an_editor_that_was_suspended_goes_on(open_: Open) -> None:
    editor = open_(code_with("    def line_start(self, line: int) -> int:\n"))
    begin(editor)
    family = [editor.server(), *editor.server().children(recursive=True)]
    for process in family:
        process.suspend()
    for process in family:
        process.resume()
    editor.keys("C-e", "Escape", "S")
    editor.type(TYPED)
    editor.wait_for_ghost()


def test_a_dismissal_does_not_take_what_is_typed_behind_it(open_: Open) -> None:
    editor = open_(code_with("    def line_start(self, line: int) -> int:\n"))
    begin(editor)
    # All of it arrives at once, as from a macro.
    editor.type("\x05\x1bS" + TYPED)
    editor.wait(lambda: editor.lines()[-1].strip() == TYPED, "the line anew")
    editor.wait_for_ghost()


def test_dismiss_and_toggle(open_: Open) -> None:
    editor = open_(code_with("    def line_start(self, line: int) -> int:\n"))
    begin(editor)
    editor.keys("C-e")
    editor.wait(lambda: not editor.ghost(), "no ghost text")
    editor.keys("Escape")
    editor.type(":Sc2 tog\t\n")
    editor.wait(lambda: editor.row("sc2 off"), "the status")
    editor.type(":Sc2 toggle\n")
    editor.wait(lambda: not editor.row("sc2 off"), "the status")
    editor.keys("A")
    editor.type("l")
    editor.wait_for_ghost()


def test_what_was_typed_past_is_not_shown_any_more(open_: Open) -> None:
    # Neovim asks again after its pause, and the answer takes as long as the test looks.
    editor = open_(code_with("    def line_start(self, line: int) -> int:\n"))
    ghost = begin(editor)
    server = editor.server()
    server.suspend()
    try:
        editor.type(ghost[0])
        editor.wait(lambda: editor.ghost() == ghost[1:], "the rest of it")
        editor.type("?")
        editor.wait(lambda: editor.lines()[-1].endswith("?"), "what was typed")
        assert not editor.ghost()
    finally:
        server.resume()


def test_toggle_in_one_filetype(open_: Open, tmp_path: Path) -> None:
    editor = open_(code_with("    def line_start(self, line: int) -> int:\n"))
    begin(editor)
    editor.keys("Escape")
    editor.type(":Sc2 toggle pyt\t\n")
    editor.wait(lambda: editor.row("sc2 off"), "the status")
    requests = editor.lua(REQUESTS)
    editor.keys("S")
    editor.type(TYPED)
    # Neovim has asked when its pause is over, the plug-in has kept it from the server.
    editor.lua("vim.wait(600)")
    assert editor.lua(REQUESTS) == requests
    assert not editor.ghost()
    editor.keys("C-n")
    editor.wait_for_ghost()
    editor.keys("Escape")
    editor.type(f":edit {tmp_path}/other.sh\n")
    editor.wait(lambda: editor.row("sc2|"), "the status in another filetype")
    editor.type(":buffer 1\n")
    editor.wait(lambda: editor.row("sc2 off"), "the status")
    editor.type(":Sc2 toggle python\n")
    editor.wait(lambda: not editor.row("sc2 off"), "the status")
    editor.keys("S")
    editor.type(TYPED)
    editor.wait_for_ghost()


def test_choosing_a_model(open_: Open, tmp_path: Path) -> None:
    editor = open_(code_with("    def line_start(self, line: int) -> int:\n"))
    editor.wait_until_ready()
    editor.type(":Sc2 model\n")
    editor.wait(lambda: editor.row("1: sc2-tiny, 0.0 GB, about "), "the list")
    editor.wait(lambda: editor.row("starcoder2-3b-q4_k_m, 1.9 GB, about "), "models to fetch")
    editor.wait(lambda: editor.row("Type number"), "the question")
    editor.type("2\n")
    pull = "fetch it first: sc2-lsp model pull starcoder2-3b-"
    editor.wait(lambda: editor.row(pull), "how to get it")
    editor.type(":Sc2 model sc2-t\t\n")
    editor.wait(lambda: editor.row("the model is sc2-tiny until you leave Neovim."), "the choice")
    begin(editor)
    assert editor.lua("return vim.lsp.config.sc2_lsp.settings.sc2.model") == "sc2-tiny"


def completed(editor: Neovim, line: str) -> list[str]:
    """What Tab offers behind this command line."""
    found: list[str] = editor.lua("return vim.fn.getcompletion(..., 'cmdline')", line)
    return found


def test_a_model_is_named_without_having_seen_the_list(open_: Open) -> None:
    editor = open_("x = 1\n")
    editor.wait_until_ready()
    editor.type(":Sc2 model sc2-tiny\n")
    editor.wait(lambda: editor.row("the model is sc2-tiny until you leave Neovim."), "the choice")
    editor.type(":Sc2 model starcoder2-3b-q4_0\n")
    editor.wait(lambda: editor.row("sc2-lsp model pull starcoder2-3b-q4_0"), "how to get it")
    editor.type(":Sc2 model sc2-tin\n")
    editor.wait(lambda: editor.row("there is no model and no file named sc2-tin."), "the refusal")
    assert editor.lua("return vim.lsp.config.sc2_lsp.settings.sc2.model") == "sc2-tiny"


def test_a_model_is_left_to_the_server_where_the_list_cannot_be_had(open_: Open) -> None:
    own = """
    vim.lsp.config('sc2_lsp', { cmd = function(dispatchers)
      return vim.lsp.rpc.start({ 'sc2-lsp', 'serve' }, dispatchers)
    end })
    """
    editor = open_("x = 1\n", INIT + MORE_KEYS + own)
    editor.wait_until_ready()
    editor.type(":Sc2 model sc2-tiny\n")
    editor.wait(lambda: editor.row("the model is sc2-tiny until you leave Neovim."), "the choice")
    editor.type(":Sc2 model no/such\n")
    editor.wait(lambda: editor.row("there is no file /"), "the refusal")


def test_names_of_models_are_completed_from_the_first_tab(open_: Open) -> None:
    editor = open_("x = 1\n")
    # Each waits for a while: on a slow machine the list comes with a later one.
    tabs = (completed(editor, "Sc2 model sc2-t") for _ in range(10))
    assert next((names for names in tabs if names), []) == ["sc2-tiny"]


@pytest.mark.parametrize("before", ["", "silent ", "verbose 3 tab ", "bufdo "])
def test_the_command_is_completed_behind_others(open_: Open, before: str) -> None:
    editor = open_("x = 1\n")
    assert completed(editor, f"{before}Sc2 mo") == ["model"]
    assert completed(editor, f"{before}Sc2 toggle markdo") == ["markdown"]
    assert completed(editor, f"{before}Sc2 toggle python py") == []


def test_files_of_models_in_folders_with_odd_names(open_: Open, tmp_path: Path) -> None:
    folder = tmp_path / "my models [1] 100% #2"
    folder.mkdir()
    (folder / "a model.gguf").touch()
    (folder / "notes.txt").touch()
    editor = open_("x = 1\n")
    (offered,) = completed(editor, f"Sc2 model {tmp_path}/my")
    (offered,) = completed(editor, f"Sc2 model {offered}")
    editor.lua("vim.cmd('Sc2 model ' .. ...)", offered)
    chosen = editor.lua("return vim.lsp.config.sc2_lsp.settings.sc2.model")
    assert chosen == str(folder / "a model.gguf")


def test_in_lualine(open_: Open) -> None:
    lualine = """
    vim.opt.runtimepath:append(vim.env.SC2_LUALINE)
    require('lualine').setup({
      options = { icons_enabled = false, refresh = { statusline = 100 } },
      sections = { lualine_x = { function() return require('sc2_lsp').status() end } },
    })
    """
    editor = open_(code_with("    def line_start(self, line: int) -> int:\n"), INIT + lualine)
    begin(editor)
    editor.keys("Escape")
    editor.wait(lambda: re.search(r"NORMAL.* sc2 ", editor.row("NORMAL")), "the status")
    editor.type(":Sc2 toggle\n")
    editor.wait(lambda: editor.row(" sc2 off "), "the status")


def test_what_was_accepted_is_recorded(
    open_: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(store.FOLDER_VARIABLE, str(tmp_path / "record"))
    recorded = "vim.lsp.config('sc2_lsp', { settings = { sc2 = { record = true } } })\n"
    code = code_with("    def line_start(self, line: int) -> int:\n")
    editor = open_(code, INIT + MORE_KEYS + recorded)
    ghost = begin(editor)
    editor.keys("C-k")
    editor.wait(lambda: editor.lines()[-1].strip() != TYPED, "the accepted word")
    editor.keys("C-l")
    editor.wait(lambda: editor.lines()[-1].strip() == TYPED + ghost, "the rest")
    # Neovim's own way, without the plugin's keys.
    editor.keys("Escape", "o")
    editor.type("x = ")
    second = editor.wait_for_ghost()
    editor.lua("vim.lsp.inline_completion.get()")
    editor.wait(lambda: editor.lines()[-1].strip() == "x = " + second, "the accepted text")
    editor.keys("Escape")
    editor.type(":quit!\n")
    psutil.wait_procs([editor.process], timeout=30)
    entries = store.read(tmp_path / "record" / "record.db")
    accepted = [entry for entry in entries if entry.fate is Fate.ACCEPTED]
    assert [entry.n_chars for entry in accepted] == [len(ghost), len(second)]
    assert {entry.language_id for entry in entries} == {"python"}


def test_alternatives(open_: Open) -> None:
    editor = open_(code_with("    def line_start(self, line: int) -> int:\n"))
    first = begin(editor, "x = ")
    editor.keys("C-n")
    editor.wait(lambda: re.search(r"\(\d/\d\)$", editor.row("x = ")), "its number")
    second = editor.ghost()
    assert second != first
    editor.keys("C-n")
    third = editor.wait(lambda: editor.ghost() != second and editor.ghost(), "another one")
    editor.keys("C-p")
    editor.wait(lambda: editor.ghost() == second, "the one before")
    editor.keys("C-n", "C-l")
    editor.wait(lambda: editor.lines()[-1].strip() == "x = " + third, "what was chosen")


def test_health(open_: Open) -> None:
    editor = open_(code_with("    def line_start(self, line: int) -> int:\n"))
    begin(editor)
    editor.keys("Escape")
    editor.type(":checkhealth sc2_lsp\n")
    editor.wait(lambda: any("Log: " in line for line in editor.lines()), "the report")
    report = "\n".join(editor.lines())
    for wanted in (
        "OK Neovim 0.",
        "OK Server: sc2-lsp 0.",
        "OK Suggestions are shown.",
        "OK Model: sc2-tiny.gguf, engine ready",
        "Speed: ",
    ):
        assert wanted in report
    assert "ERROR" not in report
    assert "WARNING" not in report


def test_health_without_the_server(open_: Open) -> None:
    absent = "vim.lsp.config('sc2_lsp', { cmd = { 'no-such-server', 'serve' } })\n"
    editor = open_("x = 1\n", INIT + absent)
    editor.wait(lambda: editor.row("no-such-server was not found"), "the message")
    editor.type(":checkhealth sc2_lsp\n")
    editor.wait(lambda: any("Log: " in line for line in editor.lines()), "the report")
    assert "ERROR The server was not found: no-such-server" in "\n".join(editor.lines())


# What Neovim 0.11 says of itself; it reads `lsp/sc2_lsp.lua` as well.
OLD = """
local has = vim.fn.has
vim.fn.has = function(what) return what == 'nvim-0.12' and 0 or has(what) end
local notify = vim.notify
notices = {}
vim.notify = function(text, ...) table.insert(notices, text) return notify(text, ...) end
"""


@pytest.mark.parametrize("own", ["", "filetypes = { 'python' }", "root_dir = vim.fn.getcwd()"])
def test_an_older_neovim_is_told_and_starts_nothing(open_: Open, own: str) -> None:
    tab = """
    vim.keymap.set('i', '<Tab>', function()
      return require('sc2_lsp').accept() and '' or '<Tab>'
    end, { expr = true })
    """
    mine = f"vim.lsp.config('sc2_lsp', {{ {own} }})\n"
    editor = open_("x = 1\n", OLD + INIT + MORE_KEYS + mine + tab)
    editor.lua("vim.cmd.edit()")
    needed = "sc2_lsp needs Neovim 0.12 or later: it does nothing here."
    assert editor.lua("return notices") == [needed]
    assert editor.lua("return #vim.lsp.get_clients({ _uninitialized = true })") == 0
    assert editor.lua("return #vim.api.nvim_get_proc_children(vim.fn.getpid())") == 0
    editor.keys("o", "C-l", "C-k", "C-n", "C-e", "Tab", "y", "Escape")
    editor.wait(lambda: editor.lines() == ["x = 1", "    y"], "what was typed alone")
    assert editor.lua("return require('sc2_lsp').status()") == ""
    editor.type(":checkhealth sc2_lsp\n")
    wanted = "ERROR Neovim 0.12 or later is needed"
    editor.wait(lambda: any(wanted in line for line in editor.lines()), "the report")


def test_beside_a_completion_menu(open_: Open) -> None:
    menu = "vim.o.autocomplete = true\n"
    editor = open_(code_with("    def line_start(self, line: int) -> int:\n"), INIT + menu)
    ghost = begin(editor, TYPED[:-1] + "[li")
    assert editor.lua("return vim.fn.pumvisible()") == 1
    editor.keys("C-l")
    accepted = TYPED + "li" + ghost
    editor.wait(lambda: editor.lines()[-1].strip() == accepted, "the accepted text")


# A language server inside of Neovim that completes two names.
OTHER_SERVER = """
local function start(dispatchers)
  local is_closing = false
  return {
    request = function(method, params, callback)
      local names = { 'line_starts', 'line_start' }
      local items = vim.tbl_map(function(name) return { label = name } end, names)
      local answers = {
        initialize = { capabilities = { completionProvider = { triggerCharacters = { '.' } } } },
        ['textDocument/completion'] = { isIncomplete = false, items = items },
      }
      vim.schedule(function() callback(nil, answers[method]) end)
      return true, 1
    end,
    notify = function(method)
      if method == 'exit' then dispatchers.on_exit(0, 15) end
    end,
    is_closing = function() return is_closing end,
    terminate = function() is_closing = true end,
  }
end
vim.lsp.config('other', { cmd = start, filetypes = { 'python' } })
vim.lsp.enable('other')
vim.o.completeopt = 'menuone,noselect'
vim.api.nvim_create_autocmd('LspAttach', { callback = function(event)
  local client = vim.lsp.get_client_by_id(event.data.client_id)
  if client.name == 'other' then
    vim.lsp.completion.enable(true, client.id, event.buf, { autotrigger = autotrigger })
  end
end })
"""


def menu(editor: Neovim) -> bool:
    return bool(editor.lua("return vim.fn.pumvisible() == 1"))


@pytest.mark.parametrize("key", ["", "C-x C-o"])
def test_beside_the_menu_of_another_server(open_: Open, key: str) -> None:
    """The menu opens by itself behind the point, or by the key."""
    other = f"local autotrigger = {'false' if key else 'true'}\n{OTHER_SERVER}"
    editor = open_(code_with("    def line_start(self, line: int) -> int:\n"), INIT + other)
    ghost = begin(editor, "return self.")
    editor.keys(*key.split())
    editor.wait(lambda: menu(editor), "the menu")
    editor.wait(editor.ghost, "the suggestion beside it")
    editor.keys("C-l")
    accepted = "return self." + ghost
    editor.wait(lambda: editor.lines()[-1].strip() == accepted, "the accepted text")
    editor.keys("Escape", "S")
    editor.type("return self.")
    editor.keys(*key.split())
    editor.wait(lambda: menu(editor), "the menu")
    editor.keys("Down", "C-y")
    chosen = "return self.line_start"
    editor.wait(lambda: editor.lines()[-1].strip().startswith(chosen), "the chosen entry")
    assert not menu(editor)
    editor.type("[")
    editor.wait_for_ghost()


def test_what_the_commands_show(open_: Open) -> None:
    editor = open_(code_with("    def line_start(self, line: int) -> int:\n"))
    begin(editor)
    editor.keys("Escape")
    for name, wanted in (
        ("stats", "model        sc2-tiny.gguf"),
        ("index", "# What is indexed"),
        ("context", "# What the model is shown of other files here"),
    ):
        editor.type(f":Sc2 {name}\n")
        editor.wait(lambda wanted=wanted: wanted in editor.lines(), wanted)
        editor.type("q")
        editor.wait(lambda wanted=wanted: wanted not in editor.lines(), "the window is closed")
    for name, wanted in (
        ("status", "sc2_lsp: ready, sc2-tiny.gguf, suggestions on, "),
        ("why", "sc2_lsp: the last answer was a suggestion."),
        ("nothing", "sc2_lsp: there is no 'nothing'"),
        ("model /no/such.gguf", "sc2_lsp: there is no file /no/such.gguf."),
    ):
        editor.type(f":Sc2 {name}\n")
        editor.wait(lambda wanted=wanted: editor.row(wanted), wanted)


def test_why(open_: Open) -> None:
    never = "vim.lsp.config('sc2_lsp', { settings = { sc2 = { automatic = false } } })\n"
    editor = open_("x = 1\n", INIT + MORE_KEYS + never)
    editor.wait_until_ready()
    editor.keys("o")
    editor.type("y = ")
    has_asked = """
    local client = vim.lsp.get_clients({ name = 'sc2_lsp' })[1]
    return vim.wait(..., function()
      return require('sc2_lsp.server').execute_sync(client, 'sc2.stats', 5000).requests > 0
    end)
    """
    assert editor.lua(has_asked, 10_000)
    editor.keys("Escape")
    editor.type(":Sc2 why\n")
    editor.wait(lambda: editor.row("you did not ask by a key. (disabled)"), "the reason")


def test_a_missing_model_is_in_the_status(open_: Open) -> None:
    missing = "vim.lsp.config('sc2_lsp', { settings = { sc2 = { model = '/no/such.gguf' } } })\n"
    editor = open_("x = 1\n", INIT + MORE_KEYS + missing)
    editor.wait(lambda: editor.row("sc2 error"), "the status")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_server_comes_back(open_: Open, how: signal.Signals) -> None:
    editor = open_(code_with("    def line_start(self, line: int) -> int:\n"))
    begin(editor)
    killed = editor.server()
    killed.send_signal(how)
    editor.wait(lambda: editor.row("sc2 restarting"), "the status")
    editor.wait(lambda: editor.row("sc2|"), "the status")
    editor.keys("Escape")
    editor.wait(lambda: editor.lua("return vim.fn.mode()") == "n", "normal mode")
    editor.keys("S")
    editor.type(TYPED)
    editor.wait_for_ghost()
    assert editor.server().pid != killed.pid


@pytest.mark.parametrize("stop", ["lsp stop sc2_lsp", "lua vim.lsp.enable('sc2_lsp', false)"])
def test_a_server_that_was_stopped_stays_so(open_: Open, stop: str) -> None:
    editor = open_("x = 1\n")
    editor.wait_until_ready()
    editor.type(f":{stop}\n")
    # That it is decided; a restart would be announced by another word.
    editor.wait(lambda: editor.row("sc2 stopped"), "the status")
    assert editor.lua("return #vim.api.nvim_get_proc_children(vim.fn.getpid())") == 0
    editor.type(":Sc2 restart\n")
    editor.wait(lambda: editor.row("sc2|"), "the status")


def test_a_restart_by_hand_is_no_stop(open_: Open) -> None:
    editor = open_("x = 1\n")
    editor.wait_until_ready()
    before = editor.server().pid
    editor.lua(
        "words = {} "
        "vim.api.nvim_create_autocmd('LspDetach', { callback = vim.schedule_wrap(function() "
        "table.insert(words, require('sc2_lsp.status').state()) end) })"
    )
    editor.type(":Sc2 restart\n")
    editor.wait(lambda: not editor.row("sc2|"), "another status")
    editor.wait(lambda: editor.row("sc2|"), "the status")
    assert editor.lua("return words") == ["restarting"]
    assert editor.server().pid != before


def test_a_server_that_ends_again_and_again(open_: Open) -> None:
    broken = """
    vim.lsp.config('sc2_lsp', { cmd = { 'false' } })
    vim.defer_fn = function(callback) vim.schedule(callback) end -- no pauses
    """
    editor = open_("x = 1\n", INIT + MORE_KEYS + broken)
    editor.wait(lambda: editor.row("sc2 stopped"), "the status")
    assert "the server ended too often" in editor.lua("return vim.fn.execute('messages')")
    editor.lua("vim.cmd.new()")
    assert editor.lua("return require('sc2_lsp').status()") == ""


def test_a_server_whose_program_is_gone_does_not_come_back(open_: Open, tmp_path: Path) -> None:
    program = tmp_path / "server"
    program.write_text('#!/bin/sh\nexec sc2-lsp "$@"\n')
    program.chmod(0o755)
    own = f"vim.lsp.config('sc2_lsp', {{ cmd = {{ '{program}', 'serve' }} }})\n"
    editor = open_("x = 1\n", INIT + MORE_KEYS + own)
    editor.wait_until_ready()
    program.unlink()
    editor.server().kill()
    editor.wait(lambda: editor.row("sc2 stopped"), "the status")
    told = f"sc2_lsp: {program} was not found"
    assert told in editor.lua("return vim.fn.execute('messages')")
    editor.lua("vim.cmd('messages clear') vim.cmd('Sc2 restart')")
    assert told in editor.lua("return vim.fn.execute('messages')")
    assert editor.lua("return require('sc2_lsp').status()") == "sc2 stopped"


@pytest.mark.parametrize("way", ["quit", "kill"])
def test_nothing_is_left_behind(open_: Open, way: str) -> None:
    shortly = "vim.lsp.config('sc2_lsp', { settings = { sc2 = { engine_idle_s = 0 } } })\n"
    editor = open_(code_with("    def line_start(self, line: int) -> int:\n"), INIT + shortly)
    begin(editor)
    engine = editor.lua(
        "local client = vim.lsp.get_clients({ name = 'sc2_lsp' })[1] "
        "return require('sc2_lsp.server').execute_sync(client, 'sc2.stats', 5000).engine.pid"
    )
    left = [editor.process, editor.server(), psutil.Process(engine)]
    left += left[1].children(recursive=True)
    if way == "kill":
        editor.process.kill()
    else:
        editor.keys("Escape")
        editor.type(":quit!\n")
    _, alive = psutil.wait_procs(left, timeout=30)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
