"""Where in a repository the module of an import may lie, by the rules of its language.

Total functions of names: no file is looked for. A module that is not of the repository gets places
too; that none of them exists is for the index to say.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from sc2_lsp.symbols import Import

_SCRIPT_EXTENSIONS = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".d.ts", ".vue", ".svelte")
_SCRIPTS = frozenset(("javascript", "typescript", "tsx", "vue", "svelte"))
_C_FAMILY = frozenset(("c", "cpp"))
_C_SOURCES = (".c", ".cc", ".cpp", ".cxx")
_PACKAGED = {
    "java": (".java", ".kt"),
    "kotlin": (".kt", ".java"),
    "csharp": (".cs",),
    "php": (".php",),
}


@dataclass(frozen=True, slots=True)
class Place:
    """The files that an import may mean, as ends of their paths; and the folders, for packages."""

    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()

    def holds(self, path: str) -> bool:
        """Whether `path` is one of these files or lies in one of these folders."""
        folder = posixpath.dirname(path)
        return any(_ends(path, file) for file in self.files) or any(
            _ends(folder, other) for other in self.folders
        )


def place_of(found: Import, path: str, language: str) -> Place:
    """Where the module that the file at `path` imports may lie."""
    folder = posixpath.dirname(path)
    if language == "python":
        return _python(found, folder)
    if language in _SCRIPTS:
        return _script(found.module, folder)
    if language in _C_FAMILY:
        return _include(found.module, folder)
    if language == "go":
        return Place(folders=(_last_parts(found.module, 2), found.module.rpartition("/")[2]))
    if language == "rust":
        return _rust(found, folder, path)
    if language in _PACKAGED:
        return _packaged(found, _PACKAGED[language])
    if language in ("ruby", "lua", "shell", "r"):
        return _loaded(found.module, folder, language)
    return Place()


def _ends(path: str, suffix: str) -> bool:
    return path == suffix or path.endswith(f"/{suffix}")


def _python(found: Import, folder: str) -> Place:
    dots = len(found.module) - len(found.module.lstrip("."))
    base = found.module.lstrip(".").replace(".", "/")
    if dots:
        for _ in range(dots - 1):
            folder = posixpath.dirname(folder)
        base = posixpath.join(folder, base) if base else folder
    files = []
    if found.name and found.name != "*":
        inner = posixpath.join(base, found.name)
        files += [f"{inner}.py", f"{inner}/__init__.py"]
    if base:
        files += [f"{base}.py", f"{base}/__init__.py"]
    else:
        files += ["__init__.py"]
    return Place(tuple(files))


def _script(module: str, folder: str) -> Place:
    if module.startswith("."):
        base = posixpath.normpath(posixpath.join(folder, module))
    elif module.startswith(("@/", "~/", "#/", "/")):
        base = module.partition("/")[2]
    else:
        base = module
    bare = base
    for extension in (".js", ".mjs", ".jsx"):
        # TypeScript's own modules are imported by the name of what they are compiled to.
        bare = bare.removesuffix(extension)
    files = [base]
    files += [f"{bare}{extension}" for extension in _SCRIPT_EXTENSIONS]
    files += [f"{base}/index{extension}" for extension in _SCRIPT_EXTENSIONS[:4]]
    return Place(tuple(files))


def _include(module: str, folder: str) -> Place:
    here = posixpath.normpath(posixpath.join(folder, module))
    name = here if module.startswith(".") else module
    stem = posixpath.splitext(name)[0]
    return Place((name, *(f"{stem}{extension}" for extension in _C_SOURCES)))


def _rust(found: Import, folder: str, path: str) -> Place:
    parts = [part for part in found.module.split("::") if part]
    if not parts:
        return Place()
    stem = posixpath.splitext(posixpath.basename(path))[0]
    inside = folder if stem in ("mod", "lib", "main") else posixpath.join(folder, stem)
    if parts[0] == "crate":
        base = ""
        parts = parts[1:]
    elif parts[0] in ("self", "super"):
        base = inside
        while parts and parts[0] in ("self", "super"):
            base = posixpath.dirname(base) if parts[0] == "super" else base
            parts = parts[1:]
    else:
        # Another crate of the same workspace, or a module below this one.
        base = ""
        parts = parts[1:] or parts
    names = [posixpath.join(base, *parts)] if parts or base else []
    names.append(posixpath.join(base, *parts, found.name) if found.name else "")
    files = [f"{name}{end}" for name in names if name for end in (".rs", "/mod.rs")]
    return Place(tuple(files) or ("src/lib.rs", "src/main.rs"))


def _packaged(found: Import, extensions: tuple[str, ...]) -> Place:
    parts = [part for part in found.module.replace("\\", ".").split(".") if part]
    name = found.name if found.name not in ("", "*") else ""
    folders = ["/".join(parts)] if parts else []
    files = []
    for whole in ([*parts, name] if name else parts, parts):
        # Roots of source folders are no part of a name, and namespaces often begin above them.
        for n in (len(whole), 2, 1):
            if 0 < n <= len(whole):
                files += [f"{'/'.join(whole[-n:])}{extension}" for extension in extensions]
    return Place(tuple(dict.fromkeys(files)), tuple(folders))


def _loaded(module: str, folder: str, language: str) -> Place:
    here = posixpath.normpath(posixpath.join(folder, module))
    if language == "ruby":
        return Place((f"{here}.rb", f"{module}.rb", here))
    if language == "lua":
        base = module.replace(".", "/")
        return Place((f"{base}.lua", f"{base}/init.lua"))
    return Place((here, module.rpartition("./")[2]))


def _last_parts(module: str, n: int) -> str:
    return "/".join(module.split("/")[-n:])
