"""The ignore rules in force in a folder: which of its entries belong into the index, by name alone.

Git's rules stand in `.gitignore` files, `.git/info/exclude` and the user's own excludes
(`core.excludesFile`), from the top of the repository down, even where the root is below it; a
repository inside another one starts anew. What an `.sc2ignore` says comes first, and brings back
what git or this module would leave out, but no file that may hold secrets. Whoever opens an ignored
folder as the root means it, so rules from above do not count there.

A file that git tracks is not ignored by git's rules, whatever they say; see `tracked.py`.

Reads small plain files, never through a link but for the user's own, and runs no git. The settings
of the system are not looked at, nor those that others include.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sc2_lsp.index.gitconfig import is_true, settings_in
from sc2_lsp.index.gitfiles import (
    Repository,
    is_git_folder,
    read_small,
    repository_around,
    repository_at,
)
from sc2_lsp.index.ignore import Rules, parse
from sc2_lsp.index.limits import Reason, unwanted_name
from sc2_lsp.index.tracked import Listing
from sc2_lsp.secrets.files import is_secret_file

_OF_TOOLS = ("pyvenv.cfg", "conda-meta", "CACHEDIR.TAG")
_OF_GIT = "objects"  # What git makes last in a folder of its own.

MARKS = frozenset((".git", ".gitignore", ".sc2ignore", *_OF_TOOLS, _OF_GIT))
"""The names in a folder that `Scope.enter` has to know of."""

_HISTORY_FOLDERS = frozenset((".git", ".hg", ".svn", ".bzr", ".jj", "_darcs", "CVS"))
_TOOL_FOLDER_NAMES = """
    node_modules bower_components jspm_packages .yarn .pnpm-store .parcel-cache .next .nuxt
    __pycache__ .tox .nox .mypy_cache .pytest_cache .ruff_cache .hypothesis .ipynb_checkpoints .eggs
    .gradle .idea .vs .terraform .dart_tool .stack-work .direnv
