"""Lines of Python repositories to hide: each uses a name that is defined once, in another file.

What is defined where, and which names a file imports, is found with Python's own `ast`, not with
the parser that is measured. A name counts as defined once if one file of the repository defines it
and no class of the standard library has a member that is called so. The current file loses the
hidden line and nothing else; for the kind `not imported` also the import of the name, which the
hidden line alone uses.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import io
import random
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

KINDS = ("imported", "member", "not imported")
MIN_FILE_LINES = 20
MAX_LINE_CHARS = 160
MAX_PER_FILE = 3
MAX_PER_NAME = 2

_STANDARD = """
    argparse ast asyncio base64 bisect collections concurrent.futures configparser contextlib
    csv dataclasses datetime decimal difflib email.message enum fractions functools gzip hashlib
    html.parser http.client http.server importlib.metadata inspect io ipaddress itertools json
    logging math mimetypes multiprocessing operator os os.path pathlib pickle platform queue
    random re select selectors shlex shutil signal socket sqlite3 ssl stat string struct
    subprocess sys tarfile tempfile textwrap threading time tokenize traceback types typing
    unittest unittest.mock urllib.parse urllib.request uuid warnings weakref
    xml.etree.ElementTree zipfile zlib
"""


@dataclass(frozen=True, slots=True)
class Hidden:
    """A file without one line, the cursor where the line's code began.

    `signature` defines `name` in the file `target`; white space and comments are left out of it.
    """

    repository: str
    path: str
    kind: str
    name: str
    target: str
    signature: str
    content: str
    char_offset: int
    line: str


@dataclass(frozen=True, slots=True)
class _Site:
    """Where a name is defined. `owner` is its class, empty at the top of a file."""

    path: str
    owner: str
    signature: str


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    content: str
    lines: list[str]
    tree: ast.Module


def sample(root: Path, count: int, seed: int) -> list[Hidden]:
    """At most `count` hidden lines of the package at `root`, spread over its files and names."""
    files = _parsed(root)
    sites = _sites(files)
    found = [hidden for file in files for hidden in _candidates(root.name, file, sites)]
    random.Random(f"{seed} {root.name}").shuffle(found)
    per_file: dict[str, int] = defaultdict(int)
    per_name: dict[str, int] = defaultdict(int)
    lines = set()
    chosen = []
    for hidden in found:
        at = (hidden.path, hidden.line, hidden.char_offset)
        if at in lines or per_file[hidden.path] >= MAX_PER_FILE:
            continue
        if per_name[hidden.name] >= MAX_PER_NAME:
            continue
        lines.add(at)
        per_file[hidden.path] += 1
        per_name[hidden.name] += 1
        chosen.append(hidden)
        if len(chosen) == count:
            break
    return chosen


def python_files(root: Path) -> Iterator[tuple[str, str]]:
    """Path below the folder that holds `root`, and content; vendored packages are left out."""
    for path in sorted(root.rglob("*.py")):
        if not {"_vendor", "_vendored_packages", "__pycache__"} & set(path.parts):
            yield path.relative_to(root.parent).as_posix(), path.read_text("utf-8", "replace")


def normal(code: str) -> str:
    """`code` without white space and comments, to compare signatures by."""
    return re.sub(r"\s+", "", re.sub(r"(?m)#.*$", "", code))


def _parsed(root: Path) -> list[_File]:
    files = []
    for path, content in python_files(root):
        try:
            tree = ast.parse(content)
        except (SyntaxError, ValueError):
            continue
        files.append(_File(path, content, content.split("\n"), tree))
    return files


def _sites(files: list[_File]) -> dict[str, _Site]:
    """The names that one file alone defines, once or as overloads and properties of one class."""
    found: dict[str, list[_Site]] = defaultdict(list)
    for file in files:
        for name, site in _definitions(file):
            found[name].append(site)
    return {
        name: sites[0]
        for name, sites in found.items()
        if len({(site.path, site.owner) for site in sites}) == 1 and not name.startswith("__")
    }


def _definitions(file: _File) -> Iterator[tuple[str, _Site]]:
    stack: list[tuple[ast.AST, str]] = [(file.tree, "")]
    while stack:
        node, owner = stack.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield child.name, _Site(file.path, owner, _header(file, child))
                if owner and child.name == "__init__":
                    yield from _fields(file, child, owner)
            elif isinstance(child, ast.ClassDef):
                yield child.name, _Site(file.path, owner, _header(file, child))
                stack.append((child, child.name))
            elif isinstance(child, (ast.Assign, ast.AnnAssign)):
                for target in child.targets if isinstance(child, ast.Assign) else [child.target]:
                    if isinstance(target, ast.Name):
                        first = file.lines[child.lineno - 1]
                        yield target.id, _Site(file.path, owner, normal(first))
            elif isinstance(child, (ast.If, ast.Try)):
                stack.append((child, owner))


def _fields(file: _File, init: ast.AST, owner: str) -> Iterator[tuple[str, _Site]]:
    for node in ast.walk(init):
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if (
                    isinstance(target, ast.Attribute)
                    and isinstance(target.value, ast.Name)
                    and target.value.id == "self"
                ):
                    first = file.lines[node.lineno - 1]
                    yield target.attr, _Site(file.path, owner, normal(first))


def _header(file: _File, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    """The text from `def` or `class` up to the colon."""
    depth, kept = 0, []
    rest = "\n".join(file.lines[node.lineno - 1 :]).lstrip()
    for token in tokenize.generate_tokens(io.StringIO(rest).readline):
        if token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
            if token.string == ":" and depth == 0:
                break
        if token.type != tokenize.COMMENT:
            kept.append(token.string)
    return normal("".join(kept))


def _candidates(repository: str, file: _File, sites: dict[str, _Site]) -> Iterator[Hidden]:
    if len(file.lines) < MIN_FILE_LINES:
        return
    imports = _imports(file)
    own = _bound(file)
    outside = {alias for alias, (module, _) in imports.items() if not module}
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            name, is_member = node.id, False
        elif isinstance(node, ast.Attribute):
            name, is_member = node.attr, True
        else:
            continue
        site = sites.get(name)
        line = file.lines[node.end_lineno - 1] if node.end_lineno else ""
        if (
            site is None
            or site.path == file.path
            or len(line) > MAX_LINE_CHARS
            or re.search(rf"\b{re.escape(name)}\b", line) is None
            or re.match(r"\s*(?:from|import)\b", line)
        ):
            continue
        at = (node.end_lineno or 1) - 1
        if not is_member:
            if not imports.get(name, (False, None))[0] or site.owner or name in own:
                continue
            yield from _of_name(repository, file, name, site, at, imports[name][1])
        elif site.owner:
            root = _root_name(node)
            if name in _standard_names() or root in outside:
                continue
            yield _hidden(repository, file, "member", name, site, at, file.content)
        elif imports.get(_root_name(node), (False, None))[0]:
            yield _hidden(repository, file, "imported", name, site, at, file.content)


def _of_name(
    repository: str, file: _File, name: str, site: _Site, at: int, statement: ast.ImportFrom | None
) -> Iterator[Hidden]:
    """An imported name; where its line alone uses it, the import goes as well."""
    word = re.compile(rf"\b{re.escape(name)}\b")
    rest = file.lines[:at] + file.lines[at + 1 :]
    if statement is None or sum(len(word.findall(line)) for line in rest) != 1:
        yield _hidden(repository, file, "imported", name, site, at, file.content)
        return
    first, last = statement.lineno - 1, (statement.end_lineno or statement.lineno) - 1
    kept = [alias for alias in statement.names if alias.name != name]
    indent = re.match(r"\s*", file.lines[first])
    assert indent is not None
    shorter = ast.unparse(ast.ImportFrom(statement.module, kept, statement.level)) if kept else ""
    lines = [*file.lines]
    lines[first : last + 1] = (
        [indent.group() + (shorter or "pass")] if indent.group() or kept else []
    )
    moved = at - (len(file.lines) - len(lines)) if at > last else at
    yield _hidden(repository, file, "not imported", name, site, moved, "\n".join(lines))


def _hidden(
    repository: str, file: _File, kind: str, name: str, site: _Site, at: int, content: str
) -> Hidden:
    lines = content.split("\n")
    line = lines[at]
    code = line.lstrip()
    indent = line[: len(line) - len(code)]
    lines[at] = indent
    offset = sum(len(before) + 1 for before in lines[:at]) + len(indent)
    return Hidden(
        repository,
        file.path,
        kind,
        name,
        site.path,
        site.signature,
        "\n".join(lines),
        offset,
        code.rstrip(),
    )


def _imports(file: _File) -> dict[str, tuple[bool, ast.ImportFrom | None]]:
    """By the names that the file gives them: whether it is of the repository, and the statement."""
    package = file.path.split("/")[0]
    found: dict[str, tuple[bool, ast.ImportFrom | None]] = {}
    for node in ast.walk(file.tree):
        if isinstance(node, ast.ImportFrom):
            inside = node.level > 0 or (node.module or "").split(".")[0] == package
            for alias in node.names:
                plain = node if alias.asname in (None, alias.name) else None
                found[alias.asname or alias.name] = (inside, plain)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                inside = alias.name.split(".")[0] == package
                found[alias.asname or alias.name.split(".")[0]] = (inside, None)
    return found


def _bound(file: _File) -> set[str]:
    """Names that the file itself gives a value to."""
    stored = {
        node.id
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return stored | {node.arg for node in ast.walk(file.tree) if isinstance(node, ast.arg)}


def _root_name(node: ast.AST) -> str:
    while isinstance(node, (ast.Attribute, ast.Call, ast.Subscript)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


@cache
def _standard_names() -> frozenset[str]:
    names = set(dir(builtins))
    for value in vars(builtins).values():
        names.update(dir(value))
    for module in map(importlib.import_module, _STANDARD.split()):
        for name, value in vars(module).items():
            names.add(name)
            if isinstance(value, type):
                names.update(dir(value))
    return frozenset(names)
