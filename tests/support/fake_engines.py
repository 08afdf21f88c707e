"""Servers of other programs without a model: they write what they were told, as `FakeLlamaServer`.

The shapes are those of: vLLM 0.32, vllm/entrypoints/openai/completion/protocol.py, and its page
'OpenAI-Compatible Server'; Ollama 0.12, docs/api.md; Text Generation Inference 3.3,
docs/openapi.json; llama-cpp-python 0.3.36, llama_cpp/server/, which `tests/engine` asks for real.
Prompts of text are read as those programs read them: what looks like a control token is one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sc2_lsp.domain import Tokens
from sc2_lsp.engine.header import read_texts
from sc2_lsp.engine.tokenizer import MERGES_KEY, TOKENS_KEY, Tokenizer, tokenizer_of
from sc2_lsp.models import BUNDLED_MODEL
from sc2_lsp.vocabulary import N_SPECIAL_TOKENS, SPECIAL_TOKENS
from tests.support.fake_llama_server import FakeLlamaServer, Handler

_SPECIAL = re.compile("(" + "|".join(map(re.escape, SPECIAL_TOKENS)) + ")")
N_CTX = 2048
# The vocabulary of what is served is not that of this machine's model: but for the special tokens.
OFFSET = 20_000


def tokenizer() -> Tokenizer:
    return tokenizer_of(BUNDLED_MODEL)


def raw(answer: object) -> str:
    """JSON with all chars that it need not escape as they are."""
    return json.dumps(answer, ensure_ascii=False)


def served(tokens: Sequence[int]) -> Tokens:
    """The tokens of what is served for those of the bundled model."""
    return tuple(token + OFFSET * (token >= N_SPECIAL_TOKENS) for token in tokens)


def text_of(tokens: Sequence[int]) -> str:
    """What those of what is served stand for."""
    own = [token - OFFSET * (token >= N_SPECIAL_TOKENS) for token in tokens]
    return tokenizer().bytes_of(own).decode()


def read_as_tokens(prompt: str | Sequence[int]) -> Tokens:
    """The tokens that a program makes of a prompt, which parses control tokens in text."""
    if not isinstance(prompt, str):
        return tuple(prompt)
    found: list[int] = []
    for number, part in enumerate(_SPECIAL.split(prompt)):
        own = [SPECIAL_TOKENS.index(part)] if number % 2 else tokenizer().tokenize(part)
        found += served(own)
    return tuple(found)


@dataclass
class FakeEngine(FakeLlamaServer):
    """`answers` are continuations by what a prompt ends with; else it is `pieces`.

    `shift` makes its vocabulary another: ids are greater by that much. Who asks for the field
    `refused` is refused, and the page `hidden` is not there.
    """

    path: ClassVar[str] = "/v1/completions"
    model: str = "sc2"
    models: tuple[str, ...] = ()
    answers: tuple[tuple[str, list[tuple[str, int]]], ...] = ()
    shift: int = 0
    refused: str = ""
    hidden: str = ""
    n_ctx: int = N_CTX
    is_loaded: bool = True

    def completions(self) -> list[dict[str, Any]]:
        """What was asked of a stream; the questions of a probe are none."""
        return [
            asked
            for path, asked, _ in self.asked
            if path == self.path and (asked.get("stream") or path == FakeTgi.path)
        ]

    def prompts(self) -> list[Tokens]:
        """The prompts as the model would see them."""
        return [read_as_tokens(self.prompt_of(asked)) for asked in self.completions()]

    def prompt_of(self, asked: dict[str, Any]) -> str | Sequence[int]:
        prompt: str | Sequence[int] = asked["prompt"]
        return prompt

    def written(self, asked: dict[str, Any], n_tokens: int) -> tuple[list[tuple[str, int]], str]:
        """The pieces for a request, and why they end."""
        text = text_of(read_as_tokens(self.prompt_of(asked)))
        pieces = next((found for end, found in self.answers if text.endswith(end)), self.pieces)
        return pieces[:n_tokens], "stop" if len(pieces) <= n_tokens else "length"

    def tokens_of(self, text: str) -> list[int]:
        return [token + self.shift for token in read_as_tokens(text)]


class _OpenAi(Handler):
    """What all that offer `/v1/completions` have in common."""

    fake: FakeEngine
    owner = "somebody"

    def page(self, asked: dict[str, Any]) -> None:
        fake = self.fake
        if self.path == "/v1/models":
            models = [self.model(name) for name in fake.models or (fake.model,)]
            self.send(200, json.dumps({"object": "list", "data": models}))
        elif self.path == "/v1/completions":
            assert asked["model"] in (fake.models or (fake.model,))
            self.complete(asked)
        else:
            self.send(404, '{"detail": "Not Found"}')

    def model(self, name: str) -> dict[str, Any]:
        return {"id": name, "object": "model", "created": 1, "owned_by": self.owner}

    def complete(self, asked: dict[str, Any]) -> None:
        fake = self.fake
        if fake.refused in asked:
            self.send(400, '{"error": "no such field"}')
            return
        prompt = fake.prompt_of(asked)
        # What is far too long is so however it is read, and reading it takes time.
        n_prompt = len(prompt if len(prompt) > 32 * fake.n_ctx else read_as_tokens(prompt))
        if n_prompt + asked["max_tokens"] > fake.n_ctx:
            message = f"This model's maximum context length is {fake.n_ctx} tokens. However, ..."
            self.send(400, json.dumps({"error": {"message": message, "code": 400}}))
            return
        pieces, end = fake.written(asked, asked["max_tokens"])
        if not asked.get("stream"):
            usage = {"prompt_tokens": n_prompt + fake.shift, "completion_tokens": 1}
            choice = {"index": 0, "text": pieces[0][0], "finish_reason": "length"}
            self.send(200, json.dumps({"choices": [choice], "usage": usage}))
            return
        choices = [self.choice(text, token, None, asked) for text, token in pieces]
        ends = [number for number, choice in enumerate(choices, 1) if choice["finish_reason"]]
        choices = choices[: ends[0]] if ends else [*choices, self.choice("", None, end, asked)]
        messages = [
            f"data: {raw({'id': 'cmpl-1', 'model': fake.model, 'choices': [choice]})}\n\n"
            for choice in choices
        ]
        self.stream([*messages, "data: [DONE]\n\n"])

    def choice(
        self, text: str, token: int | None, end: str | None, asked: dict[str, Any]
    ) -> dict[str, Any]:
        if token is not None and token < N_SPECIAL_TOKENS:
            text = SPECIAL_TOKENS[token]
            if text in asked.get("stop", ()):
                text, end = "", "stop"
        return {"index": 0, "text": text, "logprobs": None, "finish_reason": end}


class _Vllm(_OpenAi):
    owner = "vllm"

    def model(self, name: str) -> dict[str, Any]:
        return {**super().model(name), "root": name, "max_model_len": self.fake.n_ctx}

    def page(self, asked: dict[str, Any]) -> None:
        if self.path == "/tokenize" and self.path != self.fake.hidden:
            tokens = self.fake.tokens_of(asked["prompt"])
            found = {"count": len(tokens), "max_model_len": self.fake.n_ctx, "tokens": tokens}
            self.send(200, json.dumps(found))
        elif self.path == "/detokenize":
            self.send(200, json.dumps({"prompt": text_of(asked["tokens"])}))
        else:
            super().page(asked)

    def choice(
        self, text: str, token: int | None, end: str | None, asked: dict[str, Any]
    ) -> dict[str, Any]:
        # A control token ends the text, is not shown, and is among the ids.
        if token is not None and token in asked["stop_token_ids"]:
            assert asked["skip_special_tokens"]
            text, end = "", "stop"
        ids = {"token_ids": [] if token is None else [token]} if asked["return_token_ids"] else {}
        return {**super().choice(text, None, end, asked), "stop_reason": None, **ids}


class _LlamaCppPython(_OpenAi):
    owner = "me"

    def page(self, asked: dict[str, Any]) -> None:
        if self.path == "/extras/tokenize":
            self.send(200, json.dumps({"tokens": self.fake.tokens_of(asked["input"])}))
        else:
            super().page(asked)

    def choice(
        self, text: str, token: int | None, end: str | None, asked: dict[str, Any]
    ) -> dict[str, Any]:
        if token is not None and token < N_SPECIAL_TOKENS:
            text, token = "", None
        return super().choice(text, token, end, asked)


class _Ollama(_OpenAi):
    owner = "library"

    def page(self, asked: dict[str, Any]) -> None:
        fake = self.fake
        if self.path == "/api/version":
            self.send(200, '{"version": "0.12.6"}')
        elif self.path == "/api/tags":
            models = [
                {"name": name, "model": name, "details": {"family": "starcoder2"}}
                for name in fake.models or (fake.model,)
            ]
            other = {"name": "llama3:8b", "model": "llama3:8b", "details": {"family": "llama"}}
            self.send(200, json.dumps({"models": [other, *models]}))
        elif self.path == "/api/ps":
            running = [
                {"name": name, "model": name, "context_length": fake.n_ctx}
                for name in fake.models or (fake.model,)
            ]
            self.send(200, json.dumps({"models": running if fake.is_loaded else []}))
        elif self.path == "/api/generate" and "prompt" not in asked:
            fake.n_ctx, fake.is_loaded = asked["options"]["num_ctx"], True
            fake.begun.set()
            self.send(200, '{"response": "", "done": true, "done_reason": "load"}')
        elif self.path == "/api/show":
            texts = read_texts(BUNDLED_MODEL, (TOKENS_KEY, MERGES_KEY))
            tokens, merges = texts[TOKENS_KEY][fake.shift :], texts[MERGES_KEY]
            info = {
                "general.architecture": "starcoder2",
                "general.parameter_count": 3_030_371_328,
                "starcoder2.context_length": 16_384,
                "tokenizer.ggml.tokens": tokens if asked.get("verbose") else None,
                "tokenizer.ggml.merges": merges if asked.get("verbose") else None,
            }
            self.send(200, json.dumps({"details": {}, "model_info": info}))
        elif self.path == "/api/generate":
            self.generate(asked)
        else:
            super().page(asked)

    def generate(self, asked: dict[str, Any]) -> None:
        assert asked["raw"]
        pieces, end = self.fake.written(asked, asked["options"]["num_predict"])
        lines: list[dict[str, Any]] = []
        for text, token in pieces:
            shown = SPECIAL_TOKENS[token] if token < N_SPECIAL_TOKENS else text
            if shown in asked["options"]["stop"]:
                end = "stop"
                break
            lines.append({"model": asked["model"], "response": shown, "done": False})
        n_prompt = len(read_as_tokens(asked["prompt"]))
        cost = {"prompt_eval_count": n_prompt, "prompt_eval_duration": 1_000_000}
        lines.append({"response": "", "done": True, "done_reason": end, **cost})
        self.stream([f"{raw(line)}\n" for line in lines])


class _Tgi(Handler):
    fake: FakeEngine

    def page(self, asked: dict[str, Any]) -> None:
        fake = self.fake
        if self.path == "/info":
            info = {"model_id": fake.model, "max_total_tokens": fake.n_ctx, "version": "3.3.5"}
            self.send(200, json.dumps(info))
        elif self.path == "/tokenize":
            found = [{"id": token, "text": "?"} for token in fake.tokens_of(asked["inputs"])]
            self.send(200, json.dumps(found))
        elif self.path == "/generate_stream":
            self.generate(asked)
        else:
            self.send(404, "{}")

    def generate(self, asked: dict[str, Any]) -> None:
        pieces, end = self.fake.written(asked, asked["parameters"]["max_new_tokens"])
        events: list[dict[str, Any]] = []
        for text, token in pieces:
            is_special = token < N_SPECIAL_TOKENS
            shown = SPECIAL_TOKENS[token] if is_special else text
            made = {"id": token, "text": shown, "logprob": -0.1, "special": is_special}
            events.append({"token": made, "generated_text": None, "details": None})
            if is_special:
                break
        events[-1]["generated_text"] = "".join(event["token"]["text"] for event in events)
        reason = "length" if end == "length" else "eos_token"
        events[-1]["details"] = {"finish_reason": reason, "generated_tokens": len(events)}
        self.stream([f"data:{raw(event)}\n\n" for event in events])


class FakeVllm(FakeEngine):
    handler = _Vllm


class FakeLlamaCppPython(FakeEngine):
    handler = _LlamaCppPython


class FakeOpenAi(FakeEngine):
    handler = _OpenAi


class FakeOllama(FakeEngine):
    handler = _Ollama
    path = "/api/generate"


class FakeTgi(FakeEngine):
    handler = _Tgi
    path = "/generate_stream"

    def prompt_of(self, asked: dict[str, Any]) -> str:
        return str(asked["inputs"])
