"""The tokenizer of a checkpoint as llama.cpp needs it, from tokenizer.json and its companions.

llama.cpp has StarCoder2's way of splitting text built in and takes only the vocabulary from the
file. So a tokenizer.json that splits text otherwise is refused: the model would read other tokens
than it was trained on, and nobody would notice.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf

from quantize.failures import BadInput
from quantize.jsonfile import LARGE, read_bytes, read_json, read_json_if_there

PRE_TOKENIZER = "starcoder"
# The names of the keys that llama.cpp reads, and the text of the token in StarCoder2's vocabulary.
FIM_TOKENS = {
    "fim_pre": "<fim_prefix>",
    "fim_suf": "<fim_suffix>",
    "fim_mid": "<fim_middle>",
    "fim_pad": "<fim_pad>",
    "fim_rep": "<repo_name>",
    "fim_sep": "<file_sep>",
}
_SPECIAL_KINDS = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")
_ADDABLE_KINDS = ("bos", "eos", "sep")
_SPLITTERS: tuple[dict[str, object], ...] = (
    {"type": "Digits", "individual_digits": True},
    {"type": "ByteLevel", "add_prefix_space": False},
)


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """Tokens by id with their types, merges, ids of special tokens, what is added to a prompt."""

    tokens: tuple[str, ...]
    types: tuple[int, ...]
    merges: tuple[str, ...]
    special_ids: dict[str, int]
    is_added: dict[str, bool]
    chat_template: str | list[dict[str, str]] | None
    fim_ids: dict[str, int]


def read_tokenizer(folder: Path, config: dict[str, Any], n_vocab: int) -> Tokenizer:
    """The tokenizer in `folder` of a model with `n_vocab` tokens; BadInput if they do not agree."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise BadInput(f"{path} is missing; a checkpoint is converted with its tokenizer.")
    data = read_json(path, LARGE)
    settings = read_json_if_there(folder / "tokenizer_config.json") or {}
    model = _object(data, "model", path)
    _check_splitting(data, model, path)
    added = _added(data, path)
    tokens, types = _tokens(_vocabulary(model, path), added, n_vocab, path)
    ids = {token["content"]: token["id"] for token in added}
    by_text = {text: number for number, text in enumerate(tokens)}
    fim_ids = {kind: by_text[text] for kind, text in FIM_TOKENS.items() if text in by_text}
    return Tokenizer(
        tokens=tokens,
        types=types,
        merges=_merges(model, path),
        special_ids=_special_ids(settings, config, ids, n_vocab, folder),
        is_added=_additions(data, settings, path),
        chat_template=_chat_template(settings, folder),
        fim_ids=fim_ids,
    )


def _object(data: dict[str, Any], key: str, path: Path) -> dict[str, Any]:
    value = data.get(key)
    if not isinstance(value, dict):
        raise BadInput(f'"{key}" in {path} is missing or no object.')
    return value


def _check_splitting(data: dict[str, Any], model: dict[str, Any], path: Path) -> None:
    """Byte-level BPE behind single digits, and nothing that changes the text before."""
    splitter = data.get("pre_tokenizer") or {}
    steps: Any = splitter.get("pretokenizers") if isinstance(splitter, dict) else None
    is_same = isinstance(steps, list) and len(steps) == len(_SPLITTERS)
    for step, expected in zip(steps if is_same else (), _SPLITTERS, strict=False):
        options = step if isinstance(step, dict) else {}
        is_same = is_same and all(options.get(key) == value for key, value in expected.items())
        is_same = is_same and options.get("use_regex", True) is True
    is_bpe = model.get("type", "BPE") == "BPE" and not model.get("byte_fallback")
    if not is_same or not is_bpe or data.get("normalizer") is not None:
        raise BadInput(
            f"{path} splits text otherwise than StarCoder2's tokenizer (each digit alone, then "
            "byte-level BPE), which llama.cpp would not do."
        )


def _added(data: dict[str, Any], path: Path) -> list[dict[str, Any]]:
    added = data.get("added_tokens") or []
    if not isinstance(added, list) or not all(_is_added(token) for token in added):
        raise BadInput(f'"added_tokens" in {path} is not a list of tokens with ids.')
    return added


def _is_added(token: object) -> bool:
    if not isinstance(token, dict) or not isinstance(token.get("content"), str):
        return False
    return type(token.get("id")) is int and token["id"] >= 0


def _vocabulary(model: dict[str, Any], path: Path) -> dict[str, int]:
    vocabulary = model.get("vocab")
    if not isinstance(vocabulary, dict) or not all(
        type(number) is int and number >= 0 for number in vocabulary.values()
    ):
        raise BadInput(f'"vocab" in {path} does not map tokens to ids.')
    return vocabulary


