"""What stands right before a piece of a file goes with it: it may name a secret in the piece."""

from __future__ import annotations

from sc2_lsp.domain import Snippet
from sc2_lsp.prompt.redaction import redact_snippet, written_out
from sc2_lsp.retrieval import group
from sc2_lsp.retrieval.scene import near_words
from sc2_lsp.retrieval.sources import open_files, project, similar, tests
from tests.support.retrieved import looked_at
from tests.support.snapshots import open_file, snapshot

SECRET = "hunt" + "er2" + "s3cret"
NAME, VALUE = "- name: DB_PASSWORD\n", f"  value: {SECRET}\n"
SHOWN = "  value: <PASSWORD>\n"


def test_of_an_open_file() -> None:
    filled = "# a line of the file\n" * 100
    content = f"{filled[-590 + len(NAME) :]}{NAME}{VALUE}{filled}"
    other = open_file("a.yml", content, char_offset=1300)
    (found,) = open_files.find(snapshot("<CURSOR>", open_files=(other,)))
    assert found.text.startswith(VALUE), "the piece begins between the two"
    assert written_out(redact_snippet(found)).startswith(SHOWN)


def test_of_similar_code() -> None:
    above = "".join(f"# {number}\n" for number in range(29))
    for line_break in ("\n", "\r\n"):
        there = f"{above}{NAME}{VALUE}daisies: {{roses: 1}}\n".replace("\n", line_break)
        files = {"a.yml": "value: 2\ndaisies: <CURSOR>\nroses: 2\n", "b.yml": there}
        scene, lookup = looked_at(files)
        found = next(similar.snippets(similar.pieces_of(scene, lookup.index), near_words(scene)))
        assert (found.start_line, found.text.splitlines()[0]) == (30, VALUE.rstrip("\n"))
        assert written_out(redact_snippet(found)).startswith(SHOWN)


def test_of_lines_in_the_middle_of_a_similar_piece() -> None:
    above = "".join(f"# {number}\n" for number in range(40))
    below = "".join(f"daisies_{n}: roses\n" for n in range(15))
    files = {
        "a.yml": f"value: 2\n<CURSOR>\n{below}",
        "b.yml": f"{above}{NAME}{VALUE}{below}",
    }
    scene, lookup = looked_at(files)
    found = next(similar.snippets(similar.pieces_of(scene, lookup.index), near_words(scene)))
    assert found.text.startswith(VALUE), "the piece begins between the two"
    assert written_out(redact_snippet(found)).startswith(SHOWN)


def test_of_a_test_and_of_declared_dependencies() -> None:
    files = {
        "make.py": "def make(n):\n    return <CURSOR>\n",
        "test_make.py": "import make\n\n\ndef test_make():\n    assert make.make(1) == 2\n",
        "requirements.txt": "one\ntwo\n",
        "pyproject.toml": '[project]\nname = "x"\ndependencies = [\n  "three",\n]\n',
    }
    scene, lookup = looked_at(files)
    (found,) = tests.snippets(scene, lookup.index)
    assert found.leads == ((3, "import make\n\n\n"),)
    (found,) = project.snippets(scene, lookup.index)
    assert found.leads == ((2, '[project]\nname = "x"\n'),)


def test_of_pieces_that_are_shown_as_one_text() -> None:
    first = Snippet("a.yml", 2, "x: 1\n", "similar", "", leads=((2, "a:\nb:\n"),))
    second = Snippet("a.yml", 9, VALUE, "similar", "", leads=((9, NAME),))
    (found,) = group((second, first))
    assert found.text == f"x: 1\n...\n{VALUE}"
    assert written_out(redact_snippet(found)) == f"x: 1\n...\n{SHOWN}"
