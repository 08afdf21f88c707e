from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.domain import GenerationRequest, Priority, StopRule
from sc2_lsp.engine import protocol
from sc2_lsp.engine.abort import AbortFlag
from sc2_lsp.engine.generation import Job
from sc2_lsp.engine.jobs import JobQueue, Ticket

FOREGROUND, BACKGROUND = Priority.FOREGROUND, Priority.BACKGROUND


class Editor:
    """Somebody who asks and is never answered."""

    def send(self, reply: protocol.Reply) -> None:
        raise AssertionError(f"the queue answers nobody, but sent {reply}")


ONE, OTHER = Editor(), Editor()


def ticket(asker: Editor, job_id: int = 1, priority: Priority = FOREGROUND) -> Ticket:
    request = GenerationRequest((1,), 1, 1.0, StopRule(1), priority=priority)
    return Ticket(asker, Job(job_id, request, 0.0))


@pytest.fixture
def abort() -> AbortFlag:
    return AbortFlag()


@pytest.fixture
def queue(abort: AbortFlag) -> JobQueue:
    return JobQueue(abort)


def taken(queue: JobQueue) -> Ticket:
    got = queue.take(0)
    assert got is not None
    return got


def all_taken(queue: JobQueue) -> list[Ticket]:
    order = []
    while (got := queue.take(0)) is not None:
        queue.done()
        order.append(got)
    return order


def test_the_foreground_goes_before_the_background(queue: JobQueue) -> None:
    later, sooner = ticket(ONE, 1, BACKGROUND), ticket(ONE, 2)
    queue.put(later)
    queue.put(sooner)
    assert all_taken(queue) == [sooner, later]


def test_the_editor_that_asked_last_goes_first(queue: JobQueue) -> None:
    first, second, third = ticket(ONE, 1), ticket(OTHER, 1), ticket(OTHER, 2)
    for each in (first, second, third):
        queue.put(each)
    assert all_taken(queue) == [second, third, first]


def test_background_work_makes_no_editor_active(queue: JobQueue) -> None:
    active, idle = ticket(ONE, 1), ticket(OTHER, 1, BACKGROUND)
    own = ticket(ONE, 2, BACKGROUND)
    for each in (active, idle, own):
        queue.put(each)
    assert all_taken(queue) == [active, own, idle]


@given(
    st.lists(
        st.tuples(st.sampled_from([ONE, OTHER]), st.sampled_from([FOREGROUND, BACKGROUND])),
        max_size=12,
    )
)
def test_the_order_is_class_then_editor_then_age(asked: list[tuple[Editor, Priority]]) -> None:
    queue = JobQueue(AbortFlag())
    tickets = [ticket(asker, number, priority) for number, (asker, priority) in enumerate(asked)]
    for each in tickets:
        queue.put(each)
    active = next((a for a, priority in reversed(asked) if priority is FOREGROUND), None)
    classes: dict[tuple[bool, bool], list[Ticket]] = {}
    for each in tickets:
        is_background = each.job.request.priority is BACKGROUND
        classes.setdefault((is_background, each.asker is not active), []).append(each)
    assert all_taken(queue) == [each for key in sorted(classes) for each in classes[key]]


def test_the_foreground_stops_background_work_that_runs(queue: JobQueue, abort: AbortFlag) -> None:
    running = ticket(ONE, 1, BACKGROUND)
    queue.put(running)
    abort.begin(taken(queue).job)
    queue.put(ticket(OTHER, 1, BACKGROUND))
    assert not abort.is_set()
    queue.put(ticket(OTHER, 2))
    assert abort.is_set()
    assert running.job.preempted
    assert not running.job.cancelled


def test_the_foreground_never_stops_the_foreground(queue: JobQueue, abort: AbortFlag) -> None:
    running = ticket(ONE)
    queue.put(running)
    abort.begin(taken(queue).job)
    queue.put(ticket(OTHER))
    assert not abort.is_set()
    assert not running.job.preempted


def test_a_job_that_has_ended_is_stopped_no_more(queue: JobQueue, abort: AbortFlag) -> None:
    ended = ticket(ONE, 1, BACKGROUND)
    queue.put(ended)
    abort.begin(taken(queue).job)
    queue.done()
    queue.put(ticket(ONE, 2))
    assert queue.cancel(ONE, 1) == []
    assert not abort.is_set()


def test_a_cancelled_job_that_waits_is_given_back_once(queue: JobQueue) -> None:
    waiting = ticket(ONE, 7)
    queue.put(waiting)
    queue.put(ticket(OTHER, 7))
    assert queue.cancel(ONE, 7) == [waiting]
    assert queue.cancel(ONE, 7) == []
    assert [each.asker for each in all_taken(queue)] == [OTHER]


def test_a_cancelled_job_that_runs_is_stopped(queue: JobQueue, abort: AbortFlag) -> None:
    running = ticket(ONE, 7)
    queue.put(running)
    abort.begin(taken(queue).job)
    assert queue.cancel(OTHER, 7) == []
    assert not abort.is_set()
    assert queue.cancel(ONE, 7) == []
    assert abort.is_set()
    assert running.job.cancelled


def test_who_leaves_takes_all_jobs_along(queue: JobQueue, abort: AbortFlag) -> None:
    running = ticket(ONE, 1)
    queue.put(running)
    abort.begin(taken(queue).job)
    stays = ticket(OTHER, 1)
    for each in (ticket(ONE, 2), stays, ticket(ONE, 3, BACKGROUND)):
        queue.put(each)
    queue.drop(ONE)
    assert abort.is_set()
    assert running.job.cancelled
    queue.done()
    assert all_taken(queue) == [stays]


def test_taking_waits_for_a_job(queue: JobQueue) -> None:
    got: list[Ticket | None] = []
    thread = threading.Thread(target=lambda: got.append(queue.take(None)))
    thread.start()
    wanted = ticket(ONE)
    queue.put(wanted)
    thread.join(10)
    assert got == [wanted]


def test_closing_ends_the_wait_and_stops_what_runs(queue: JobQueue, abort: AbortFlag) -> None:
    running = ticket(ONE)
    queue.put(running)
    queue.put(ticket(OTHER))
    abort.begin(taken(queue).job)
    queue.close()
    assert abort.is_set()
    assert queue.is_closed
    assert queue.take(None) is None
