"""Finds out which program answers at `/v1/completions`, and whether its model is StarCoder2.

A model is taken at no word: that its special tokens, and others, are the ones of StarCoder2 is seen
from what the server makes of them. No code is sent for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from sc2_lsp.engine.remote.openai import PATH, OpenAi
from sc2_lsp.engine.remote.proof import NEEDED, NEEDED_TEXT, SAMPLE, differs
from sc2_lsp.engine.remote.protocol import Served, ServerError
from sc2_lsp.engine.remote.speaking import Speaker
from sc2_lsp.engine.remote.transport import Transport
from sc2_lsp.engine.tokenizer import Tokenizer
from sc2_lsp.vocabulary import ENDOFTEXT, FILE_SEP, FIM_MIDDLE, N_SPECIAL_TOKENS, SPECIAL_TOKENS

Model = Mapping[str, Any]
"""An entry of the list at `/v1/models`."""

# A gateway lets a few completions of a user be under way; ours four.
_AT_ONCE = 3
# Beyond any context of StarCoder2's: refused before it is evaluated.
_TOO_LONG = " a" * 70_000
_META = set("\\.^$*+?{}[]|()/-")


async def vllm(transport: Transport, tokenizer: Tokenizer, model: Model) -> Speaker:
    """A vLLM, by its own fields: docs.vllm.ai, 'OpenAI-Compatible Server', v0.32."""
    name = str(model["id"])
    # The first ids of the vocabulary are special; and some that are not, from all over it.
    tokens = [*NEEDED[:-1], *sorted(set(tokenizer.tokenize(SAMPLE)))[::4]]
    at_once = asyncio.Semaphore(_AT_ONCE)

    async def text_of(token: int) -> str:
        async with at_once:
            return await _text_of(transport, name, token)

    texts = await asyncio.gather(*map(text_of, tokens))
    if list(texts) != [tokenizer.bytes_of([token]).decode("utf-8", "replace") for token in tokens]:
        raise differs(name)
    manner = OpenAi(
        model=name,
        takes_tokens=True,
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
    served = Served(
        name=name,
        n_params=0,
        n_ctx=int(model.get("max_model_len") or 0),
        n_ctx_train=0,
        program="vLLM",
    )
    return Speaker(transport, manner, tokenizer, served)


async def llama_cpp_python(transport: Transport, tokenizer: Tokenizer, model: Model) -> Speaker:
    """A `llama_cpp.server`, 0.3.36: prompts as text, whose control tokens it parses."""
    name = str(model["id"])
    for text, tokens in ((NEEDED_TEXT, NEEDED), (SAMPLE, tokenizer.tokenize(SAMPLE))):
        answer = await transport.post("/extras/tokenize", {"model": name, "input": text})
        if tuple(answer.get("tokens") or ()) != tokens:
            raise differs(name)
    if not await _ends_a_text(transport, name):
        message = f"writes on behind the end of a file: have {name} made anew by sc2-quantize"
        raise ServerError(message, is_away=True)
    manner = OpenAi(
        model=name,
        takes_tokens=False,
        fields={"repeat_penalty": 1.0},
        hold=_gbnf,
        # For its list of models it interrupts what it writes.
        page="/none",
    )
    n_ctx = await _refused_beyond(transport, name)
    # Without another name a model is called by its path.
    shown = name.replace("\\", "/").rsplit("/", 1)[-1]
    served = Served(shown, n_params=0, n_ctx=n_ctx, n_ctx_train=0, program="llama-cpp-python")
    return Speaker(transport, manner, tokenizer, served)


async def anything(transport: Transport, tokenizer: Tokenizer, model: Model) -> Speaker:
    """Any other program: prompts as text. It has to count the tokens of a prompt.

    A special token is one token only where the vocabulary has it, and ordinary text is as many
    tokens as here only where it is taken apart in the same way.
    """
    name = str(model["id"])
    for text, tokens in ((NEEDED_TEXT, NEEDED), (SAMPLE, tokenizer.tokenize(SAMPLE))):
        asked = {"model": name, "prompt": text, "max_tokens": 1, "temperature": 0.0}
        usage = (await transport.post(PATH, asked)).get("usage") or {}
        n_tokens = usage.get("prompt_tokens")
        if n_tokens is None:
            message = "does not say how many tokens a prompt has, so that its model is not known"
            raise ServerError(message, is_away=True)
        # One more is a beginning-of-text that it puts before every prompt.
        if n_tokens not in (len(tokens), len(tokens) + 1):
            raise differs(name)
    program = "an OpenAI-compatible server"
    n_ctx = int(model.get("max_model_len") or model.get("context_length") or 0)
    served = Served(name, n_params=0, n_ctx=n_ctx, n_ctx_train=0, program=program)
    manner = OpenAi(name, takes_tokens=False, fields={"stop": [SPECIAL_TOKENS[FILE_SEP]]})
    return Speaker(transport, manner, tokenizer, served)


async def _text_of(transport: Transport, name: str, token: int) -> str:
    """What the server writes when it may write `token` alone."""
    asked = {
        "model": name,
        "prompt": [ENDOFTEXT],
        "max_tokens": 1,
        "temperature": 0.0,
        "allowed_token_ids": [token],
        "skip_special_tokens": False,
    }
    answer = await transport.post(PATH, asked)
    with transport.reading():
        return str(answer["choices"][0]["text"])


async def _ends_a_text(transport: Transport, name: str) -> bool:
    """Whether `<file_sep>` is an end to the server, which shows no control tokens that are none."""
    asked = {
        "model": name,
        "prompt": SPECIAL_TOKENS[FIM_MIDDLE],
        "max_tokens": 1,
        "temperature": 0.0,
        "logit_bias": {str(FILE_SEP): 1000.0},
    }
    answer = await transport.post(PATH, asked)
    with transport.reading():
        return str(answer["choices"][0]["finish_reason"]) == "stop"


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
