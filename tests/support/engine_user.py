"""A process that uses the shared engine: `python -m tests.support.engine_user IDLE_S`.

Every line on its input is a command, answered by a line of JSON: `pid` loads and says which engine
it has, `generate` evaluates a short prompt, `long` begins a prompt that takes a while.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from typing import Any

from sc2_lsp.domain import GenerationRequest, StopRule
from sc2_lsp.engine.client import EngineClient
from sc2_lsp.models import engine_spec
from sc2_lsp.settings import Settings
from tests.support.lsp_client import ROOT

SPEC = engine_spec(Settings())


def request(tokens: tuple[int, ...], **changes: Any) -> GenerationRequest:
    values = {"max_tokens": 8, "deadline_s": 60.0, "stop": StopRule(max_lines=100), **changes}
    return GenerationRequest(tokens, **values)


def long_prompt(first: int = 100, n_tokens: int = 4000) -> tuple[int, ...]:
    return tuple(first + index % 700 for index in range(n_tokens))


class EngineUser:
    """Owns such a process."""

    def __init__(self, idle_s: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.engine_user", str(idle_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )

    def start(self, command: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, "the user of the engine has died"
        return json.loads(line)

    def ask(self, command: str) -> Any:
        self.start(command)
        return self.answer()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


async def _main() -> None:
    idle_s = float(sys.argv[1])
    engine = EngineClient(SPEC, time.monotonic, lambda: idle_s)
    loop = asyncio.get_running_loop()
    running = []
    while command := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        if command == "pid":
            await engine.describe()
            _say(engine.pid)
        elif command == "generate":
            _say((await engine.generate(request((50, 51)))).n_prompt)
        elif command == "long":
            await engine.describe()
            running.append(asyncio.ensure_future(engine.generate(request(long_prompt(150)))))
            await asyncio.sleep(0)
            _say("asked")
    await engine.close()


def _say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_main())
