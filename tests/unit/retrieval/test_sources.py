from __future__ import annotations

from sc2_lsp.retrieval.scene import near_words
from sc2_lsp.retrieval.sources import definitions, imported, project, siblings, similar, tests
from tests.support.retrieved import looked_at, names_found

SHAPES = """\
class Shape(Base):
    def __init__(self, n_sides: int) -> None:
        self.n_sides = n_sides

    def area(self) -> float:
        return 0.0

    def twin(self) -> "Shape":
        return self


def make_shape(n_sides: int) -> Shape:
    return Shape(n_sides)


UNIT = 1
"""
BASE = "class Base:\n    def describe(self) -> str:\n        return ''\n"


def test_what_is_imported_and_not_used_yet_comes_first() -> None:
    files = {
        "p/a.py": "from p.shapes import Shape, make_shape\n\nShape(1)\n" + "\n" * 20 + "<CURSOR>\n",
        "p/shapes.py": SHAPES,
    }
    assert names_found(imported.find, files) == ["p/shapes.py:make_shape", "p/shapes.py:Shape"]


def test_of_many_definitions_of_a_name_the_one_of_the_module_is_meant() -> None:
    files = {
        "p/a.py": "from .b import run\n<CURSOR>\n",
        "p/b.py": "def run(): pass\n",
        "p/c.py": "def run(): pass\n",
        "b.py": "def run(): pass\n",
    }
    assert names_found(imported.find, files) == ["p/b.py:run"]


def test_a_name_that_is_passed_on_is_found_where_it_is_defined() -> None:
    files = {
        "a.py": "from p import Shape\n<CURSOR>\n",
        "p/__init__.py": "from p.shapes import Shape\n",
        "p/shapes.py": SHAPES,
    }
    assert names_found(imported.find, files) == ["p/shapes.py:Shape"]


def test_what_other_packages_define_is_not_looked_for_here() -> None:
    files = {"a.py": "from typing import Any\n<CURSOR>\n", "p/b.py": "class Any: pass\n"}
    assert names_found(imported.find, files) == []


def test_a_module_that_is_imported_as_a_whole_shows_what_it_defines() -> None:
    files = {
        "p/a.py": "from p import shapes\nshapes.UNIT\n<CURSOR>\n",
        "p/shapes.py": SHAPES,
    }
    found = names_found(imported.find, files)
    assert found[0] == "p/shapes.py:UNIT"
    assert set(found[1:]) == {"p/shapes.py:Shape", "p/shapes.py:make_shape"}


def test_members_of_an_annotated_parameter() -> None:
    files = {
        "a.py": "from shapes import Shape\ndef f(s: Shape):\n    <CURSOR>\n",
        "shapes.py": SHAPES,
    }
    assert "shapes.py:Shape.area" in names_found(definitions.find, files)


def test_members_of_what_a_called_function_returns() -> None:
    files = {"a.py": "s = make_shape(1)\n<CURSOR>s\n", "shapes.py": SHAPES}
    assert "shapes.py:Shape.area" in names_found(definitions.find, files)


def test_members_of_the_bases_of_the_class_around_and_of_their_bases() -> None:
    files = {
        "a.py": "class Square(Shape):\n    def f(self):\n        <CURSOR>\n",
        "shapes.py": SHAPES,
        "base.py": BASE,
    }
    found = set(names_found(definitions.find, files))
    assert {"shapes.py:Shape.area", "base.py:Base.describe"} <= found


def test_a_member_that_is_used_near_the_cursor_comes_before_the_others() -> None:
    files = {
        "a.py": "def f(s: Shape):\n    s.twin()\n    <CURSOR>\n",
        "shapes.py": SHAPES,
    }
    assert names_found(definitions.find, files)[0] == "shapes.py:Shape.twin"


def test_a_bare_name_is_no_member() -> None:
    files = {"a.py": "area = 1\n<CURSOR>\n", "shapes.py": SHAPES}
    assert names_found(definitions.find, files) == []
    files = {"a.py": "thing.area()\n<CURSOR>\n", "shapes.py": SHAPES}
    assert names_found(definitions.find, files) == ["shapes.py:Shape.area"]


