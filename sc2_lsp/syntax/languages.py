"""The languages that are read, and how a file is known to be in one. Refuses to open the file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """A language: its name, how its files end, what LSP calls it, how a line comment starts."""

    name: str
    extensions: tuple[str, ...]
    language_ids: tuple[str, ...]
    line_comment: str


LANGUAGES = (
    Language("c", (".c", ".h"), ("c",), "//"),
    Language("csharp", (".cs", ".csx"), ("csharp",), "//"),
    Language(
        "cpp",
        (
            ".cc",
            ".cpp",
            ".cxx",
            ".c++",
            ".hh",
            ".hpp",
            ".hxx",
            ".h++",
            ".ipp",
            ".inl",
            ".cu",
            ".cuh",
        ),
        ("cpp", "cuda-cpp", "cuda"),
        "//",
    ),
    Language("go", (".go",), ("go",), "//"),
    Language("java", (".java",), ("java",), "//"),
    Language(
        "javascript",
        (".js", ".jsx", ".mjs", ".cjs"),
        ("javascript", "javascriptreact", "javascript.jsx"),
        "//",
    ),
    Language("kotlin", (".kt", ".kts"), ("kotlin",), "//"),
    Language("lua", (".lua",), ("lua", "luau"), "--"),
    Language("php", (".php", ".phtml", ".inc"), ("php",), "//"),
    Language("python", (".py", ".pyi", ".pyw"), ("python",), "#"),
    Language("r", (".r",), ("r",), "#"),
    Language("ruby", (".rb", ".rake", ".gemspec", ".ru"), ("ruby",), "#"),
    Language("rust", (".rs",), ("rust",), "//"),
    Language("sql", (".sql", ".ddl"), ("sql", "mysql", "plsql", "pgsql"), "--"),
    Language(
        "shell",
        (".sh", ".bash", ".zsh", ".ksh", ".bats"),
        ("shellscript", "bash", "sh", "zsh"),
        "#",
    ),
    Language("svelte", (".svelte",), ("svelte",), "//"),
    Language("swift", (".swift",), ("swift",), "//"),
    Language("tsx", (".tsx",), ("typescriptreact", "typescript.tsx"), "//"),
    Language("typescript", (".ts", ".mts", ".cts"), ("typescript",), "//"),
    Language("vue", (".vue",), ("vue",), "//"),
)

_BY_ID = {language_id: language for language in LANGUAGES for language_id in language.language_ids}
_BY_EXTENSION = {extension: language for language in LANGUAGES for extension in language.extensions}


def language_of(path: str, language_id: str = "") -> Language | None:
    """The language of a document, by what the editor calls it or else by its file name."""
    if language := _BY_ID.get(language_id):
        return language
    name = path.rpartition("/")[2]
    _, dot, extension = name.rpartition(".")
    return _BY_EXTENSION.get(f".{extension.lower()}") if dot else None
