"""Finds out which program answers at `/v1/completions`, and whether its model is StarCoder2.

That a model's special tokens are the ones of StarCoder2 is seen from what the server makes of them.
No code is sent for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sc2_lsp.engine.remote.openai import PATH, OpenAi
from sc2_lsp.engine.remote.proof import NEEDED, NEEDED_TEXT, differs
from sc2_lsp.engine.remote.protocol import Served, ServerError
from sc2_lsp.engine.remote.speaking import Speaker
from sc2_lsp.engine.remote.transport import Transport
from sc2_lsp.engine.remote.words import VllmWords, Words
from sc2_lsp.vocabulary import FILE_SEP, N_SPECIAL_TOKENS, SPECIAL_TOKENS

Model = Mapping[str, Any]
"""An entry of the list at `/v1/models`."""

# Beyond any context of StarCoder2's: refused before it is evaluated.
_TOO_LONG = " a" * 70_000
_REFUSED, _BROKEN = 400, 500
_META = set("\\.^$*+?{}[]|()/-")


async def vllm(transport: Transport, words: Words, model: Model) -> Speaker:
    """A vLLM, by its own fields: docs.vllm.ai, 'OpenAI-Compatible Server', v0.32.

    Where a gateway lets nobody ask it for tokens, prompts go there as text.
    """
    name = str(model["id"])
    its_words = VllmWords(transport, name)
    try:
        if await its_words.parse(NEEDED_TEXT) != NEEDED:
            raise differs(name)
        words = its_words
    except ServerError as error:
        if not _REFUSED <= error.status < _BROKEN:
            raise
        await _count(transport, name)
    manner = OpenAi(
        model=name,
        fields={
            "top_p": 1.0,
            "top_k": -1,
            "repetition_penalty": 1.0,
            "stop_token_ids": list(range(N_SPECIAL_TOKENS)),
            "skip_special_tokens": True,
            "add_special_tokens": False,
            "return_token_ids": True,
            "stream_options": {"include_usage": True, "continuous_usage_stats": True},
        },
        hold=_regex,
    )
    with transport.reading():
        n_ctx = int(model.get("max_model_len") or 0)
        served = Served(name, n_params=0, n_ctx=n_ctx, n_ctx_train=0, program="vLLM")
    return Speaker(transport, manner, words, served)


async def llama_cpp_python(transport: Transport, words: Words, model: Model) -> Speaker:
    """A `llama_cpp.server`, 0.3.36: prompts as text, whose control tokens it parses."""
    name = str(model["id"])
    answer = await transport.post("/extras/tokenize", {"model": name, "input": NEEDED_TEXT})
    with transport.reading():
        if tuple(answer.get("tokens") or ()) != NEEDED:
            raise differs(name)
    manner = OpenAi(
        model=name,
        fields={"repeat_penalty": 1.0},
        hold=_gbnf,
        # For its list of models it interrupts what it writes.
        page="/none",
        hides_control=True,
    )
    n_ctx = await _refused_beyond(transport, name)
    # Without another name a model is called by its path.
    shown = name.replace("\\", "/").rsplit("/", 1)[-1]
    served = Served(shown, n_params=0, n_ctx=n_ctx, n_ctx_train=0, program="llama-cpp-python")
    return Speaker(transport, manner, words, served)


async def anything(transport: Transport, words: Words, model: Model) -> Speaker:
    """Any other program: prompts as text."""
    name = str(model["id"])
    await _count(transport, name)
    program = "an OpenAI-compatible server"
    with transport.reading():
        n_ctx = int(model.get("max_model_len") or model.get("context_length") or 0)
        served = Served(name, n_params=0, n_ctx=n_ctx, n_ctx_train=0, program=program)
    manner = OpenAi(name, fields={"stop": [SPECIAL_TOKENS[FILE_SEP]]})
    return Speaker(transport, manner, words, served)


async def _count(transport: Transport, name: str) -> None:
    """Have the server count special tokens, each of which is one only where the model knows it.

    Raises ServerError.
    """
    asked = {"model": name, "prompt": NEEDED_TEXT, "max_tokens": 1, "temperature": 0.0}
    answer = await transport.post(PATH, asked)
    with transport.reading():
        n_tokens = (answer.get("usage") or {}).get("prompt_tokens")
    if n_tokens is None:
        message = "does not say how many tokens a prompt has, so that its model is not known"
        raise ServerError(message, is_away=True)
    # One more is a beginning-of-text that it puts before every prompt.
    if n_tokens not in (len(NEEDED), len(NEEDED) + 1):
        raise differs(name)


async def _refused_beyond(transport: Transport, name: str) -> int:
    """How many tokens a request may have, as the server says when one has too many; 0 if not."""
    asked = {"model": name, "prompt": _TOO_LONG, "max_tokens": 1}
    try:
        await transport.post(PATH, asked)
    except ServerError as error:
        if error.n_ctx:
            return error.n_ctx
        if error.is_away:
            raise
    return 0


def _regex(text: str) -> Mapping[str, Any]:
    escaped = "".join(f"\\{char}" if char in _META else char for char in text)
    return {"structured_outputs": {"regex": rf"{escaped}(.|\n)*"}}


def _gbnf(text: str) -> Mapping[str, Any]:
    literal = "".join(f"\\U{ord(char):08X}" for char in text)
    return {"grammar": rf'root ::= "{literal}" [\U00000000-\U0010FFFF]*'}
