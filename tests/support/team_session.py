"""Somebody types in an editor while the team's server fails: what it took, and what was shown.

The language server is the real one, over pipes, with the bundled model to fall back on.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.lsp_client import Client, Message, at

COMMAND = (sys.executable, "-m", "sc2_lsp", "serve", "--set", "engine_idle_s=0")
FILE = "file:///r/page.py"
CODE = """class Page:
    def __init__(self, lines):
        self.lines = lines
        self.planted_code_8831 = "planted where only the model should see it"
        self.n_lines = len(self.planted_code_8831)


def width_{number}(page):
    return """
LAST_LINE = CODE.count("\n")
COLUMN = len(CODE.rpartition("\n")[2])
PAUSE_S = 0.15
N_USUAL = 4
"""So many keys the server answers first, which shows how long that usually takes."""

DEADLINE_S = 5.0
FALLBACK_S = 1.0
FALLBACK_STARTS = 2.0
"""Or so many times what a session takes that has no server, on a machine where that is longer."""
RECOVERY_S = 5.0
PATIENCE_S = 20.0
SETTINGS = {
    "idle_work": "never",
    "token_healing": False,
    "multiline": "never",
    "max_tokens": 16,
    "shared_engine": False,
    "warm_start_mb": 0,
    "deadline_ms": int(1000 * DEADLINE_S),
}
SHOWN = "window/showMessage"
PRESSURE = Path("/proc/pressure/cpu")


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` is empty where there is no suggestion, for this `reason`.

    `is_theirs`: the server's own, and right.
    """

    took_s: float
    text: str
    is_theirs: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong from `begin` on until `end` mends it."""

    name: str
    begin: Callable[[], object]
    end: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Figures:
    """What one fault took, in seconds.

    `local_s` is from the fault to the first suggestion of this machine's model, `slowest_s` the
    longest that a key waited for its answer, `back_s` from the mending to the server's next
    suggestion. Of `n_keys` during the fault some had no suggestion, for the reasons in `empty`;
    `messages` were shown.
    `stalled_s` are the parts of the three in which something on this machine had to wait for a
    processor, so that nobody can say what they would have been.
    """

    fault: str
    slowest_s: float
    local_s: float
    back_s: float
    n_keys: int
    empty: tuple[str, ...]
    messages: tuple[str, ...]
    stalled_s: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Moment:
    """A time, and for how long processors were waited for until then."""

    at_s: float
    stalled_s: float

    @classmethod
    def now(cls) -> Moment:
        return cls(time.monotonic(), _stalled_s())


IsTheirs = Callable[[Client, str, int], bool]
"""Whether a suggestion is the server's, and the right one for the number that was typed."""


def model_is(name: str) -> IsTheirs:
    """For a real server, which has a model of this name: what it suggests is right by itself."""
    return lambda client, text, _: bool(text) and client.stats()["model"] == name


