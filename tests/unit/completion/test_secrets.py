"""What the engine is asked while secrets are planted around the cursor. Tokens are characters."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from sc2_lsp.completion.idle import Pauses
from sc2_lsp.completion.service import CompletionService
from sc2_lsp.domain import (
    EmptyReason,
    Generation,
    GenerationRequest,
    Outcome,
    Snapshot,
    StopReason,
    Tokens,
    Trigger,
    Visited,
)
from sc2_lsp.settings import Settings
from sc2_lsp.text import Text
from sc2_lsp.workspace.documents import Documents
from sc2_lsp.workspace.notebooks import Cell
from tests.support.fake_engine import FakeEngine
from tests.support.planted_secrets import PLANTED, Planted
from tests.support.snapshots import open_file, snapshot

LAYOUTS = ("anchored", "psm", "spm")
CODE = "".join(f"def function_{number}(value):\n    return value\n\n\n" for number in range(6))
SECRET = "hunt" + "er2"


@dataclass
class Recorder(FakeEngine):
    """Remembers every token that it was asked to evaluate, and every text that it took apart."""

    seen: list[str] = field(default_factory=list)

    async def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        self.seen += texts
        return await super().tokenize(texts)

    async def generate(self, request: GenerationRequest) -> Generation:
        for tokens in (request.tokens, *request.cheaper):
            self.seen.append("".join(map(chr, tokens)) + request.required.decode())
        return Generation("1", StopReason.BLOCK_END, 9, 7, 3, 0.0, 0.1, 0.2)


@pytest.fixture
def engine() -> Recorder:
    return Recorder()


async def ask(engine: Recorder, at: Snapshot, layout: str = "anchored") -> Outcome:
    pauses = Pauses(ahead=0.0, anchor=0.0, context=0.0, retry=0.0)
    service = CompletionService(engine, time.monotonic, lambda: False, pauses=pauses)
    outcome = await service.complete(at, Trigger.INVOKED, Settings(layout=layout))
    service.close()
    return outcome


PLACES = {
    "far above the cursor": "{lines}\n" + CODE + "x = <CURSOR>\n",
    "right above the cursor": CODE + "{lines}\nx = <CURSOR>\n",
    "below the cursor": CODE + "x = <CURSOR>\n{lines}\n" + CODE,
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("place", PLACES)
async def test_no_planted_secret_of_the_document_reaches_the_engine(
    engine: Recorder, place: str, layout: str
) -> None:
    for planted in PLANTED:
        at = snapshot(PLACES[place].replace("{lines}", planted.lines))
        assert (await ask(engine, at, layout)).suggestion is not None, planted.name
        assert not leaked(planted, engine), planted.name


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_no_planted_secret_of_another_file_reaches_the_engine(
    engine: Recorder, layout: str
) -> None:
    for planted in PLANTED:
        other = open_file("config.py", f"import os\n{planted.lines}\nprint(os)\n")
        at = snapshot(CODE + "x = <CURSOR>\n", open_files=(other,))
        assert (await ask(engine, at, layout)).suggestion is not None
        assert any("print(os)" in seen for seen in engine.seen)
        assert not leaked(planted, engine), planted.name


@pytest.mark.parametrize("part", range(8))
async def test_no_planted_secret_behind_the_cursor_reaches_the_engine_wherever_it_stands(
    engine: Recorder, part: int
) -> None:
    for planted in PLANTED[part::8]:
        places = range(offset_of_secret(planted) + 1)
        for n in {0, *places[part % 5 :: 5], *places[-4:]}:
            before, after = planted.lines[:n], planted.lines[n:]
            at = snapshot(f"{CODE}{before}<CURSOR>{after}\n{CODE}")
            await ask(engine, at, LAYOUTS[n % len(LAYOUTS)])
            assert not leaked(planted, engine), (planted.name, before)
        assert engine.seen
        engine.seen.clear()


# A piece of an open file begins at the line that holds one of these places.
STEP = 600
OF_MANY_LINES = [planted for planted in PLANTED if "\n" in planted.lines]


@pytest.mark.parametrize("planted", OF_MANY_LINES, ids=lambda planted: planted.name)
async def test_no_planted_secret_reaches_the_engine_from_a_piece_that_begins_below_its_name(
    engine: Recorder, planted: Planted
) -> None:
    filled = "# a line of the file\n" * 100
    above = ""
    for n, line in enumerate(planted.lines.split("\n")):
        n_above = STEP - 1 - len(above) % STEP
        content = f"{filled[-n_above:]}{planted.lines}\n# another line\n{filled}"
        first = n_above + len(above)
        other = open_file("config.py", content, first + STEP + 9)
        await ask(engine, snapshot(CODE + "x = <CURSOR>\n", open_files=(other,)))
        assert any("a line of the file" in seen for seen in engine.seen)
        above += f"{line}\n"
        assert not leaked(planted, engine), n


async def test_the_recorder_would_see_what_is_no_secret(engine: Recorder) -> None:
    await ask(engine, snapshot("greeting = 'hello'\n" + CODE + "x = <CURSOR>\n"))
    assert leaked(Planted("", ("hello",), ""), engine)


def offset_of_secret(planted: Planted) -> int:
    return min(planted.lines.index(secret) for secret in planted.secrets)


def leaked(planted: Planted, engine: Recorder) -> list[str]:
    return [secret for secret in planted.secrets for seen in engine.seen if secret in seen]


async def test_a_secret_that_is_typed_reaches_the_engine_at_no_keystroke(engine: Recorder) -> None:
    typed = f'password = "{SECRET}"\nlogin(password)\n'
    reasons = set()
    for n in range(len(typed) + 1):
        at = snapshot(CODE + typed[:n] + "<CURSOR>\n" + CODE)
        reasons.add((await ask(engine, at)).reason)
    assert not leaked(Planted("", (SECRET,), ""), engine)
    assert reasons == {None, EmptyReason.EXCLUDED}


@pytest.mark.parametrize(
    "marked", ["password = 'hunt<CURSOR>{}'\n", "password = 'hunt{}<CURSOR>'\n"]
)
async def test_nothing_is_suggested_at_a_secret(engine: Recorder, marked: str) -> None:
    outcome = await ask(engine, snapshot(marked.format("er2")))
    assert outcome.reason is EmptyReason.EXCLUDED
    assert not engine.seen


async def test_nothing_is_suggested_in_a_file_that_holds_secrets(engine: Recorder) -> None:
    outcome = await ask(engine, snapshot("A=<CURSOR>\n", path="app/.env"))
    assert outcome.reason is EmptyReason.EXCLUDED
    assert not engine.seen


async def test_an_open_file_that_holds_secrets_is_not_shown(engine: Recorder) -> None:
    files = (open_file(".env", "GREETING=hello\n"), open_file("a.py", "GREETING = None\n"))
    await ask(engine, snapshot("x = <CURSOR>\n", open_files=files))
    assert not any("hello" in seen for seen in engine.seen)
    assert any("GREETING = None" in seen for seen in engine.seen)


async def test_a_visited_file_that_holds_secrets_is_not_shown(engine: Recorder) -> None:
    visited = tuple(
        Visited(path, f"/repo/{path}", 0, 0, Text.of(content))
        for path, content in ((".env", "GREETING=hello\n"), ("a.py", "GREETING = None\n"))
    )
    await ask(engine, snapshot("x = <CURSOR>\n", visited=visited))
    assert not any("hello" in seen for seen in engine.seen)
    assert any("GREETING = None" in seen for seen in engine.seen)


CREDENTIALS = (
    "file:///home/ada/.aws/credentials",
    "file:///home/ada/.ssh/config",
    "file:///home/ada/.kube/config",
    "file:///home/ada/.docker/config.json",
    "file:///home/ada/.m2/settings.xml",
    "file:///home/ada/.cargo/credentials",
    "file:///home/ada/.config/gcloud/configurations/config_default",
    "file:///C%3A/Users/ada/.aws/credentials",
    "file:///home/ada/.AWS/credentials",
    "untitled:/home/ada/.aws/credentials",
    "vscode-remote://ssh-remote%2Bhost/home/ada/.aws/credentials",
)


@pytest.mark.parametrize("uri", CREDENTIALS)
@pytest.mark.parametrize("root", ["/r", "/home/ada/.aws"])
async def test_credentials_outside_of_the_workspace_are_neither_shown_nor_completed_in(
    engine: Recorder, uri: str, root: str
) -> None:
    documents = Documents()
    documents.open("file:///r/a.py", "python", 1, CODE + "x = \n")
    documents.open(uri, "plaintext", 1, "region = sunflower\nregion = ")
    documents.open("file:///home/ada/notes", "plaintext", 1, "daisies\n")
    pauses = Pauses(ahead=0.0, anchor=0.0, context=0.0, retry=0.0)
    service = CompletionService(engine, time.monotonic, lambda: False, pauses=pauses)
    for at in (documents.snapshot(uri, n, {root: "owner/name"}) for n in (0, 28)):
        assert at is not None
        service.opened(at, Settings())
        assert not service.is_preparing
        outcome = await service.complete(at, Trigger.INVOKED, Settings())
        assert outcome.reason is EmptyReason.EXCLUDED
    assert not engine.seen
    beside = documents.snapshot("file:///r/a.py", len(CODE) + 4, {root: "owner/name"})
    assert beside is not None
    assert (await service.complete(beside, Trigger.INVOKED, Settings())).suggestion is not None
    context = await service.context(beside, Settings())
    assert [shown.snippet.path for shown in context.snippets] == ["notes"]
    service.close()
    assert any("daisies" in seen for seen in engine.seen)
    assert not any("sunflower" in seen for seen in engine.seen)


async def test_a_notebook_among_credentials_is_neither_shown_nor_completed_in(
    engine: Recorder,
) -> None:
    documents = Documents()
    cell = "vscode-notebook-cell:/home/ada/.aws/book.ipynb#a"
    documents.open("file:///r/a.py", "python", 1, "x = \n")
    documents.open(cell, "python", 1, "region = 'sunflower'\n")
    documents.open_notebook("file:///home/ada/.aws/book.ipynb", [Cell(cell, is_code=True)])
    for uri in ("file:///r/a.py", cell):
        at = documents.snapshot(uri, 4, {"/r": ""})
        assert at is not None
        assert (await ask(engine, at)).reason is (EmptyReason.EXCLUDED if uri == cell else None)
    assert engine.seen
    assert not any("sunflower" in seen for seen in engine.seen)


@pytest.mark.parametrize("language", ["markdown", "shellscript"])
async def test_no_planted_secret_of_another_cell_of_a_notebook_reaches_the_engine(
    engine: Recorder, language: str
) -> None:
    for planted in PLANTED:
        documents = Documents()
        cells = ["vscode-notebook-cell:/r/book.ipynb#a", "vscode-notebook-cell:/r/book.ipynb#b"]
        documents.open(cells[0], language, 1, f"import os\n\n{planted.lines}\nprint(os)\n")
        documents.open(cells[1], "python", 1, "x = \n")
        documents.open_notebook("file:///r/book.ipynb", [Cell(uri, is_code=True) for uri in cells])
        at = documents.snapshot(cells[1], 4, {"/r": ""})
        assert at is not None
        assert "# print(os)" in at.text.content
        await ask(engine, at)
        assert any("# print(os)" in seen for seen in engine.seen)
        assert not leaked(planted, engine), planted.name
        engine.seen.clear()


async def test_typing_behind_a_secret_changes_nothing_before_it(engine: Recorder) -> None:
    before = CODE + f'password = "{SECRET}"\n'
    service = CompletionService(engine, time.monotonic, lambda: False)
    settings = Settings(idle_work="never")
    for typed in ("login", "login(", "login(pass"):
        at = snapshot(before + typed + "<CURSOR>\n" + CODE)
        await service.complete(at, Trigger.INVOKED, settings)
    full = [seen for seen in engine.seen if seen.count("def function") > 6]
    assert full[0] in full[1]
    assert full[1][: len(full[0])] == full[0]
    assert full[2].startswith(full[1])
