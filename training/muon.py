"""Muon for a small model on a CPU: matrices of one shape are orthogonalized together, as one batch.

The update is that of `torch.optim.Muon` (momentum 0.95, Nesterov, five Newton-Schulz steps, scale
sqrt(max(1, rows / columns)), decoupled weight decay); batching makes it several times quicker on a
CPU. Source: https://kellerjordan.github.io/posts/muon/
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


class Muon(torch.optim.Optimizer):
    """For matrices only; everything else belongs to another optimizer."""

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        lr: float,
        weight_decay: float,
        momentum: float,
        dtype: torch.dtype = torch.bfloat16,
    ) -> None:
        self._dtype = dtype
        shapes: dict[tuple[int, ...], list[nn.Parameter]] = {}
        for parameter in params:
            shapes.setdefault(tuple(parameter.shape), []).append(parameter)
        groups = [{"params": group} for group in shapes.values()]
        super().__init__(groups, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            updates = []
            for parameter in group["params"]:
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
                updates.append(parameter.grad.lerp(state["momentum"], group["momentum"]))
            rows, columns = group["params"][0].shape
            scale = max(1.0, rows / columns) ** 0.5
            directions = orthogonal(torch.stack(updates), self._dtype)
            for parameter, direction in zip(group["params"], directions, strict=True):
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(direction, alpha=-group["lr"] * scale)


def orthogonal(matrices: Tensor, dtype: torch.dtype) -> Tensor:
    """The nearly orthogonal factor of each matrix of shape (batch, rows, columns)."""
    a, b, c = COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    x = (matrices.mT if tall else matrices).to(dtype)
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(5):
        gram = x @ x.mT
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    x = x.float()
    return x.mT if tall else x
