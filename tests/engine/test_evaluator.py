"""The engine without its process: what is answered when, and when it rests."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

import pytest

from sc2_lsp.domain import GenerationRequest, Priority, StopReason
from sc2_lsp.engine import protocol
from sc2_lsp.engine.evaluator import Evaluator
from sc2_lsp.engine.llama import LlamaModel
from tests.support.engine_user import SPEC, long_prompt, request

TIMEOUT_S = 30.0
R = TypeVar("R", bound=protocol.Reply)


class Editor:
    """Keeps the replies in their order, and what it hears of a load beside them."""

    def __init__(self) -> None:
        self._replies: queue.SimpleQueue[protocol.Reply] = queue.SimpleQueue()
        self.shares: list[float] = []

    def send(self, reply: protocol.Reply) -> None:
        if isinstance(reply, protocol.Loading):
            self.shares.append(reply.share)
        else:
            self._replies.put(reply)

    def reply(self, kind: type[R]) -> R:
        got = self._replies.get(timeout=TIMEOUT_S)
        assert isinstance(got, kind), got
        return got

    @property
    def has_heard_all(self) -> bool:
        return self._replies.empty()


class Rig:
    """An evaluator in a thread of its own."""

    def __init__(self) -> None:
        self.rests: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.evaluator = Evaluator(time.monotonic, self._rest)
        self.thread = threading.Thread(target=self.evaluator.run)
        self.thread.start()

    def load(self, editor: Editor, spec: object = SPEC) -> None:
        self.evaluator.accept(editor, protocol.Load(0, spec))  # type: ignore[arg-type]

    def generate(self, editor: Editor, job_id: int, wanted: GenerationRequest) -> None:
        self.evaluator.accept(editor, protocol.Generate(job_id, wanted))

    def stop(self) -> None:
        self.evaluator.stop()
        self.thread.join(TIMEOUT_S)
        assert not self.thread.is_alive()

    def _rest(self, model: LlamaModel) -> None:
        self.rests.put(threading.get_ident())


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.stop()


@pytest.fixture
def editor(rig: Rig) -> Editor:
    editor = Editor()
    rig.load(editor)
    editor.reply(protocol.Loaded)
    return editor


def test_a_load_that_is_done_answers_at_once(rig: Rig, editor: Editor) -> None:
    rig.load(another := Editor())
    assert not another.has_heard_all
    assert another.reply(protocol.Loaded).info.n_ctx == 4096


def test_who_waits_for_the_weights_hears_how_much_is_there() -> None:
    rig, editor = Rig(), Editor()
    try:
        rig.load(editor)
        editor.reply(protocol.Loaded)
    finally:
        rig.stop()
    assert editor.shares == sorted(set(editor.shares))
    assert editor.shares[-1] == 1.0
    assert 10 < len(editor.shares) <= 101, "each percent is worth a message, and no more"


def test_an_engine_holds_one_model(rig: Rig, editor: Editor) -> None:
    rig.load(another := Editor(), replace(SPEC, n_ctx=1024))
    assert another.reply(protocol.Failed).kind == "request"


def test_without_a_model_nothing_but_a_load_is_done(rig: Rig) -> None:
    editor = Editor()
    rig.generate(editor, 1, request((50, 51)))
    rig.evaluator.accept(editor, protocol.Tokenize(2, [b"x"]))
    assert [editor.reply(protocol.Failed).id for _ in range(2)] == [1, 2]


def test_a_failed_load_answers_everybody_and_is_the_end(rig: Rig) -> None:
    editors = [Editor() for _ in range(3)]
    for each in editors:
        rig.load(each, replace(SPEC, model_path="/nowhere.gguf"))
    assert [each.reply(protocol.Failed).kind for each in editors] == ["model"] * 3
    rig.thread.join(TIMEOUT_S)
    assert not rig.thread.is_alive()


def test_a_cancelled_request_is_answered_once_whether_it_runs_or_waits(
    rig: Rig, editor: Editor
) -> None:
    for job_id in (1, 2):
        rig.generate(editor, job_id, request(long_prompt(100 * job_id)))
    for job_id in (2, 1, 1, 2):
        rig.evaluator.accept(editor, protocol.Cancel(job_id))
    assert {editor.reply(protocol.Failed).id for _ in range(2)} == {1, 2}
    rig.generate(editor, 3, request((50, 51)))
    assert editor.reply(protocol.Generated).id == 3
    assert editor.has_heard_all


def test_background_work_is_answered_when_somebody_comes_to_wait(rig: Rig, editor: Editor) -> None:
    another = Editor()
    rig.generate(editor, 1, request(long_prompt(), priority=Priority.BACKGROUND))
    # Nothing tells that it has begun; if it had not, it would only wait.
    time.sleep(0.2)
    rig.generate(another, 1, request((50, 51)))
    assert editor.reply(protocol.Generated).generation.stop_reason is StopReason.PREEMPTED
    assert another.reply(protocol.Generated).generation.stop_reason is not StopReason.PREEMPTED


def test_who_has_left_is_not_worked_for(rig: Rig, editor: Editor) -> None:
    another = Editor()
    rig.generate(another, 1, request(long_prompt(100)))
    rig.generate(another, 2, request(long_prompt(200)))
    rig.evaluator.leave(another)
    rig.generate(editor, 1, request((50, 51)))
    assert editor.reply(protocol.Generated).generation.queue_s < 0.3


def test_a_prompt_too_long_is_no_obstacle_where_a_shorter_one_will_do(
    rig: Rig, editor: Editor
) -> None:
    too_long = long_prompt(n_tokens=5000)
    rig.generate(editor, 1, request(too_long, cheaper=((50, 51),)))
    assert editor.reply(protocol.Generated).generation.choice == 1
    for job_id, cheaper in ((2, ()), (3, (too_long, ())), (4, ((50, 10**6),))):
        rig.generate(editor, job_id, request(too_long, cheaper=cheaper))
        assert editor.reply(protocol.Failed).kind == "request"


def test_it_rests_once_after_work_in_the_thread_that_evaluates(rig: Rig, editor: Editor) -> None:
    rig.generate(editor, 1, request((50, 51)))
    editor.reply(protocol.Generated)
    assert rig.rests.get(timeout=TIMEOUT_S) == rig.thread.ident
    rig.stop()
    assert rig.rests.empty(), "there was nothing new to rest from"


def test_it_rests_before_the_end(rig: Rig, editor: Editor) -> None:
    rig.generate(editor, 1, request((50, 51)))
    editor.reply(protocol.Generated)
    rig.stop()
    assert rig.rests.get(timeout=1) == rig.thread.ident
    assert rig.evaluator.may_end.is_set()


def test_an_end_in_the_midst_of_work_comes_soon(rig: Rig, editor: Editor) -> None:
    rig.generate(editor, 1, request(long_prompt()))
    started_s = time.monotonic()
    rig.stop()
    assert time.monotonic() - started_s < 0.5
