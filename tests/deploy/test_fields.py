"""What the gateway lets through is what the language server's own client asks for, and no more.

Seen from what the client sends to stand-ins; that no field is missed, from its source.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import pytest

from sc2_lsp.engine.remote import dialects, llama_server, openai, words
from sc2_lsp.engine.remote.address import Address
from sc2_lsp.engine.remote.finding import AnyServer
from tests.deploy.test_files import ENGINES, routes, rules
from tests.support.fake_engines import FakeVllm
from tests.support.fake_llama_server import FakeLlamaServer

FAKES = {"llama-server": FakeLlamaServer, "vllm": FakeVllm}
SOURCES: dict[str, tuple[Any, ...]] = {
    "llama-server": (llama_server,),
    "vllm": (dialects.vllm, dialects._regex, openai.OpenAi.asked, words.VllmWords),
}
"""What makes the bodies of requests."""

FOR_PEOPLE = {"/health"}
"""What the client does not ask: it is how an administrator tries a key."""

DANGEROUS = {
    *("n_discard", "n_keep", "n", "n_cmpl", "best_of", "lora", "json_schema", "prompt_embeds"),
    *("id_slot", "echo", "user", "priority", "guided_regex", "sse_ping_interval"),
}
"""What corrupts, empties or opens an engine, or favours one user: never to be let through."""

Asked = dict[str, list[dict[str, Any]]]
"""The bodies that were sent, by path."""


async def all_that_is_asked(engine: str) -> Asked:
    fake = FAKES[engine](pieces=[("re", 99), ("turn", 99), ("\n", 222)])
    fake.start()
    server = AnyServer(Address(fake.url), "", 4096)
    try:
        await server.probe()
        await server.ask()
        tokens = await server.tokenize("def f():")
        await server.detokenize(tokens)
        for required, is_line in product(("", "ret", "other"), (False, True)):
            async for _ in server.write(tokens, 8, required, is_line=is_line):
                pass
    finally:
        await server.close()
        fake.stop()
    asked: Asked = {}
    for path, body, _ in fake.asked:
        asked.setdefault(path, []).append(body)
    return asked


def values(bodies: Sequence[dict[str, Any]], name: str) -> list[Any]:
    return [body[name] for body in bodies if name in body]


def keys(value: Any) -> Iterator[str]:
    """All names in a body, those of objects inside too."""
    if isinstance(value, dict):
        yield from value
        for inside in value.values():
            yield from keys(inside)


def named_in(source: str) -> set[str]:
    """The names of all entries that a piece of Python makes or sets."""
    nodes = list(ast.walk(ast.parse(textwrap.dedent(source))))
    found = [key for node in nodes if isinstance(node, ast.Dict) for key in node.keys]
    found += [
        node.slice
        for node in nodes
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
    ]
    return {str(key.value) for key in found if isinstance(key, ast.Constant)}


@pytest.mark.parametrize("engine", ENGINES)
async def test_paths_and_fields_are_those_that_are_asked_for(engine: str) -> None:
    asked = await all_that_is_asked(engine)
    table = routes(engine)["paths"]
    assert set(table) - FOR_PEOPLE == set(asked)
    for path, bodies in asked.items():
        fields = table[path].get("fields", {})
        own = {name for name, rule in fields.items() if not rule.get("user")}
        assert own == {name for body in bodies for name in body}, path
        for name, rule in fields.items():
            found = values(bodies, name)
            assert not rule.get("required") or len(found) == len(bodies), f"{path} {name}"
            if rule.get("kind") in ("choices", "flags"):
                assert set(rule["of"]) == {one for value in found for one in value}, name


@pytest.mark.parametrize("engine", ENGINES)
async def test_every_field_that_the_client_may_send_was_sent(engine: str) -> None:
    asked = await all_that_is_asked(engine)
    sent = {name for bodies in asked.values() for body in bodies for name in keys(body)}
    named = {name for each in SOURCES[engine] for name in named_in(inspect.getsource(each))}
    assert named
    assert named == sent


@pytest.mark.parametrize("engine", ENGINES)
def test_what_corrupts_or_opens_the_engine_is_not_allowed(engine: str) -> None:
    assert not {name for _, name, _ in rules(engine)} & DANGEROUS
