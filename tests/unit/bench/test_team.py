"""The load of a team: who types what, what llama.vim asks and shows, and what is counted."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.developers import Costs, Ours, repositories, team
from benchmarks.llama_vim import (
    MOST_ANSWERS,
    N_CHUNKS,
    Answers,
    LlamaVim,
    around,
    chunks_of,
    rendered,
)
from benchmarks.screen import Screen
from benchmarks.team import counted, main
from benchmarks.team_figures import (
    BEGIN,
    END,
    OURS,
    PEER,
    Sample,
    compared,
    cost_table,
    filled,
    table,
)
from sc2_lsp.bench.keystrokes import Kind, Stroke
from sc2_lsp.completion.service import CompletionService
from sc2_lsp.engine.remote import connecting, pulse, transport
from sc2_lsp.text import Text
from tests.project.tree import ROOT
from tests.support.fake_llama_server import FakeLlamaServer

LINES = [f"value_{number} = compute({number}, 'some text')" for number in range(400)]
TEXT = Text.of("\n".join(LINES) + "\n")


def typed(at: int, text: str) -> Stroke:
    return Stroke(0, at, at, text, Kind.TYPED, 0.0)


def test_only_the_first_suggestion_behind_a_key_counts() -> None:
    times = iter([1.0, 1.25, 2.0, 2.5])
    screen = Screen(lambda: next(times))
    screen.show()
    screen.key()
    screen.show()
    screen.show()
    screen.key()
    screen.show()
    assert (screen.n_keys, screen.shown_ms) == (2, [250.0, 500.0])


def test_llama_vim_shows_256_lines_before_and_64_behind() -> None:
    at = TEXT.line_start(300) + 5
    prefix, middle, suffix = around(TEXT, at, [])
    assert prefix == "\n".join(LINES[44:300]) + "\n"
    assert middle == "value"
    assert suffix == LINES[300][5:] + "\n" + "\n".join(LINES[301:365]) + "\n"


def test_what_would_follow_is_asked_as_if_the_suggestion_stood_there() -> None:
    at = TEXT.line_end(300)
    prefix, middle, suffix = around(TEXT, at, ["(a", "b)"])
    assert prefix == "\n".join([*LINES[45:300], LINES[300] + "(a"]) + "\n"
    assert middle == "b)"
    assert suffix.startswith("\n" + LINES[301])


def test_an_answer_is_typed_through_and_the_longest_rest_is_taken() -> None:
    answers = Answers(random.Random(1))
    answers.add(("x = ", "\n"), "call(a)")
    answers.add(("x = c", "\n"), "all(a, b)")
    assert answers.find("x = ca", "\n") == "ll(a, b)"
    assert answers.find("x = d", "\n") is None
    assert answers.find("x = ca", ")\n") is None
    assert answers.find("x = ", "\n") == "call(a)"


def test_no_more_answers_are_kept_than_llama_vim_keeps() -> None:
    answers = Answers(random.Random(1))
    for number in range(MOST_ANSWERS + 50):
        answers.add((str(number), ""), "answer")
    assert sum((str(number), "") in answers for number in range(MOST_ANSWERS + 50)) == MOST_ANSWERS


@pytest.mark.parametrize(
    ("content", "shown"),
    [("name\n", True), ("\n\n", False), ("", False), ("(a)", False), ("lue_2 = 2", False)],
)
def test_what_repeats_the_document_is_not_shown(content: str, shown: bool) -> None:
    text = Text.of("va(a)\n\nvalue_2 = 2\n" if content != "name\n" else "va(a)\n\nother\n")
    assert rendered(text, 2, content)[1] is shown


def test_a_ring_is_full_of_windows_of_the_other_files() -> None:
    chunks = chunks_of([("a.py", TEXT.content), ("b.py", "x = 1\n")], random.Random(1))
    assert len(chunks) == N_CHUNKS
    assert {chunk["filename"] for chunk in chunks} == {"a.py", "b.py"}
    assert all(chunk["text"].count("\n") <= 33 for chunk in chunks)


class Line:
    """In place of llama.vim's connection: keeps what was asked until the test answers."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[tuple[dict[str, Any], asyncio.Future[str]]] = asyncio.Queue()

    async def post(self, path: str, json: dict[str, Any]) -> Line:
        assert path == "/infill"
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.asked.put_nowait((json, answer))
        self._content = await answer
        return self

    def raise_for_status(self) -> None:
        pass

    def json(self) -> dict[str, str]:
        return {"content": self._content}

    async def aclose(self) -> None:
        pass


async def test_llama_vim_asks_one_thing_at_a_time_and_again_when_it_is_free() -> None:
    vim = LlamaVim("http://127.0.0.1:1", Text.of("x = \n"), 4, [], seed=1, slower=0.01)
    await vim._client.aclose()
    vim._client = line = Line()  # type: ignore[assignment]
    vim.press(typed(4, "c"))
    first, answer = await line.asked.get()
    vim.press(typed(5, "a"))
    assert line.asked.empty()
    answer.set_result("all()")
    # What was suggested for the first key goes on behind the second, so it is shown at once.
    following, answer = await line.asked.get()
    assert (first["prompt"], following["prompt"]) == ("x = c", "x = call()")
    answer.set_result("")
    again, _ = await line.asked.get()
    assert again["prompt"] == "x = ca"
    assert len(vim.screen.shown_ms) == 1
    await vim.close()


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    for folder in ("one", "two", "three"):
        (tmp_path / folder).mkdir()
        for name in "abcde":
            (tmp_path / folder / f"{name}.py").write_text(TEXT.content)
    (tmp_path / "one" / "tests").mkdir()
    for name in "abcde":
        (tmp_path / "one" / "tests" / f"{name}.py").write_text(TEXT.content)
    return tmp_path


def test_each_developer_has_a_repository_of_their_own(packages: Path) -> None:
    people = team(repositories(packages), 3, 30, seed=1)
    assert {developer.root.name for developer in people} == {"one", "two", "three"}
    assert all(len(developer.strokes) == 30 for developer in people)
    assert people == team(repositories(packages), 3, 30, seed=1)
    assert people != team(repositories(packages), 3, 30, seed=2)


def test_more_developers_than_repositories_are_refused(packages: Path) -> None:
    with pytest.raises(ValueError, match="only 3 folders"):
        team(repositories(packages), 4, 30, seed=1)


def test_who_types_for_a_quarter_of_the_time_rests_behind_lines(packages: Path) -> None:
    folders = repositories(packages)
    (always,), (seldom,) = team(folders, 1, 400, 1), team(folders, 1, 400, 1, share=0.25)
    assert [stroke.text for stroke in seldom.strokes] == [stroke.text for stroke in always.strokes]
    whole_s, typed_s = (sum(s.pause_s for s in d.strokes) for d in (seldom, always))
    assert 3 < whole_s / typed_s < 5
    longer = [b.text for a, b in zip(always.strokes, seldom.strokes, strict=True) if a != b]
    assert longer
    assert all(text.startswith("\n") for text in longer)
    assert seldom.cycle_s > 3 * always.cycle_s


def test_what_is_over_counts_for_the_kind_of_key(packages: Path) -> None:
    costs = Costs(Counter(jump=2))
    costs.add("jump", 100, 3)
    costs += Costs(Counter(typed=2), Counter(typed=1), Counter(typed=20), Counter(typed=5))
    rows = [[cell.strip() for cell in row.split("|")] for row in cost_table(costs)[2:]]
    assert rows == [
        ["", "jump", "2", "1", "100", "25.0", "3", ""],
        ["", "typed", "2", "1", "20", "5.0", "5", ""],
    ]


@pytest.fixture
def server() -> Iterator[FakeLlamaServer]:
    server = FakeLlamaServer(pieces=[("radius", 100), ("\n", 101)])
    server.start()
    yield server
    server.stop()


async def test_ours_asks_the_server_through_the_whole_pipeline(
    packages: Path, server: FakeLlamaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever else the machine does.
    monkeypatch.setattr(connecting, "CONNECT_S", 60.0)
    monkeypatch.setattr(connecting, "ANSWER_S", 60.0)
    monkeypatch.setattr(transport, "ANSWER_S", 60.0)
    monkeypatch.setattr(pulse, "QUIET_S", 60.0)
    (developer,) = team(repositories(packages), 1, 5, seed=1)
    ours = Ours(server.url, developer, slower=0.01)
    await ours.open()
    n_asked = len(server.completions())
    assert n_asked > 0
    ours.press(typed(developer.cursor, "("))
    assert ours._task is not None
    await ours._task
    assert len(server.completions()) > n_asked
    assert ours.screen.n_keys == 1
    assert sum(ours.ends.values()) == 1
    await ours.close()
    assert (ours.costs.n_keys, ours.costs.n_asked["typed"]) == (Counter(typed=1), 1)


async def test_it_begins_though_the_background_does_not_end(
    packages: Path, server: FakeLlamaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (developer,) = team(repositories(packages), 1, 5, seed=1)
    ours = Ours(server.url, developer, slower=0.01)
    monkeypatch.setattr(CompletionService, "is_preparing", True)
    await asyncio.wait_for(ours.open(), 30.0)
    await ours.close()


def test_tokens_are_those_that_the_server_counted() -> None:
    page = "# HELP llamacpp:prompt_tokens_total x\nllamacpp:prompt_tokens_total 1.5e+03\n"
    assert counted(page + "llamacpp:tokens_predicted_total 42\n") == (1500, 42)


def test_the_table_divides_by_keys_and_seconds() -> None:
    ours = Sample(OURS, 10.0, 100, [20.0, 40.0], n_evaluated=300, server_cpu_s=4.0)
    peer = Sample(PEER, 10.0, 100, [], n_evaluated=5000, server_cpu_s=40.0)
    rows = [[cell.strip() for cell in row.split("|")] for row in table([ours, peer])[2:4]]
    assert rows[0][1:10] == ["sc2-lsp", "100", "10", "2", "0.20", "2%", "20", "40", "3.0"]
    assert rows[1][9:13] == ["50.0", "0.0", "400.0", "0.0"]


def test_the_bars_are_held_against_both() -> None:
    ours = Sample(OURS, 10.0, 100, [20.0] * 12, n_evaluated=300)
    peer = Sample(PEER, 10.0, 50, [20.0] * 4, n_evaluated=3000)
    said = compared({OURS: ours, PEER: peer})[0]
    assert "20.0 times fewer" in said
    assert "3.0 times as many" in said
    assert compared({OURS: ours}) == []
    assert "all as many" in compared({OURS: ours, PEER: replace(peer, shown_ms=[])})[0]


def test_figures_are_put_between_the_marks() -> None:
    content = f"a\n{BEGIN}\nold\n{END}\nb\n"
    assert filled(content, ["new"]) == f"a\n{BEGIN}\nnew\n{END}\nb\n"
    with pytest.raises(ValueError, match="lacks"):
        filled("a\n", ["new"])


def test_the_results_have_marks() -> None:
    path = ROOT / "benchmarks" / "results" / "team.md"
    assert filled(path.read_text(encoding="utf-8"), ["new"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--server", "sh", "--write", "/none/team.md"], "is no file with the marks"),
        (["--server", "/none/llama-server"], "there is no program /none/llama-server"),
        (["--server", "sh", "--developers", "0"], "are at least 1"),
        (["--server", "sh", "--slower", "0"], "--slower is greater than 0"),
        (["--server", "sh", "--share", "2"], "--share is greater than 0 and at most 1"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    given: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["team", *given])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
