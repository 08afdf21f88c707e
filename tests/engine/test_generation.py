"""One generation on the real llama.cpp with the bundled model."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from sc2_lsp.domain import StopReason, Tokens
from sc2_lsp.engine.generation import Cancelled, generate
from sc2_lsp.stopping import whole_lines

Load = Callable[..., Any]


@pytest.fixture(scope="module")
def loaded(load: Load) -> Any:
    return load()


def infill(loaded: Any, before: str, after: str = "\n") -> Tokens:
    """A prompt in the layout that the bundled model wants."""
    return (6, 1, 3, *loaded.tokens(after), 2, *loaded.tokens(before))


def long_prompt(first: int, n_tokens: int = 1000) -> Tokens:
    return tuple(first + index % 700 for index in range(n_tokens))


def test_asking_again_evaluates_nothing_at_all(loaded: Any) -> None:
    prompt = infill(loaded, "import os\n\n\ndef read(path):\n    with open(")
    first = loaded.generate(prompt)
    assert first.n_evaluated == len(prompt)
    assert first.n_steps == first.n_generated - 1
    again = loaded.generate(prompt)
    assert (again.n_evaluated, again.n_steps, again.text) == (0, 0, first.text)


def test_typing_what_was_written_evaluates_nothing(loaded: Any) -> None:
    prompt = infill(loaded, "class Reader:\n    def __init__(self, path):\n        self.")
    first = loaded.generate(prompt)
    typed = loaded.tokens(first.text)
    taken = typed[:2]
    rest = loaded.generate((*prompt, *taken), max_tokens=4)
    assert rest.n_evaluated == 0
    assert rest.n_steps == 0
    assert first.text.startswith(b"".join(map(loaded.model.shown, taken)).decode() + rest.text)


def test_going_further_evaluates_only_what_is_new(loaded: Any) -> None:
    prompt = infill(loaded, "def mean(values):\n    return ")
    short = loaded.generate(prompt, max_tokens=4)
    longer = loaded.generate(prompt, max_tokens=8)
    assert longer.text.startswith(short.text)
    assert longer.n_steps == longer.n_generated - short.n_generated


def test_the_word_at_the_cursor_is_written_anew_and_left_out(loaded: Any) -> None:
    before = "import os\n\n\ndef read(path):\n    with"
    whole = loaded.generate(infill(loaded, before))
    assert whole.text.startswith(" open(")
    healed = loaded.generate(infill(loaded, before), required=b" op")
    assert " op" + healed.text[:4] == whole.text[: 4 + len(" op")]


def test_one_more_typed_byte_that_was_foreseen_costs_nothing(loaded: Any) -> None:
    prompt = infill(loaded, "import os\n\n\ndef write(path):\n    with")
    first = loaded.generate(prompt, required=b" o")
    more = loaded.generate(prompt, required=b" op")
    assert first.text[0] == "p"
    assert (more.n_evaluated, more.text[:6]) == (0, first.text[1:7])
    assert more.n_steps <= 1


@pytest.mark.parametrize("word", ["zqxjk", "é", "名前", "😀 x", "\r\n\t", "<file_sep>", "a" * 40])
def test_any_bytes_can_be_required(loaded: Any, word: str) -> None:
    prompt = infill(loaded, "x = 1\ny = ")
    got = loaded.generate(prompt, required=word.encode(), max_tokens=3)
    written = loaded.model.cache.sequences.held
    tokens = max(written, key=lambda held: held.last_used).tokens[len(prompt) :]
    text = b"".join(loaded.model.pieces[token] for token in tokens).decode("utf-8", "replace")
    assert text.startswith(word)
    assert "\ufffd" not in got.text


def test_required_bytes_do_not_count_as_tokens_of_the_answer(loaded: Any) -> None:
    prompt = infill(loaded, "def add(left, right):\n    return ")
    got = loaded.generate(prompt, required=b"left_hand_side_of_it", max_tokens=1)
    assert got.stop_reason is StopReason.MAX_TOKENS
    assert got.text
    assert got.n_generated > 3


def test_no_tokens_wanted_means_the_prompt_alone(loaded: Any) -> None:
    prompt = long_prompt(900, 300)
    got = loaded.generate(prompt, max_tokens=0)
    assert (got.n_evaluated, got.n_generated, got.text, got.prompt_done) == (300, 0, "", True)
    assert loaded.generate(prompt, max_tokens=1).n_evaluated == 0


def test_a_cheaper_prompt_is_taken_when_the_wanted_one_takes_too_long(loaded: Any) -> None:
    wanted, middle, cheap = long_prompt(100), long_prompt(200, 500), long_prompt(300, 100)
    budget_s = 300 / loaded.model.speed.tokens_per_s
    cheaper = (middle, cheap)
    got = loaded.generate(wanted, cheaper=cheaper, prompt_budget_s=budget_s, max_tokens=1)
    assert (got.choice, got.n_prompt, got.n_evaluated) == (2, 100, 100)
    loaded.generate(wanted, max_tokens=0)
    got = loaded.generate(wanted, cheaper=cheaper, prompt_budget_s=budget_s, max_tokens=1)
    assert (got.choice, got.n_evaluated) == (0, 0)


def test_a_cheaper_prompt_that_does_not_fit_is_never_taken(loaded: Any) -> None:
    got = loaded.generate(
        long_prompt(400, 50), cheaper=((), long_prompt(1, 5000)), prompt_budget_s=0.0
    )
    assert got.choice == 0


def test_evaluating_a_prompt_teaches_the_speed(load: Load) -> None:
    loaded = load()
    before = loaded.model.speed.tokens_per_s
    loaded.generate(long_prompt(100), max_tokens=0)
    assert loaded.model.speed.tokens_per_s != before


class HookedClock:
    """The time, and something that happens when it is asked for the `n`-th time."""

    def __init__(self, n: int, happens: Callable[[], None]) -> None:
        self._n = n
        self._happens = happens

    def __call__(self) -> float:
        self._n -= 1
        if not self._n:
            self._happens()
        return time.monotonic()


# A generation whose prompt is cached asks for the time when it begins and when it has the prompt.
PROMPT_END = 2


def test_a_job_preempted_in_its_prompt_keeps_what_was_evaluated(load: Load) -> None:
    loaded = load()
    job = loaded.job(long_prompt(100))
    got = generate(
        loaded.model, job, loaded.abort, HookedClock(8, lambda: setattr(job, "preempted", True))
    )
    assert (got.stop_reason, got.prompt_done) == (StopReason.PREEMPTED, False)
    assert 0 < got.n_evaluated < got.n_prompt
    rest = loaded.generate(job.request.tokens, max_tokens=0)
    assert rest.n_evaluated == got.n_prompt - got.n_evaluated


def test_a_job_preempted_while_it_writes_gives_what_there_is(loaded: Any) -> None:
    prompt = infill(loaded, "def area(width, height):\n    ")
    known = loaded.generate(prompt, max_tokens=5)
    job = loaded.job(prompt, max_tokens=50)
    clock = HookedClock(PROMPT_END, lambda: setattr(job, "preempted", True))
    got = generate(loaded.model, job, loaded.abort, clock)
    assert (got.stop_reason, got.text) == (StopReason.PREEMPTED, known.text)


def test_a_job_cancelled_meanwhile_raises(loaded: Any) -> None:
    job = loaded.job(long_prompt(150))
    job.cancelled = True
    with pytest.raises(Cancelled):
        loaded.run(job)


def test_a_deadline_leaves_whole_lines(loaded: Any) -> None:
    prompt = infill(loaded, "class Point:\n    def __init__(self, x, y):\n        ")
    known = loaded.generate(prompt, max_tokens=12)
    assert "\n" in known.text.strip(), "the test needs a whole line"
    job = loaded.job(prompt, max_tokens=50)
    clock = HookedClock(PROMPT_END, lambda: loaded.abort.stop(job))
    got = generate(loaded.model, job, loaded.abort, clock)
    assert got.stop_reason is StopReason.DEADLINE
    assert got.text == known.text[: known.text.rindex("\n")]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\nb\nc", "a\nb"),
        ("a\r\nb\r\nc", "a\r\nb"),
        ("a\rb", "a"),
        ("a\r", "a"),
        ("a\n", "a"),
        ("abc", "abc"),
        ("\n    abc", "\n    abc"),
        ("", ""),
    ],
)
def test_an_unfinished_line_is_left_out_where_a_whole_one_stands(text: str, kept: str) -> None:
    assert whole_lines(text) == kept


def test_alternatives_begin_differently_and_leave_the_first_answer_alone(loaded: Any) -> None:
    prompt = infill(loaded, "import os\n\n\ndef read(path):\n    with ")
    alone = loaded.generate(prompt)
    got = loaded.generate(prompt, n_alternatives=3)
    assert got.text == alone.text
    assert len(got.alternatives) == 2
    assert len({got.text.strip(), *(text.strip() for text in got.alternatives)}) == 3
    again = loaded.generate(prompt)
    assert (again.n_evaluated, again.n_steps) == (0, 0)


def test_alternatives_too_continue_the_word_at_the_cursor(loaded: Any) -> None:
    prompt = infill(loaded, "import os\n\n\ndef read(path):\n    ")
    got = loaded.generate(prompt, required=b"re", n_alternatives=3, max_tokens=3)
    assert len(got.alternatives) == 2
    assert loaded.generate(prompt, max_tokens=3).n_steps <= 2


def test_an_alternative_that_a_deadline_cuts_short_is_left_out(loaded: Any) -> None:
    prompt = infill(loaded, "import os\n\n\ndef read(path):\n    with ")
    alone = loaded.generate(prompt)
    job = loaded.job(prompt, n_alternatives=3)
    clock = HookedClock(PROMPT_END, lambda: loaded.abort.stop(job))
    got = generate(loaded.model, job, loaded.abort, clock)
    assert (got.text, got.stop_reason, got.alternatives) == (alone.text, alone.stop_reason, ())
