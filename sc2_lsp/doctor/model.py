"""Which model is in force and why, whether its file is one that works, and whether it fits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rich.filesize import decimal

from sc2_lsp.doctor.check import Check, Situation, fail, ok, warn
from sc2_lsp.engine.fit import Use, copied_types, model_shape, refusal, warning
from sc2_lsp.engine.header import HeaderError, read_model_header
from sc2_lsp.engine.machine import Memory, memory
from sc2_lsp.models import BUNDLED_MODEL, model_path, own
from sc2_lsp.settings import Settings

_OTHER = "`sc2-lsp model list` names models that work here, `sc2-lsp model use` chooses one."
_EDITOR = "An editor's own setting `model` comes before that."


def model(situation: Situation) -> Iterator[Check]:
    """Implements `Examine`."""
    path = model_path(situation.settings.model)
    yield ok("model", f"{path}, {_rule(situation)}. {_EDITOR}")
    yield _file(situation, path)
    build = situation.probe.build
    if build is None or build.gpus:
        return
    if (check := memory_for(path, situation.settings, build.system_info, memory())) is not None:
        yield check


def _rule(situation: Situation) -> str:
    if situation.named_model:
        return "by `--model` or the variable SC2_LSP_MODEL"
    if situation.settings.model:
        return "by `--set model`"
    if own.chosen_model():
        return "by `sc2-lsp model use`"
    return "the bundled one, for trying and testing: nothing names another"


def _file(situation: Situation, path: Path) -> Check:
    name = "model file"
    try:
        header = read_model_header(path)
    except HeaderError as error:
        # What loads models says it better, but it has to load itself.
        problem = situation.probe.model_problem
        return fail(name, problem or f"{error}.", _OTHER)
    if problem := situation.probe.model_problem:
        return fail(name, problem, _OTHER)
    title = header.metadata.get("general.name", path.name)
    size = decimal(sum(tensor.n_bytes for tensor in header.tensors))
    if situation.probe.build is None:
        return warn(name, f"{title}, {size} of weights.", "Its vocabulary could not be checked.")
    return ok(name, f"{title}, {size} of weights; its special tokens are StarCoder2's.")


def memory_for(path: Path, settings: Settings, system_info: str, here: Memory) -> Check | None:
    """Whether the model fits this memory; None where its file does not tell what it takes."""
    try:
        shape = model_shape(read_model_header(path))
    except HeaderError:
        return None
    if shape is None:
        return None
    use = Use(
        n_cells=max(settings.kv_tokens, settings.n_ctx),
        kv_type=settings.kv_type,
        n_ubatch=settings.n_ubatch,
        has_flash_attention=settings.flash_attention != "off",
        copied_types=copied_types(system_info),
    )
    if problem := refusal(shape, use, replace(here, available=here.total)):
        return fail("memory", problem, _OTHER)
    if problem := refusal(shape, use, here) or warning(shape, use, here):
        advice = "Close other programs, unless an engine with this model is what takes it."
        return warn("memory", problem, advice)
    name = "the bundled model" if path == BUNDLED_MODEL else "the model"
    found = f"{decimal(here.available)} of {decimal(here.total)} are free, enough for {name}."
    return ok("memory", found)
