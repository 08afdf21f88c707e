"""How far two models' predictions are apart, token by token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_ROWS_AT_ONCE = 32  # in double precision, 12 MB a row of them at StarCoder2's vocabulary


@dataclass(slots=True)
class Divergence:
    """What was gathered: for each token the cost under A and B, KL(A‖B) and the agreement.

    Costs are negative log likelihoods in nats. `same_top` says whether both models find the same
    token likeliest.
    """

    cost_a: list[Doubles] = field(default_factory=list)
    cost_b: list[Doubles] = field(default_factory=list)
    kl: list[Doubles] = field(default_factory=list)
    same_top: list[npt.NDArray[np.bool_]] = field(default_factory=list)

    def add(self, logits_a: Floats, logits_b: Floats, targets: Sequence[int]) -> None:
        """Take in logits, [tokens, vocabulary] each, and the tokens that did follow."""
        wanted = np.asarray(targets)
        for start in range(0, len(wanted), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            a, b = _log_softmax(logits_a[rows]), _log_softmax(logits_b[rows])
            each = np.arange(len(a)), wanted[rows]
            self.cost_a.append(-a[each])
            self.cost_b.append(-b[each])
            self.kl.append(np.maximum((np.exp(a) * (a - b)).sum(axis=1), 0))
            self.same_top.append(a.argmax(axis=1) == b.argmax(axis=1))

    def figures(self) -> dict[str, float | int | list[float]]:
        """The figures by their names in reports."""
        kl = np.concatenate(self.kl)
        quantiles = np.quantile(kl, np.linspace(0, 1, 101))
        return {
            "n_tokens": int(kl.size),
            "perplexity_a": float(np.exp(np.concatenate(self.cost_a).mean())),
            "perplexity_b": float(np.exp(np.concatenate(self.cost_b).mean())),
            "kl_mean": float(kl.mean()),
            "kl_median": float(quantiles[50]),
            "kl_p99": float(quantiles[99]),
            "kl_max": float(quantiles[100]),
            "same_top": float(np.concatenate(self.same_top).mean()),
            "kl_percentiles": [float(value) for value in quantiles],
        }


def _log_softmax(logits: Floats) -> Doubles:
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted
