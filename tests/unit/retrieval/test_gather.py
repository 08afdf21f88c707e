from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc2_lsp.domain import Snippet
from sc2_lsp.retrieval import gather, group
from sc2_lsp.retrieval.lookup import Lookup
from sc2_lsp.retrieval.rank import ranked
from sc2_lsp.retrieval.scene import scene_of
from sc2_lsp.retrieval.sources import definitions
from tests.support.memory_index import MemoryIndex
from tests.support.snapshots import CURSOR, open_file, snapshot


def gathered(files: Mapping[str, str], **fields: object) -> tuple[Snippet, ...]:
    (path,) = (path for path, content in files.items() if CURSOR in content)
    plain = {path: content.replace(CURSOR, "") for path, content in files.items()}
    at = snapshot(files[path], path=path, **{"language_id": "", **fields})
    return gather(at, MemoryIndex(plain))


def test_the_best_come_first_and_none_is_of_the_current_file() -> None:
    shown = gathered(
        {
            "a.py": "from b import f\ndef own(): pass\nown()\n<CURSOR>\n",
            "b.py": "def f(x: int) -> int:\n    return x\n\ndef unused(): pass\n",
        }
    )
    assert shown[0].text == "def f(x: int) -> int: ...\n"
    assert (shown[0].path, shown[0].start_line) == ("b.py", 0)
    assert [one.score for one in shown] == sorted((one.score for one in shown), reverse=True)
    assert all(one.path != "a.py" for one in shown)


def test_a_method_stands_below_the_first_line_of_its_class() -> None:
    at = snapshot("def f(thing: Thing):\n    thing.work()\n    <CURSOR>\n", path="a.py")
    scene = scene_of(at)
    index = MemoryIndex(
        {
            "b.py": "# A thing.\n@final\nclass Thing(Base):\n    x = 1\n\n"
            "    def work(self,\n             n: int):\n        return n\n",
        }
    )
    lookup = Lookup(index)
    shown = ranked(definitions.find(scene, lookup), (), {}, lookup)
    (work,) = (one for one in shown if "work" in one.text)
    assert work.text == (
        "@final\nclass Thing(Base):\n    def work(self,\n             n: int): ...\n"
    )
    assert work.lines == (1, 2, 5, 6)


@pytest.mark.parametrize(
    ("path", "current", "other_path", "other", "shown"),
    [
        (
            "cmd/main.go",
            'package main\nimport "x/y/store"\nfunc main() {\n\tstore.Open()\n\t<CURSOR>\n}\n',
            "store/db.go",
            "package store\nfunc Open() *DB {\n\treturn nil\n}\n",
            "func Open() *DB",
        ),
        (
            "src/a.ts",
            'import { area } from "./b";\n<CURSOR>\n',
            "src/b.ts",
            "export function area(s: Shape): number {\n  return 1;\n}\n",
            "function area(s: Shape): number",
        ),
        (
            "src/A.java",
            "import org.x.B;\nclass A {\n  void f(B b) {\n    <CURSOR>\n  }\n}\n",
            "src/org/x/B.java",
            "package org.x;\npublic class B {\n  public int size(int n) {\n    return n;\n  }\n}\n",
            "public int size(int n)",
        ),
        (
            "src/main.rs",
            "use crate::store::open;\nfn main() {\n    <CURSOR>\n}\n",
            "src/store.rs",
            "pub fn open(path: &str) -> Db {\n    Db\n}\n",
            "pub fn open(path: &str) -> Db",
        ),
        (
            "src/a.c",
            '#include "b.h"\nint main(void) {\n  int n = total(3);\n  <CURSOR>\n}\n',
            "src/b.h",
            "int total(int n);\n",
            "int total(int n);",
        ),
        (
            "lib/a.rb",
            "require_relative 'b'\nshape = Shape.new\n<CURSOR>\n",
            "lib/b.rb",
            "class Shape\n  def area(n)\n    n\n  end\nend\n",
            "def area(n)",
        ),
        (
            "A.cs",
            "class A {\n  void F(Shape s) {\n    <CURSOR>\n  }\n}\n",
            "B.cs",
            "class Shape {\n  public int Area(int n) {\n    return n;\n  }\n}\n",
            "public int Area(int n)",
        ),
        (
            "src/App.php",
            "<?php\nuse App\\Models\\User;\nfunction f(User $u) {\n  <CURSOR>\n}\n",
            "src/Models/User.php",
            "<?php\nclass User {\n  public function name(): string {\n    return '';\n  }\n}\n",
            "public function name(): string",
        ),
        (
            "a.sh",
            "source ./b.sh\ngreet x\n<CURSOR>\n",
            "b.sh",
            "greet() {\n  echo hello\n}\n",
            "greet()",
        ),
    ],
)
def test_other_languages_see_signatures_too(
    path: str, current: str, other_path: str, other: str, shown: str
) -> None:
    found = gathered({path: current, other_path: other})
    assert any(shown in one.text for one in found if one.path == other_path), found


