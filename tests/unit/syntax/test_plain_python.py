"""Python read without a tree: the same as what the tree says, or nothing."""

from __future__ import annotations

import sysconfig
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import sc2_lsp
from sc2_lsp.symbols import Outline
from sc2_lsp.syntax import language_of, outline_of_bytes
from sc2_lsp.syntax.plain_python import plain_outline

STDLIB = Path(sysconfig.get_path("stdlib"))
MODULES = [
    *sorted(Path(sc2_lsp.__file__).parent.rglob("*.py")),
    *sorted(STDLIB.glob("*/[a-f]*.py"))[:200],
]
MOST_REFUSED = 0.05

STATEMENTS = """
import os, a.b as c, \\
    d.e
from . import x
from ..m.n import (
    y,  # of which
    z as zed,
)
from q import *
from __future__ import annotations
A = 1; B = Foo(1); C, D, *E = f()
G: dict[str, int] = {"def f(): pass": [1, (2, {3})]}
H = I = Bar()
J = a.Baz("(", ')', # comment "
    1)
K = Foo().bar
L = foo(1)[2].Quux(3)
x[0] = 1
Tabbed		= Foo()
Continued: Bar[1] \
    = Baz()
Behind = \
    Foo()
S += Foo()
T = "a" if U else 'b'
if __name__ == "__main__":
    V = 1
else:
    V = 2
try: W = 1
except (A, B) as error:
    X = 1
else: Y = 1
finally:
    import os.path
for z in range(3):
    AA = 1
else:
    BB = 1
with open("f") as f: CC = 1

class Plain: pass

class Thing(Base, Generic[T], metaclass=Meta("(")):  # a comment
    '''It has
class NotThis:
    in it.'''
    one: int
    two: "str" = field(default=1)
    three = Four()

    # about __init__
    def __init__(self, a: int, b: "Foo", c=(1, [2]), *d: Any) -> None:
        if a:
            self.a = a
        self.b: Bar = b
        self.c = b or Foo(1)
        self.d = b if a else c
        self.e = a and b or c
        self.f = self.g = b
        self.h.i = 3
        def inner(self):
            self.j = 1
        class Inside:
            k = 1
        for l in a:
            self.m = l
        with a: self.n = Foo()
    # still in it?
  # but not here

    @property
    @cached(key="(")
    # between
    async def p(self) -> dict[str, "list[int]"]:
        return {
            1: 2,
}

    def q(self, x=")"): return x
    def continued(self):
        return 1 + \
"a" + [
]
    def r(self): ...; y = 1
    def returning(self) -> \
            Foo | Bar:
        return 1
    @overload
    def s(
        self,
        t: Callable[[int], str] = lambda x: ":",
    ) -> (
        int
    ):
        # a comment
        \"\"\"A doc.

def not_here():
    pass
\"\"\"
        '''and
'''
        return 1

        # behind it


    # further out
class After(object):
    if True:
        def u(self): pass
    elif False:
        v = w = 1

def last():
    pass
"""


def tree_outline(data: bytes) -> Outline:
    language = language_of("a.py")
    assert language is not None
    found = outline_of_bytes(data, language, references=True)
    return Outline(found.definitions, found.imports)


def test_statements_of_all_kinds_are_read_as_the_tree_has_them() -> None:
    data = STATEMENTS.encode()
    found = plain_outline(data)
    assert found is not None
    assert len(found.definitions) > 30
    assert found == tree_outline(data)


@pytest.mark.parametrize("ending", [b"\r\n", b"\n"])
@pytest.mark.parametrize("indent", ["\t", "  "])
def test_lines_may_end_and_be_indented_in_any_usual_way(ending: bytes, indent: str) -> None:
    text = f"class A:\n{indent}# b\n{indent}def c(self):\n{indent}{indent}return 1\n\n\nd = 1"
    data = text.encode().replace(b"\n", ending)
    found = plain_outline(data)
    assert found is not None
    assert found == tree_outline(data)
    assert [(d.name, d.start_line, d.end_line) for d in found.definitions] == [
        ("A", 0, 3),
        ("c", 1, 3),
        ("d", 6, 6),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "(a, b), c = 1, 2\n",
        "a.b, c = 1, 2\n",
        "a, (b, c) = 1, 2\n",
        "match a:\n    case 1:\n        b = 1\n",
        "type A = int\n",
        "def f[T](a: T): pass\n",
        "class A[T]: pass\n",
        "x = (\n",
        "def f():\n    return [\n1,\n]\n",
        'x = """\n',
        "def f(:\n    pass\n",
        "def f():\n",
        "class A:\n    pass\n  b = 1\n",
        "if a:\nb = 1\n",
        "@a\n",
        "@a\nb = 1\n",
        "x = 1 \\\n\n",
        "if (a := lambda: 1): b = 1\nif lambda: 1: b = 1\n",
        "a\x0c = 1\n",
        "€ = 2\n",
        "x = " + "(" * 20 + ")" * 20 + "\n",
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(text: str) -> None:
    assert plain_outline(text.encode()) is None


def test_hardly_any_file_is_left_to_the_parser() -> None:
    refused = [path for path in MODULES if plain_outline(path.read_bytes()) is None]
    assert len(refused) <= len(MODULES) * MOST_REFUSED, refused


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_module_is_read_as_the_tree_has_it(path: Path) -> None:
    data = path.read_bytes()
    found = plain_outline(data)
    assert found is None or found == tree_outline(data)


@given(st.text(alphabet="def f():\n \t\r\"'#()x@=,;\\", max_size=150))
@example("def f():\n  #\n\x0b")
def test_any_text_is_read_or_refused(content: str) -> None:
    data = content.encode()
    found = plain_outline(data)
    n_lines = data.count(b"\n") + 1
    assert found is None or all(
        0 <= d.start_line <= d.end_line < n_lines for d in found.definitions
    )


@pytest.mark.parametrize(
    "text",
    [
        "(" * 500_000,
        "x = [" + "(1, '2', {3: 4}),  # five\n" * 30_000,
        "x = '''" + "\\\n" * 300_000,
        "def f():\n  x\n" + ")'''\nx\n'''\n" * 60_000,
        "def f():\n  x\n" + ")'''\nx\n\"\"\"\n" * 60_000,
        "a, " * 200_000 + "= 1",
        "a.b" * 200_000,
        "x = f" + "(1)" * 200_000 + "!",
        "if " + "a[1] " * 100_000,
        "#\n" * 400_000 + "def",
        "class A:\n x=1\n" * 50_000,
    ],
    ids=range(11),
)
def test_a_text_that_no_person_wrote_costs_little(text: str) -> None:
    start = time.process_time()
    plain_outline(text.encode())
    assert time.process_time() - start < 2.0
