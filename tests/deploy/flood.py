"""A user who asks the gateway for far more than their share, in every way that the table allows.

Never waits as it is told to: at a refusal it asks again. It is a process of its own, and one that
runs only where nobody else wants the processor, since in earnest it is another machine's.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import random
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.deploy.gateway import KEYS, Gateway


def beginning_with(text: str) -> str:
    """The grammar of what begins with a text, as the language server writes it."""
    literal = "".join(f"\\U{ord(char):08X}" for char in text)
    return rf'root ::= "{literal}" [\U00000000-\U0010FFFF]*'


ENDLESS = {"grammar": beginning_with("\u07ff" * 256)}
"""What makes a text as long as may be asked for: 256 chars, each of two tokens."""

MARK = 777
"""The first token of every prompt of a flood."""

N_PROMPT = 4000
N_WRITTEN = 512
_LONGEST_TEXT = 60_000
_LEAST_PAUSE_S = 0.05
_SLOW_PAUSE_S = 0.5

Counts = Counter[str]
"""How often each kind of request got each status, as 'KIND STATUS'."""


class Flooder:
    """Owns one user's connections to the gateway at `port`, whose certificate is in a file."""

    def __init__(self, port: int, certificate: Path, key: str, n_prompt: int) -> None:
        self._port, self._key, self._n_prompt = port, key, n_prompt
        self._tls = ssl.create_default_context(cafile=str(certificate))
        self._random = random.Random(5)
        self.counts: Counts = Counter()
        self.is_over = threading.Event()

    def read(self) -> int:
        """A long prompt that nobody has asked before, and all that is written to it."""
        return self._completion(lambda response: response.read())

    def read_slowly(self) -> int:
        def read(response: http.client.HTTPResponse) -> None:
            while not self.is_over.wait(_SLOW_PAUSE_S) and response.read(64):
                pass

        return self._completion(read)

    def close_early(self) -> int:
        return self._completion(lambda response: response.readline())

    def break_rules(self) -> int:
        return self._ask("/completion", {"prompt": self._prompt(), "n_discard": -1})

    def count_tokens(self) -> int:
        text = "".join(self._random.choices("abc (),\n", k=_LONGEST_TEXT))
        return self._ask("/tokenize", {"content": text})

    def repeat(self, kind: str) -> None:
        """Ask in one way till the end, twenty times a second at most."""
        ask: Callable[[], int] = getattr(self, kind)
        while not self.is_over.is_set():
            status = 0
            with suppress(OSError, http.client.HTTPException):
                status = ask()
            self.counts[f"{kind} {status}"] += 1
            self.is_over.wait(_LEAST_PAUSE_S)

    def _prompt(self) -> list[int]:
        return [MARK, *(self._random.randrange(300, 8000) for _ in range(self._n_prompt - 1))]

    def _completion(self, use: Callable[[http.client.HTTPResponse], object]) -> int:
        n_written = min(N_WRITTEN, self._n_prompt)
        endless = {"n_predict": n_written, "t_max_predict_ms": 60_000, **ENDLESS}
        return self._ask("/completion", {"prompt": self._prompt(), "stream": True, **endless}, use)

    def _ask(
        self,
        path: str,
        body: object,
        use: Callable[[http.client.HTTPResponse], object] = http.client.HTTPResponse.read,
    ) -> int:
        """One request on a connection of its own."""
        connection = http.client.HTTPSConnection(
            "localhost", self._port, timeout=60, context=self._tls
        )
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            connection.request("POST", path, json.dumps(body), headers)
            response = connection.getresponse()
            use(response)
            return response.status
        finally:
            connection.close()


KINDS = ("read", "read_slowly", "close_early", "break_rules", "count_tokens")
_AT_ONCE = 2


def _flood(pipe: Connection, port: int, certificate: Path, key: str, n_prompt: int) -> None:
    with suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    flooder = Flooder(port, certificate, key, n_prompt)
    threads = [threading.Thread(target=flooder.repeat, args=(kind,)) for kind in KINDS * _AT_ONCE]
    for thread in threads:
        thread.start()
    pipe.send(None)
    pipe.recv()
    flooder.is_over.set()
    for thread in threads:
        thread.join()
    pipe.send((dict(flooder.counts), time.process_time()))


class Running:
    """What a flood has done, known when it is over; `cpu_s` is its own processor time."""

    def __init__(self) -> None:
        self.counts: Counts = Counter()
        self.cpu_s = 0.0

    def statuses(self) -> dict[int, int]:
        """How often each status was answered."""
        found: Counter[int] = Counter()
        for name, n in self.counts.items():
            found[int(name.split()[1])] += n
        return dict(found)


def is_locked_out(gateway: Gateway, user: str) -> bool:
    """Whether all that a user asks is refused, and nothing of it is under way any more."""
    answers = [line["status"] for line in gateway.log() if line["user"] == user]
    running = measured(gateway, "llamacpp:requests_processing")
    return answers[-20:] == [429] * 20 and not running


def measured(gateway: Gateway, name: str) -> float:
    """One of the engine's own metrics."""
    text = gateway.engine("/metrics").body.decode()
    return float(next(line for line in text.splitlines() if line.startswith(f"{name} ")).split()[1])


def stream(gateway: Gateway, n_predict: int) -> Any:
    """A connection whose answer, of as many tokens, has begun, and the answer."""
    connection = gateway.connect()
    endless = {"t_max_predict_ms": 60_000, **ENDLESS}
    asked = {"prompt": [600, 601], "n_predict": n_predict, "stream": True, **endless}
    headers = {"Authorization": f"Bearer {KEYS['alice']}", "Content-Type": "application/json"}
    connection.request("POST", "/completion", json.dumps(asked), headers)
    response = connection.getresponse()
    assert response.status == 200
    assert response.readline().startswith(b"data: ")
    return connection, response


@contextmanager
def flooding(port: int, certificate: Path, key: str, n_prompt: int = N_PROMPT) -> Iterator[Running]:
    """A flood that has begun when this is entered and is over when it is left.

    Its prompts have `n_prompt` tokens, and no more than that are written to them.
    """
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_flood, args=(theirs, port, certificate, key, n_prompt)
    )
    process.start()
    theirs.close()
    running = Running()
    try:
        ours.recv()
        yield running
        ours.send(None)
        counts, running.cpu_s = ours.recv()
        running.counts.update(counts)
    finally:
        ours.close()
        process.join(70)
        if process.is_alive():
            process.kill()