def test_without_an_index_open_files_are_shown() -> None:
    at = snapshot("<CURSOR>", open_files=(open_file("b.py", "B = 1\n"),))
    assert [one.text for one in gather(at)] == ["B = 1\n"]


def test_the_same_text_is_not_shown_twice() -> None:
    vendored = "def helper(a, b):\n    return a\n"
    shown = gathered(
        {"a.py": "helper(1)\n<CURSOR>\n", "x/v.py": vendored, "y/v.py": vendored},
    )
    assert sum("def helper(a, b): ..." in one.text for one in shown) == 1


def test_no_piece_is_cut_inside_a_line() -> None:
    other = "class B:\n" + "".join(
        f"    def f_{n}(self, a=({n},\n        2)): pass\n" for n in range(60)
    )
    files = {"a.py": "def f(b: B):\n    b.f_3()\n    <CURSOR>\n", "b.py": other}
    lines = {line.replace(": pass", ":") for line in other.splitlines()} | set(other.splitlines())
    shown = gathered(files)
    assert len(shown) > 50
    for one in shown:
        for line in one.text.splitlines():
            assert line in lines or line.removesuffix(" ...") in lines


_code = st.text("aA_.:=()[]{}'\"#@, \n\r\tdefclassimportfrom", max_size=120)


@settings(max_examples=60, deadline=None)
@given(_code, _code, _code, st.sampled_from(["py", "ts", "go", "c", "rs", "xyz", "vue"]))
def test_any_text_is_gathered_for(before: str, after: str, other: str, extension: str) -> None:
    files = {f"a.{extension}": f"{before}<CURSOR>{after}", f"b.{extension}": other}
    shown = gathered(files)
    assert all(one.text.endswith("\n") and one.text.strip() for one in shown)


LIBRARY = open_file("models.py", "# a library\nclass Base:\n    pass\n", file="/lib/models.py")


def test_a_file_outside_of_the_root_is_not_one_inside_of_the_same_name() -> None:
    files = {"models.py": "class User:\n    def save(self): ...\n"}
    at = snapshot(
        "from models import User\n\nUser().<CURSOR>\n",
        path="views.py",
        root="/r",
        file="/r/views.py",
        open_files=(LIBRARY,),
    )
    found = gather(at, MemoryIndex(files))
    by_file = {shown.key: shown for shown in group(found)}
    assert by_file.keys() == {"/r/models.py", "/lib/models.py"}
    assert by_file["/lib/models.py"].text == LIBRARY.text.content
    assert "library" not in by_file["/r/models.py"].text


def test_an_open_file_of_the_root_is_the_one_that_the_index_knows() -> None:
    content = "class User:\n    def save(self):\n        pass\n"
    other = open_file("models.py", content, file="/r/models.py")
    marked = "from models import User\n\nUser().<CURSOR>\n"
    at = snapshot(marked, path="views.py", root="/r", file="/r/views.py", open_files=(other,))
    (shown,) = group(gather(at, MemoryIndex({"models.py": content})))
    assert shown.key == "/r/models.py"