class Session:
    """Owns the text that is typed, and the client."""

    def __init__(self, client: Client, is_theirs: IsTheirs | None = None) -> None:
        self.client = client
        self._is_theirs = is_theirs or (lambda _, text, number: text == f"4711 + {number}")
        self._number = 0

    def begin(self, root_uri: str | None = None, **settings: Any) -> None:
        self.client.initialize({**SETTINGS, **settings}, rootUri=root_uri)
        self.client.open(FILE, CODE.format(number=0))

    def key(self) -> Answer:
        """Type something, ask as an editor does, and wait for the answer."""
        self._number += 1
        self.client.change(FILE, {"text": CODE.format(number=self._number)})
        started_s = time.monotonic()
        reply = self.client.ask("textDocument/inlineCompletion", _HERE)
        took_s = time.monotonic() - started_s
        assert "error" not in reply, reply
        items = (reply["result"] or {"items": []})["items"]
        text = str(items[0]["insertText"]) if items else ""
        reason = "" if text else str(self.client.stats()["last_empty"])
        return Answer(took_s, text, self._is_theirs(self.client, text, self._number), reason)

    def keys_until(self, wanted: Callable[[Answer], bool]) -> list[Answer]:
        """Type on until an answer is `wanted`, which is the last of them."""
        answers = []
        give_up_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up_s:
            answers.append(self.key())
            if wanted(answers[-1]):
                return answers
            _pause()
        raise TimeoutError(f"none is wanted of {answers[-10:]}")

    def shown(self) -> tuple[str, ...]:
        """The messages that popped up since the last call."""
        messages = self.client.inbox.messages
        found = [message for message in tuple(messages) if message.get("method") == SHOWN]
        for message in found:
            messages.remove(message)
        return tuple(str(message["params"]["message"]) for message in found)

    def suffer(self, fault: Fault, lasts_s: float = 0.0) -> Figures:
        """Type through a fault, which lasts until this machine answers, or longer."""
        for _ in range(N_USUAL):
            self.keys_until(lambda answer: answer.is_theirs)
            _pause()
        self.shown()
        began = Moment.now()
        fault.begin()
        return self._type_through(fault, began, lasts_s)

    def suffer_from_the_start(self, fault: Fault, lasts_s: float = 0.0, **settings: Any) -> Figures:
        """The same where the session begins with the fault; counted from the first key."""
        fault.begin()
        self.begin(**settings)
        return self._type_through(fault, Moment.now(), lasts_s)

    def _type_through(self, fault: Fault, began: Moment, lasts_s: float) -> Figures:
        try:
            during = self.keys_until(lambda answer: bool(answer.text) and not answer.is_theirs)
            local = Moment.now()
            while time.monotonic() < began.at_s + lasts_s:
                _pause()
                during.append(self.key())
        finally:
            fault.end()
        mended = Moment.now()
        after = self.keys_until(lambda answer: answer.is_theirs)
        back = Moment.now()
        return Figures(
            fault=fault.name,
            slowest_s=max(answer.took_s for answer in [*during, *after]),
            local_s=local.at_s - began.at_s,
            back_s=back.at_s - mended.at_s,
            n_keys=len(during),
            empty=tuple(answer.reason for answer in during if not answer.text),
            messages=self.shown(),
            stalled_s=(
                back.stalled_s - began.stalled_s,
                local.stalled_s - began.stalled_s,
                back.stalled_s - mended.stalled_s,
            ),
        )


def check(figures: Figures, fallback_s: float = FALLBACK_S) -> None:
    """The bars, with the time on top for which this machine was too busy to meet any."""
    slowest_s, local_s, back_s = figures.stalled_s
    assert figures.slowest_s <= DEADLINE_S + slowest_s, figures
    if figures.local_s > fallback_s + local_s:
        starts_s = FALLBACK_STARTS * start_without_server_s()
        assert figures.local_s <= starts_s + local_s, (figures, starts_s)
    assert figures.back_s <= RECOVERY_S + back_s, figures
    # One for whose answer there was no processor until its deadline is not the fault's.
    assert figures.empty == () or slowest_s > DEADLINE_S, figures
    assert len(figures.messages) <= 1, figures


def start_without_server_s() -> float:
    """How long the first key waits now where this machine's model alone has to be loaded."""
    with Client(COMMAND) as client:
        running = Session(client)
        running.begin()
        answer = running.key()
        assert answer.text, answer
        assert client.shut_down() == 0
    return answer.took_s


@contextmanager
def session(url: str, is_theirs: IsTheirs | None = None, **settings: Any) -> Iterator[Session]:
    """A session whose user's own settings name the server at `url`."""
    with Client(COMMAND) as client:
        running = Session(client, is_theirs)
        running.begin(endpoint=url, **settings)
        yield running
        assert client.shut_down() == 0


def _stalled_s() -> float:
    """For how long something has waited for a processor since the start; 0 where none tells."""
    try:
        told = PRESSURE.read_text()
    except OSError:
        return 0.0
    return int(told.split("total=")[1].split()[0]) / 1e6


def _pause() -> None:
    """As between two keys."""
    threading.Event().wait(PAUSE_S)


_HERE: Message = at(FILE, LAST_LINE, COLUMN)
