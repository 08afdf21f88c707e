"""Where the project's files are, and what its modules import."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PACKAGES = ("sc2_lsp", "quantize")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def modules() -> list[Path]:
    """Every module of the two packages."""
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def name_of(module: Path) -> str:
    """A module's file relative to the repository, with forward slashes."""
    return module.relative_to(ROOT).as_posix()


def source_of(module: Path) -> str:
    return module.read_text(encoding="utf-8")


def imported_names(module: Path) -> Iterator[str]:
    """The dotted name of everything that the module imports, wherever in it."""
    for node in ast.walk(ast.parse(source_of(module))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