def _tokens(
    vocabulary: dict[str, int], added: list[dict[str, Any]], n_vocab: int, path: Path
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Text and type of each id below `n_vocab`; ids without a token are filled up as unused."""
    texts = {number: text for text, number in vocabulary.items()}
    if len(texts) != len(vocabulary):
        raise BadInput(f"{path} gives one id to two tokens.")
    for token in added:
        number, text = token["id"], token["content"]
        if texts.get(number, text) != text or vocabulary.get(text, number) != number:
            raise BadInput(f"{path} gives the added token {text[:80]!r} two ids, or its id to two.")
        texts[number] = text
    if texts and max(texts) >= n_vocab:
        raise BadInput(
            f"{path} has a token with the id {max(texts)}, and config.json has {n_vocab} tokens; "
            "they do not belong together."
        )
    by_id = {token["id"]: token for token in added}
    pairs = [_token(number, texts, by_id.get(number)) for number in range(n_vocab)]
    return tuple(text for text, _ in pairs), tuple(kind for _, kind in pairs)


def _token(number: int, texts: dict[int, str], added: dict[str, Any] | None) -> tuple[str, int]:
    if number not in texts:
        return f"[PAD{number}]", int(gguf.TokenType.UNUSED)
    text = texts[number]
    if added is None:
        return text, int(gguf.TokenType.NORMAL)
    if added.get("special") or _looks_special(text):
        return text, int(gguf.TokenType.CONTROL)
    return text.replace("\u2581", " "), int(gguf.TokenType.USER_DEFINED)


def _looks_special(text: str) -> bool:
    """Some tokenizers forget to mark them; the same forms as llama.cpp's converter knows."""
    forms = (("<|", "|>"), ("<\uff5c", "\uff5c>"), ("<unused", ">"))
    is_formed = any(text.startswith(begin) and text.endswith(end) for begin, end in forms)
    return is_formed or text in ("<pad>", "<mask>", "<2mass>", "[@BOS@]")


def _merges(model: dict[str, Any], path: Path) -> tuple[str, ...]:
    """Each merge as two texts with a blank between them; a blank inside one as llama.cpp has it."""
    merges = model.get("merges")
    if isinstance(merges, list) and merges:
        if all(isinstance(merge, str) for merge in merges):
            return tuple(merges)
        if all(_is_pair(merge) for merge in merges):
            return tuple(" ".join(part.replace(" ", "\u0120") for part in pair) for pair in merges)
    raise BadInput(f'"merges" in {path} is no list of pairs.')


def _is_pair(merge: object) -> bool:
    return isinstance(merge, list) and len(merge) == 2 and all(isinstance(m, str) for m in merge)


def _special_ids(
    settings: dict[str, Any],
    config: dict[str, Any],
    ids: dict[str, int],
    n_vocab: int,
    folder: Path,
) -> dict[str, int]:
    """By the token's text in tokenizer_config.json, else by its id in config.json."""
    texts = {kind: _text(settings.get(f"{kind}_token")) for kind in _SPECIAL_KINDS}
    texts["bos"] = texts["bos"] or texts["cls"]
    texts["eos"] = texts["eos"] or texts["sep"]
    found = {k: ids[text] for k, text in texts.items() if text is not None and text in ids}
    for kind in _SPECIAL_KINDS:
        number = config.get(f"{kind}_token_id")
        if type(number) is int and kind not in found:
            found[kind] = number
    for kind, number in found.items():
        if not 0 <= number < n_vocab:
            raise BadInput(f'"{kind}_token_id" in {folder / "config.json"} is no id of a token.')
    return found


def _text(token: object) -> str | None:
    content = token.get("content") if isinstance(token, dict) else token
    return content if isinstance(content, str) else None


def _additions(data: dict[str, Any], settings: dict[str, Any], path: Path) -> dict[str, bool]:
    """Whether tokens are put around a prompt: said by the post-processor, or by a flag."""
    found: dict[str, bool] = {}
    processor = data.get("post_processor")
    if processor is not None:
        steps = processor.get("processors", [processor]) if isinstance(processor, dict) else [None]
        kinds = [step.get("type") if isinstance(step, dict) else None for step in steps or [None]]
        if kinds != ["ByteLevel"] * len(kinds):
            raise BadInput(f'"post_processor" in {path} adds tokens, which StarCoder2\'s does not.')
        found = {"bos": False, "eos": False}
    for kind in _ADDABLE_KINDS:
        is_added = settings.get(f"add_{kind}_token")
        if isinstance(is_added, bool):
            found.setdefault(kind, is_added)
    return found


def _chat_template(settings: dict[str, Any], folder: Path) -> str | list[dict[str, str]] | None:
    """The template of an instruct model, from tokenizer_config.json or a file of its own."""
    template = settings.get("chat_template")
    file = folder / "chat_template.jinja"
    if template is None and settings and file.is_file():
        template = read_bytes(file, LARGE).decode("utf-8", "replace")
    if isinstance(template, list):
        if all(isinstance(t, dict) and _are_texts(t) for t in template):
            return template
        raise BadInput(f'"chat_template" in {folder / "tokenizer_config.json"} is no template.')
    return template if isinstance(template, str) else None


def _are_texts(template: dict[str, Any]) -> bool:
    return all(isinstance(value, str) for value in template.values())
