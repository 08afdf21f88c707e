"""Draws the loss curve of a run from its `losses.jsonl`: training, and held-out packages."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import matplotlib.pyplot as plt

SMOOTHED_POINTS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run-dir", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()

    lines = (args.run_dir / "losses.jsonl").read_text(encoding="utf-8").splitlines()
    points = newest_by_step([json.loads(line) for line in lines])
    decay = [p["tokens"] / 1e6 for p in points if p["phase"] == "decay"]
    held_out = [p for p in points if "validation_loss" in p]

    figure, axes = plt.subplots(figsize=(7, 4))
    axes.plot(*smoothed(points), linewidth=1, label="training")
    for key, label in (
        ("validation_loss", "held-out packages"),
        ("validation_middle_loss", "held-out packages, middles only"),
    ):
        some = [p for p in held_out if key in p]
        axes.plot(
            [p["tokens"] / 1e6 for p in some],
            [p[key] for p in some],
            "o-",
            markersize=3,
            label=label,
        )
    if decay:
        axes.axvspan(decay[0], decay[-1], alpha=0.1, label="learning rate decays")
    axes.set(xlabel="tokens, millions", ylabel="nats a token", ylim=(None, 6))
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(args.out, dpi=100)


def newest_by_step(points: list[dict]) -> list[dict]:
    """A resumed run logs some steps twice: the newest counts."""
    return [point for _, point in sorted({p["step"]: p for p in points}.items())]


def smoothed(points: list[dict]) -> tuple[list[float], list[float]]:
    """Means over groups of neighbouring points: tokens in millions, loss."""
    groups = [points[i : i + SMOOTHED_POINTS] for i in range(0, len(points), SMOOTHED_POINTS)]
    tokens = [sum(p["tokens"] for p in g) / len(g) / 1e6 for g in groups]
    return tokens, [sum(p["loss"] for p in g) / len(g) for g in groups]


if __name__ == "__main__":
    main()
