"""What prompts go on to show of other files, from one document and one moment to the next.

Tokens are characters. The repository is an index in memory, whose files come and go.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from sc2_lsp.completion.idle import Pauses
from sc2_lsp.completion.service import CompletionService
from sc2_lsp.domain import (
    Generation,
    GenerationRequest,
    OpenFile,
    Priority,
    Snapshot,
    StopReason,
    Trigger,
)
from sc2_lsp.settings import Settings
from tests.support.fake_engine import FakeEngine
from tests.support.memory_index import MemoryIndex
from tests.support.snapshots import open_file, snapshot
from tests.support.waiting import rested

CART = "def total_price(cart):\n    return sum(item.price for item in cart)\n\n\n"
OLD = "def zebra_function(alpha):\n    return alpha\n"
SETTINGS = Settings(ahead_tokens=0)


@dataclass
class Engine(FakeEngine):
    """Remembers the prompts that it was asked for, as text."""

    prompts: list[str] = field(default_factory=list)
    prepared: list[str] = field(default_factory=list)

    async def generate(self, request: GenerationRequest) -> Generation:
        is_asked = request.priority is Priority.FOREGROUND
        (self.prompts if is_asked else self.prepared).append("".join(map(chr, request.tokens)))
        return Generation("1", StopReason.BLOCK_END, 9, 7, 3, 0.0, 0.1, 0.2)


class Session:
    """A service over files that can be changed between its requests."""

    def __init__(self, **files: str) -> None:
        self.engine = Engine()
        self.files = {f"{name}.py": content for name, content in files.items()}
        pauses = Pauses(ahead=0, anchor=0, context=0, retry=0)
        self.service = CompletionService(
            self.engine, time.monotonic, lambda: False, pauses, lambda _: MemoryIndex(self.files)
        )

    async def ask(self, path: str, marked: str, *others: OpenFile) -> str:
        """The prompt of a request at the cursor of the file at `path`, which is open."""
        at = document(path, marked, *others)
        self.files[path] = at.text.content
        await self.service.complete(at, Trigger.INVOKED, SETTINGS)
        return self.engine.prompts[-1]

    async def rest(self) -> None:
        await rested(self.service)


def document(path: str, marked: str, *others: OpenFile) -> Snapshot:
    return snapshot(
        marked,
        path=path,
        uri=f"file:///r/{path}",
        root="/r",
        file=f"/r/{path}",
        repository="r",
        open_files=others,
    )


def opened(path: str, content: str) -> OpenFile:
    return open_file(path, content, file=f"/r/{path}")


USES = (
    "from a import total_price\nfrom old import zebra_function\n\n\ndef run(cart):\n    <CURSOR>\n"
)


async def test_a_document_is_not_shown_itself_as_another_file() -> None:
    session = Session(a=CART, old=OLD)
    assert "total_price(cart)" in await session.ask("b.py", USES)
    shown = await session.ask("a.py", CART + "def main():\n    <CURSOR>\n")
    assert "\x06a.py" not in shown
    assert shown.count("def total_price") == 1
    assert "zebra_function(alpha)" in shown


async def test_a_deleted_file_goes_while_the_user_rests_and_the_others_stay() -> None:
    session = Session(a=CART, old=OLD)
    before = await session.ask("b.py", USES)
    await session.rest()
    del session.files["old.py"]
    # A typed letter costs nothing but itself, whatever became of other files.
    typed = await session.ask("b.py", USES.replace("<CURSOR>", "x<CURSOR>"))
    assert typed.startswith(before[:-2])
    await session.rest()
    renewed = await session.ask("b.py", USES.replace("<CURSOR>", "xy<CURSOR>"))
    assert "zebra_function(alpha)" not in renewed
    assert renewed.startswith(before[: before.index("old.py")])


async def test_an_excluded_file_is_not_taken_into_the_next_document() -> None:
    session = Session(a=CART, old=OLD)
    await session.ask("b.py", USES)
    # What `.sc2ignore` names by now is in no index.
    del session.files["old.py"]
    shown = await session.ask("c.py", "x = <CURSOR>\n")
    assert "zebra" not in shown
    assert "total_price(cart)" in shown


async def test_a_deleted_file_is_not_shown_where_somebody_goes_back_to() -> None:
    session = Session(a=CART, old=OLD)
    for path in ("b.py", "c.py"):
        assert "zebra_function(alpha)" in await session.ask(path, USES)
        await session.rest()
    del session.files["old.py"]
    shown = await session.ask("b.py", USES)
    assert "zebra_function(alpha)" not in shown
    assert "total_price(cart)" in shown


async def test_going_back_to_what_was_not_changed_costs_nothing() -> None:
    session = Session(a=CART, old=OLD)
    first = await session.ask("b.py", USES)
    await session.ask("c.py", USES)
    assert await session.ask("b.py", USES) == first


async def test_a_renamed_function_is_not_shown_by_its_old_name() -> None:
    session = Session(a=CART, old=OLD)
    await session.ask("b.py", USES)
    renamed = CART.replace("total_price", "grand_total")
    session.files["a.py"] = renamed
    shown = await session.ask("c.py", "x = <CURSOR>\n")
    assert "zebra_function(alpha)" in shown
    assert "def total_price" not in shown
    shown = await session.ask("d.py", "x = <CURSOR>\n", opened("a.py", renamed))
    assert "def grand_total" in shown


async def test_what_was_not_changed_stays_in_place_from_document_to_document() -> None:
    session = Session(a=CART, old=OLD)
    first = await session.ask("b.py", USES)
    await session.rest()
    before = first[: first.index("\x06\x01b.py")]
    session.files["a.py"] += "def put_below():\n    pass\n"
    second = await session.ask("c.py", USES.replace("cart", "basket"))
    assert second.startswith(before)
