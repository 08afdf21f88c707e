"""Trains the bundled model on the rows that `dataset.py` wrote; resumable, in two phases.

The schedule is warm-up, stable, decay: `--phase stable` holds the learning rate until
`--until-tokens`, `--phase decay` goes on from the newest checkpoint and lowers it linearly to zero
over the tokens that are left. Hidden matrices are trained by Muon, the embedding, norms and biases
by AdamW.

Writes `checkpoint.pt` (whole, then renamed; also on SIGTERM) and one line of JSON per logged step
to `losses.jsonl` under `--run-dir`.
"""

from __future__ import annotations

import argparse
import json
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sc2_lsp.vocabulary import (
    ENDOFTEXT,
    FILE_SEP,
    FIM_MIDDLE,
    FIM_PAD,
    FIM_PREFIX,
    FIM_SUFFIX,
)
from training.model import Shape, Tiny
from training.muon import Muon

MUON_RATE = 0.02
ADAM_RATE = 3e-3
WARMUP_STEPS = 100
CHECKPOINT_SECONDS = 180
LOG_STEPS = 10
VALIDATION_STEPS = 250
VALIDATION_TOKENS = 65_536
FIRST_TOKENS = 3
FIRST_FACTOR = 4.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How far this run goes and in what portions."""

    phase: str
    until_tokens: int
    tokens_per_pass: int
    middle_weight: float


@dataclass(slots=True)
class Progress:
    """Where a run stands; `start` is the number of tokens at which the decay began."""

    phase: str
    step: int = 0
    tokens: int = 0
    batch: int = 0
    start: int = 0


class Batches:
    """Batches of as many rows as make `tokens` tokens, from files of any row length.

    In order of the files, rows shuffled within each; or, with `mixed`, all batches shuffled.
    """

    def __init__(self, paths: list[Path], tokens: int, seed: int, *, mixed: bool) -> None:
        self._files = [np.load(path, mmap_mode="r") for path in paths]
        self._order: list[tuple[int, np.ndarray]] = []
        for f, rows in enumerate(self._files):
            count = tokens // rows.shape[1]
            order = np.random.default_rng(seed + f).permutation(len(rows))
            whole = len(order) // count * count
            self._order += [(f, part) for part in order[:whole].reshape(-1, count)]
        if mixed:
            order = np.random.default_rng(seed).permutation(len(self._order))
            self._order = [self._order[i] for i in order]

    def __getitem__(self, number: int) -> Tensor:
        """The token ids of one batch, starting over after the last one: shape (rows, length)."""
        file, rows = self._order[number % len(self._order)]
        return torch.from_numpy(self._files[file][np.sort(rows)].astype(np.int64))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run-dir", type=Path, required=True)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--validation", type=Path, required=True)
    parser.add_argument("--phase", choices=["stable", "decay"], required=True)
    parser.add_argument("--until-tokens", type=int, required=True)
    parser.add_argument("--tokens-per-step", type=int, default=8192)
    parser.add_argument("--tokens-per-pass", type=int, default=4096)
    parser.add_argument("--middle-weight", type=float, default=1.0)
    parser.add_argument("--optimizer", choices=["muon", "adamw"], default="muon")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    args.run_dir.mkdir(parents=True, exist_ok=True)
    model = Tiny(Shape())
    optimizers = new_optimizers(model, args.optimizer)
    progress = load(args.run_dir, model, optimizers, args.phase)
    plan = Plan(args.phase, args.until_tokens, args.tokens_per_pass, args.middle_weight)
    validation = np.load(args.validation)
    validation = validation[: VALIDATION_TOKENS // validation.shape[1]].astype(np.int64)
    decay = args.phase == "decay"
    batches = Batches(args.data, args.tokens_per_step, args.seed, mixed=decay)
    train(model, optimizers, batches, torch.from_numpy(validation), plan, progress, args.run_dir)


def train(
    model: Tiny,
    optimizers: list[torch.optim.Optimizer],
    batches: Batches,
    validation: Tensor,
    plan: Plan,
    progress: Progress,
    run_dir: Path,
) -> None:
    """Runs until the plan's tokens are used or SIGTERM comes; leaves a checkpoint either way."""
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: stopping.append(number))
    loss_of = torch.compile(loss_sums, dynamic=False)
    groups = [group for optimizer in optimizers for group in optimizer.param_groups]
    sums, counted = torch.zeros(5), 0
    saved = logged = time.monotonic()
    with (run_dir / "losses.jsonl").open("a", encoding="utf-8") as log:
        while progress.tokens < plan.until_tokens and not stopping:
            batch = batches[progress.batch]
            weight = loss_weights(batch, plan.middle_weight).sum()
            for part in batch.split(plan.tokens_per_pass // batch.shape[1]):
                parts = loss_of(model, part, plan.middle_weight)
                (parts[0] / weight).backward()
                sums += parts.detach()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            factor = rate(plan, progress)
            for group in groups:
                group["lr"] = group["base_lr"] * factor
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            progress.step += 1
            progress.batch += 1
            progress.tokens += batch.numel()
            counted += batch.numel()
            if progress.step % LOG_STEPS == 0:
                record = summary(sums) | {
                    "step": progress.step,
                    "tokens": progress.tokens,
                    "rate": round(factor, 4),
                    "tokens_per_second": round(counted / (time.monotonic() - logged)),
                    "phase": plan.phase,
                    "length": batch.shape[1],
                }
                if progress.step % VALIDATION_STEPS == 0:
                    record |= validate(model, validation, plan.tokens_per_pass)
                print(json.dumps(record), file=log, flush=True)
                print(json.dumps(record), flush=True)
                sums, counted, logged = torch.zeros(5), 0, time.monotonic()
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                save(run_dir, model, optimizers, progress)
                saved = time.monotonic()
    save(run_dir, model, optimizers, progress)


def rate(plan: Plan, progress: Progress) -> float:
    """The factor of the learning rate at this point."""
    if plan.phase == "stable":
        return min(1.0, (progress.step + 1) / WARMUP_STEPS)
    left = plan.until_tokens - progress.tokens
    return max(0.0, left / max(1, plan.until_tokens - progress.start))


def loss_sums(model: Tiny, batch: Tensor, middle_weight: float) -> Tensor:
    """Sums over next tokens, shape (5,): weighted loss, loss, count, loss and count of middles."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(batch)
    labels = F.pad(batch[:, 1:], (0, 1), value=FIM_PAD)
    losses = F.cross_entropy(
        logits.flatten(0, 1).float(), labels.flatten(), ignore_index=FIM_PAD, reduction="none"
    ).view_as(labels)
    middle = in_middle(batch)
    return torch.stack(
        [
            (losses * loss_weights(batch, middle_weight)).sum(),
            losses.sum(),
            (labels != FIM_PAD).sum().float(),
            (losses * middle).sum(),
            (middle & (labels != FIM_PAD)).sum().float(),
        ]
    )


def loss_weights(batch: Tensor, middle_weight: float) -> Tensor:
    """The weight of each next token: that of middles is raised, of their first tokens once more.

    The first tokens of a PSM middle are where a model must look back to the end of the prefix.
    """
    position = torch.arange(batch.shape[1])
    last_middle = torch.where(batch == FIM_MIDDLE, position, -99).cummax(dim=1).values
    first = position - last_middle < FIRST_TOKENS
    raised = (middle_weight - 1.0) * torch.where(first, FIRST_FACTOR, 1.0)
    return 1.0 + raised * in_middle(batch)


def in_middle(batch: Tensor) -> Tensor:
    """True where the next token belongs to a PSM middle: a `<fim_middle>` since the last separator.

    In SPM the prefix stands behind `<fim_middle>` as well, so a place cannot tell: not counted.
    """
    position = torch.arange(batch.shape[1])
    before = F.pad(batch[:, :-1], (1, 0))
    ends = (batch == FILE_SEP) | (batch == ENDOFTEXT)
    is_spm = (batch == FIM_SUFFIX) & (before == FIM_PREFIX)
    last_spm = torch.where(is_spm, position, -1).cummax(dim=1).values
    last_end = torch.where(ends, position, -1).cummax(dim=1).values
    last_middle = torch.where(batch == FIM_MIDDLE, position, -2).cummax(dim=1).values
    return (last_middle > last_end) & (last_spm <= last_end)


def summary(sums: Tensor) -> dict[str, float]:
    return {
        "loss": round(float(sums[1] / sums[2]), 4),
        "middle_loss": round(float(sums[3] / sums[4].clamp(min=1)), 4),
    }


@torch.no_grad()
def validate(model: Tiny, rows: Tensor, tokens_per_pass: int) -> dict[str, float]:
    """The losses on held-out rows, computed without the compiler: another graph is not worth it."""
    sums = sum(loss_sums(model, part, 1.0) for part in rows.split(tokens_per_pass // rows.shape[1]))
    return {f"validation_{name}": value for name, value in summary(sums).items()}


def new_optimizers(model: Tiny, kind: str) -> list[torch.optim.Optimizer]:
    """AdamW for all, or Muon for the hidden matrices and AdamW for the rest."""
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    betas = (0.9, 0.95)
    optimizers: list[torch.optim.Optimizer]
    if kind == "adamw":
        everything = [*matrices, *others]
        optimizers = [torch.optim.AdamW(everything, ADAM_RATE, betas, 1e-10, weight_decay=0.1)]
    else:
        optimizers = [
            Muon(matrices, lr=MUON_RATE, weight_decay=0.05, momentum=0.95),
            torch.optim.AdamW(others, ADAM_RATE, betas, 1e-10, weight_decay=0.0),
        ]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["base_lr"] = group["lr"]
    return optimizers


def load(
    folder: Path, model: Tiny, optimizers: list[torch.optim.Optimizer], phase: str
) -> Progress:
    """Takes up the newest checkpoint, or starts anew where there is none.

    A new phase has data of its own and starts at that data's first row.
    """
    path = folder / "checkpoint.pt"
    if not path.exists():
        return Progress(phase)
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(saved)
    if state["phase"] == phase:
        return Progress(phase, state["step"], state["tokens"], state["batch"], state["start"])
    return Progress(phase, state["step"], state["tokens"], 0, state["tokens"])


def save(
    folder: Path, model: Tiny, optimizers: list[torch.optim.Optimizer], progress: Progress
) -> None:
    """Writes the checkpoint beside the old one, then renames it: a kill leaves a whole one."""
    state = {
        "model": model.state_dict(),
        "optimizers": [o.state_dict() for o in optimizers],
        "step": progress.step,
        "tokens": progress.tokens,
        "batch": progress.batch,
        "phase": progress.phase,
        "start": progress.start,
    }
    torch.save(state, folder / "checkpoint.tmp")
    (folder / "checkpoint.tmp").replace(folder / "checkpoint.pt")


if __name__ == "__main__":
    main()