"""
_TOOL_FOLDERS = frozenset(_TOOL_FOLDER_NAMES.split())
# A name with a line break could not stand in a prompt, and one that is no UTF-8 in no message.
_BAD_CHARS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CACHE_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"  # bford.info/cachedir


@dataclass(frozen=True, slots=True)
class _Layer:
    """Rules, and how many chars of a path to leave off to get it relative to where they stand."""

    rules: Rules
    n_above: int


@dataclass(frozen=True, slots=True)
class _Kept:
    """The files that git tracks, and how many chars of a path to leave off for them."""

    listing: Listing
    n_above: int


@dataclass(frozen=True, slots=True)
class Scope:
    """The rules in force in one folder, those that count most first.

    `prefix` is the folder's path with a slash at its end, relative to the outermost folder with
    rules, which is at `top`; empty there. In a folder that `is_ignored` nothing counts but what git
    tracks.
    """

    prefix: str
    ignore_case: bool
    own: tuple[_Layer, ...] = ()
    git: tuple[_Layer, ...] = ()
    kept: _Kept | None = None
    is_ignored: bool = False
    top: str = ""

    def file_reason(self, name: str) -> Reason | None:
        """Why the file `name` of this folder is left out, so far as its name tells."""
        if not name.isprintable() and _BAD_CHARS.search(name):
            return Reason.BAD_NAME
        if name == ".git":  # The one of a submodule, or of a further worktree.
            return Reason.TOOL_FOLDER
        path = self.prefix + name
        reason = self._file_rules(name, path)
        return Reason.SECRET if reason is None and is_secret_file(f"{self.top}/{path}") else reason

    def folder_reason(self, name: str) -> Reason | None:
        """Why the folder `name` of this folder is not entered, so far as its name tells."""
        if not name.isprintable() and _BAD_CHARS.search(name):
            return Reason.BAD_NAME
        if name in _HISTORY_FOLDERS:
            return Reason.TOOL_FOLDER
        decision = self._own_decision(name)
        if decision is not None:
            return Reason.IGNORED if decision else None
        if name in _TOOL_FOLDERS:
            return Reason.TOOL_FOLDER
        if self.git_ignores_folder(name) and not self._tracks(name, below=True):
            return Reason.IGNORED
        return None

    def git_ignores_folder(self, name: str) -> bool:
        """Whether the rules of git leave out the folder `name`, but for what git tracks of it."""
        path = self.prefix + name
        return self.is_ignored or _decision(self.git, path, name, is_folder=True) or False

    def enter(self, folder: str, name: str, marks: Collection[str]) -> Scope | Reason:
        """The scope of the folder `name` of this one, or why it is left out after all.

        `folder` is where it is on disk, `marks` are the `MARKS` that it holds.
        """
        is_ignored = self._own_decision(name) is None and self.git_ignores_folder(name)
        inner = replace(self, prefix=f"{self.prefix}{name}/", is_ignored=is_ignored)
        if not marks:
            return inner
        place = Path(folder)
        if _is_made_by_tools(place, marks) and self._own_decision(name) is None:
            return Reason.TOOL_FOLDER
        if ".git" in marks and (repository := repository_at(place)) is not None:
            inner = _as_top(inner, place, repository)
        return _with_rules(inner, place, marks)

    def _file_rules(self, name: str, path: str) -> Reason | None:
        decision = _decision(self.own, path, name, is_folder=False)
        if decision is not None:
            return Reason.IGNORED if decision else None
        is_ignored = self.is_ignored or _decision(self.git, path, name, is_folder=False)
        if is_ignored and not self._tracks(name, below=False):
            return Reason.IGNORED
        return unwanted_name(name)

    def _tracks(self, name: str, *, below: bool) -> bool:
        """Whether git tracks the file `name`, or anything below the folder `name`."""
        if self.kept is None:
            return False
        path = (self.prefix + name)[self.kept.n_above :]
        tracked = self.kept.listing.now()
        return tracked.holds_below(path) if below else tracked.holds(path)

    def _own_decision(self, folder_name: str) -> bool | None:
        return _decision(self.own, self.prefix + folder_name, folder_name, is_folder=True)


def _decision(layers: tuple[_Layer, ...], path: str, name: str, *, is_folder: bool) -> bool | None:
    """Whether the rules leave it out; None where none of them says so or otherwise."""
    for layer in layers:
        rules = layer.rules
        ignores = rules.ignores_folder if is_folder else rules.ignores_file
        decision = ignores(name, path[layer.n_above :])
        if decision is not None:
            return decision
    return None


def scope_of_root(root: str) -> Scope:
    """The scope of the folder `root`, with the rules of the repository around it."""
    folder = Path(os.path.realpath(root))
    ignore_case = sys.platform in ("win32", "darwin")
    alone = Scope("", ignore_case, git=_user_layers("", ignore_case, folder, {}), top=str(folder))
    around = repository_around(folder)
    if around is None:
        return _with_rules(alone, folder, MARKS)
    top, repository = around
    scope = _with_rules(_as_top(Scope("", ignore_case, top=str(top)), top, repository), top, MARKS)
    for name in folder.relative_to(top).parts:
        if scope.folder_reason(name) is not None or scope.git_ignores_folder(name):
            return _with_rules(alone, folder, MARKS)
        top /= name
        scope = _with_rules(replace(scope, prefix=f"{scope.prefix}{name}/"), top, MARKS)
    return scope


def is_kept_out(path: str, root: str | None) -> bool:
    """Whether an `.sc2ignore` leaves out the file at the absolute `path`, or a folder around it.

    What git says does not count. Rules are those of the index of `root`, a folder around the file;
    without one, those from the top of the repository down.
    """
    file = Path(os.path.normpath(path))
    top = None if root is None else Path(os.path.normpath(root))
    if top is None or not file.is_relative_to(top):
        around = repository_around(file.parent)
        top = around[0] if around is not None else file.parent
    *folders, name = file.relative_to(top).parts
    scope, folder = scope_of_root(str(top)), top
    for inner in folders:
        if scope._own_decision(inner):
            return True
        folder /= inner
        inside = replace(scope, prefix=f"{scope.prefix}{inner}/")
        scope = _with_rules(inside, folder, (".sc2ignore",))
    return _decision(scope.own, scope.prefix + name, name, is_folder=False) or False


def _as_top(scope: Scope, top: Path, repository: Repository) -> Scope:
    """`scope` as that of a repository's top, with none of git's rules but those outside of it."""
    config = settings_in(read_small(repository.shared / "config") or b"")
    ignore_case = is_true(config.get("core.ignorecase"))
    n_above = len(scope.prefix)
    excludes = _rules_at(repository.excludes, ignore_case)
    layers = (_Layer(excludes, n_above),) if excludes else ()
    git = (*layers, *_user_layers(scope.prefix, ignore_case, top, config))
    is_sha256 = config.get("extensions.objectformat", "").lower() == "sha256"
    kept = _Kept(Listing(repository.own / "index", 32 if is_sha256 else 20), n_above)
    return replace(scope, ignore_case=ignore_case, git=git, kept=kept, is_ignored=False)


def _with_rules(scope: Scope, folder: Path, marks: Collection[str]) -> Scope:
    """`scope` with the rules in the files of `folder` before all others."""
    n_above = len(scope.prefix)
    if ".gitignore" in marks and (rules := _rules_at(folder / ".gitignore", scope.ignore_case)):
        scope = replace(scope, git=(_Layer(rules, n_above), *scope.git))
    if ".sc2ignore" in marks and (rules := _rules_at(folder / ".sc2ignore", scope.ignore_case)):
        scope = replace(scope, own=(_Layer(rules, n_above), *scope.own))
    return scope


def _user_layers(
    prefix: str, ignore_case: bool, top: Path, config: Mapping[str, str]
) -> tuple[_Layer, ...]:
    """What the user ignores in all repositories, or in that at `top` as its `config` has it.

    These are the user's own files, so they may be links, as in a home that is kept elsewhere.
    """
    home = os.path.expanduser("~")  # noqa: PTH111  Path.home raises where there is none
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path(home, ".config")) / "git"
    path = folder / "ignore"
    users = (
        settings_in(_linked(at) or b"") for at in (folder / "config", Path(home, ".gitconfig"))
    )
    for settings in (*users, config):
        named = settings.get("core.excludesfile")
        if named is not None:
            path = top / os.path.expanduser(named)  # noqa: PTH111
    data = _linked(path)
    rules = parse(data, ignore_case=ignore_case) if data else None
    return (_Layer(rules, len(prefix)),) if rules else ()


def _linked(path: Path) -> bytes | None:
    try:
        return read_small(Path(os.path.realpath(path)))
    except (OSError, ValueError):
        return None


def _rules_at(path: Path, ignore_case: bool) -> Rules | None:
    data = read_small(path)
    return parse(data, ignore_case=ignore_case) if data else None


def _is_made_by_tools(folder: Path, marks: Collection[str]) -> bool:
    """Whether this is an environment of Python or of conda, a repository without a checkout, or a
    cache that says that it is one."""
    if "pyvenv.cfg" in marks or "conda-meta" in marks:
        return True
    if _OF_GIT in marks and is_git_folder(folder):
        return True
    if "CACHEDIR.TAG" not in marks:
        return False
    return (read_small(folder / "CACHEDIR.TAG") or b"").startswith(_CACHE_SIGNATURE)