LIKE = "def draw(canvas, pen):\n    canvas.begin(pen)\n    {0}\n    canvas.finish(pen)\n"


def test_what_similar_code_uses() -> None:
    files = {
        "a.py": LIKE.format("<CURSOR>"),
        "b.py": LIKE.format("fill_area(canvas, pen)").replace("draw", "paint"),
        "c.py": "def fill_area(canvas, pen): pass\n",
    }
    scene, lookup = looked_at(files)
    alike = similar.pieces_of(scene, lookup.index)
    assert alike[0].path == "b.py"
    assert "c.py:fill_area" in names_found(lambda s, at: similar.find(s, alike, at), files)
    (shown, *_) = similar.snippets(alike, near_words(scene))
    assert (shown.path, shown.start_line) == ("b.py", 0)
    assert "fill_area(canvas, pen)" in shown.text


def test_the_current_file_is_not_like_itself() -> None:
    scene, lookup = looked_at({"a.py": LIKE.format("<CURSOR>")})
    assert similar.pieces_of(scene, lookup.index) == []


def test_what_similar_files_import_and_this_one_does_not() -> None:
    files = {
        "a.py": "from x import one\n<CURSOR>\n",
        "b.py": "from x import one, two\n",
        "x.py": "def one(): pass\ndef two(): pass\n",
    }
    found = names_found(lambda s, at: siblings.find(s, ["b.py"], at), files)
    assert found == ["x.py:two"]


def test_a_test_sees_what_it_tests() -> None:
    files = {
        "src/shapes.py": SHAPES,
        "other/deep/shapes.py": "def wrong(): pass\n",
        "src/tests/test_shapes.py": "def test_it():\n    <CURSOR>\n",
    }
    found = names_found(lambda s, at: tests.find(s, at.index), files)
    assert "src/shapes.py:Shape.area" in found
    assert not any("wrong" in name for name in found)


def test_a_function_sees_the_test_that_calls_it() -> None:
    files = {
        "shapes.py": "def make(n):\n    <CURSOR>\n",
        "tests/test_shapes.py": (
            "def test_other():\n    assert 1\n\n\ndef test_make():\n    assert make(1) == 2\n"
        ),
    }
    scene, lookup = looked_at(files)
    (shown,) = tests.snippets(scene, lookup.index)
    assert (shown.path, shown.start_line) == ("tests/test_shapes.py", 4)
    assert shown.text == "def test_make():\n    assert make(1) == 2\n"


def test_declared_dependencies_stand_near_where_imports_are_written() -> None:
    manifest = '[project]\nname = "x"\ndependencies = [\n  "rich>=15",\n]\n\n[other]\nx = 1\n'
    files = {
        "pyproject.toml": manifest,
        "vendor/pyproject.toml": 'dependencies = ["no"]\n',
        "p/a.py": "import os\n<CURSOR>\n" + "x = 1\n" * 40,
    }
    scene, lookup = looked_at(files)
    (shown,) = project.snippets(scene, lookup.index)
    assert (shown.path, shown.start_line) == ("pyproject.toml", 2)
    assert shown.text == 'dependencies = [\n  "rich>=15",\n]\n'
    files["p/a.py"] = "import os\n" + "x = 1\n" * 40 + "<CURSOR>"
    scene, lookup = looked_at(files)
    (far,) = project.snippets(scene, lookup.index)
    assert far.score < shown.score


def test_each_language_has_its_own_manifest() -> None:
    files = {
        "package.json": '{\n  "dependencies": {\n    "vue": "3"\n  }\n}\n',
        "go.mod": "module x\n\nrequire (\n\tgithub.com/a/b v1\n)\n",
        "a.ts": "<CURSOR>",
    }
    scene, lookup = looked_at(files)
    (shown,) = project.snippets(scene, lookup.index)
    assert shown.text == '  "dependencies": {\n    "vue": "3"\n  }\n'
    scene, lookup = looked_at({**files, "a.ts": "", "a.go": "package a\n<CURSOR>"})
    (shown,) = project.snippets(scene, lookup.index)
    assert shown.text == "require (\n\tgithub.com/a/b v1\n)\n"
