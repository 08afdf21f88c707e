from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.retrieval.modules import place_of
from sc2_lsp.symbols import Import
from sc2_lsp.syntax import LANGUAGES


@pytest.mark.parametrize(
    ("language", "path", "module", "name", "target"),
    [
        ("python", "pkg/a.py", "pkg.b", "f", "pkg/b.py"),
        ("python", "pkg/a.py", "pkg.b", "f", "src/pkg/b/__init__.py"),
        ("python", "pkg/a.py", "pkg", "b", "pkg/b.py"),
        ("python", "pkg/a.py", ".", "b", "pkg/b.py"),
        ("python", "pkg/a.py", ".b", "f", "pkg/b.py"),
        ("python", "pkg/sub/a.py", "..b.c", "f", "pkg/b/c.py"),
        ("python", "a.py", ".", "f", "__init__.py"),
        ("typescript", "src/ui/a.ts", "./b", "f", "src/ui/b.tsx"),
        ("typescript", "src/ui/a.ts", "../lib/b.js", "f", "src/lib/b.ts"),
        ("javascript", "src/ui/a.js", "..", "f", "src/index.js"),
        ("tsx", "src/ui/a.tsx", "@/lib/b", "f", "src/lib/b.ts"),
        ("go", "cmd/a.go", "example.org/x/y/store", "", "store/db.go"),
        ("rust", "src/a.rs", "crate::b::c", "F", "src/b/c.rs"),
        ("rust", "src/a.rs", "crate::b", "F", "src/b/mod.rs"),
        ("rust", "src/a/mod.rs", "super::b", "F", "src/b.rs"),
        ("rust", "src/a.rs", "super::b", "F", "src/b.rs"),
        ("java", "src/a/A.java", "org.x.b", "B", "src/org/x/b/B.java"),
        ("kotlin", "src/a/A.kt", "org.x.b", "B", "src/org/x/b/B.java"),
        ("php", "src/A.php", "App\\Models", "User", "app/Models/User.php"),
        ("c", "src/a.c", "x/b.h", "", "include/x/b.h"),
        ("c", "src/a.c", "x/b.h", "", "src/x/b.c"),
        ("cpp", "src/a.cpp", "../b.hpp", "", "b.hpp"),
        ("ruby", "lib/a.rb", "./b", "", "lib/b.rb"),
        ("lua", "a.lua", "x.b", "", "lua/x/b.lua"),
        ("shell", "bin/a.sh", "./b.sh", "", "bin/b.sh"),
    ],
)
def test_an_import_means_this_file(
    language: str, path: str, module: str, name: str, target: str
) -> None:
    assert place_of(Import(module, name, name, 0), path, language).holds(target)


@pytest.mark.parametrize(
    ("language", "path", "module", "name", "other"),
    [
        ("python", "pkg/a.py", "pkg.b", "f", "pkg/c.py"),
        ("python", "pkg/a.py", "pkg.b", "f", "pkg/xpkg/b.pyc"),
        ("python", "pkg/sub/a.py", "..b", "f", "pkg/sub/b.py"),
        ("typescript", "src/ui/a.ts", "./b", "f", "src/b.ts"),
        ("rust", "src/a.rs", "crate::b", "F", "src/a.rs"),
        ("c", "src/a.c", "b.h", "", "src/bb.h"),
    ],
)
def test_and_not_that_one(language: str, path: str, module: str, name: str, other: str) -> None:
    assert not place_of(Import(module, name, name, 0), path, language).holds(other)


_parts = st.text("ab./:\\@~-*", max_size=8)


@given(_parts, _parts, st.sampled_from(LANGUAGES), _parts)
def test_any_import_means_some_place_or_none(
    module: str, name: str, language: object, path: str
) -> None:
    place = place_of(Import(module, name, name, 0), path, language.name)  # type: ignore[attr-defined]
    assert all(isinstance(end, str) for end in place.files + place.folders)
