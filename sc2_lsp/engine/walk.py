"""Where a generation stands in the KV cache, and how it goes on by one token.

A token that the cache holds already, from an earlier generation or a draft, with the ranking after
it, costs no evaluation.
"""

from __future__ import annotations

from collections.abc import Callable

from sc2_lsp.engine.cache import N_SCRATCH_CELLS, KvCache
from sc2_lsp.engine.drafting import Drafter
from sc2_lsp.engine.ranking import Logits, Ranking
from sc2_lsp.ports import Clock


class CacheWalk:
    """A walk on a sequence of the cache, behind its first `n_tokens` tokens, up to `n_most`.

    `before_step` is called before each evaluation and may raise to end the walk. With a `drafter`
    guessed tokens are evaluated along; those that come true are found in the cache then.
    """

    def __init__(
        self,
        cache: KvCache,
        sequence: int,
        n_tokens: int,
        n_most: int,
        before_step: Callable[[], None],
        clock: Clock,
        drafter: Drafter | None,
    ) -> None:
        self.sequence = sequence
        self.n_tokens = n_tokens
        self.n_steps = 0
        self._cache = cache
        self._n_most = n_most
        self._before_step = before_step
        self._clock = clock
        self._drafter = drafter

    def ranking(self) -> Ranking:
        """What may come next."""
        ranking = self._cache.ranking(self.sequence, self.n_tokens)
        assert ranking is not None, "a walk stands only where the ranking is known"
        return ranking

    def logits(self) -> Logits:
        """The same of all tokens, valid until the next evaluation; may cost one."""
        self._before_step()
        return self._cache.logits(self.sequence, self.n_tokens)

    def is_full(self) -> bool:
        """Whether there is no room to advance."""
        return self.n_tokens >= self._n_most

    def advance(self, token: int) -> None:
        """Take `token`."""
        held = self._cache.sequences.held[self.sequence]
        here = self.n_tokens
        if here >= len(held.tokens):
            self._evaluate(token)
        elif held.tokens[here] != token or here not in held.rankings:
            # What stands here is of another text: drop it, or leave it where it is and go on in
            # another sequence.
            plan = self._cache.plan((*held.tokens[:here], token), self._n_most - here - 1)
            self._cache.arrange(plan)
            self.sequence = plan.sequence
            if plan.n_evaluate:
                self._evaluate(token)
        self.n_tokens += 1

    def _evaluate(self, token: int) -> None:
        self._before_step()
        self.n_steps += 1
        if self._drafter is None:
            self._cache.append(self.sequence, (token,), n_ranked=1)
            return
        held = self._cache.sequences.held[self.sequence]
        self._drafter.take(held.tokens[self._drafter.n_tokens :])
        self._drafter.take((token,))
        n_room = min(self._n_most - self.n_tokens, self._cache.n_batch) - 1
        tokens = (token, *self._drafter.draft(n_room))
        started_s = self._clock()
        self._cache.append(self.sequence, tokens, n_ranked=len(tokens))
        self._drafter.payoff.learn_time(len(tokens), self._clock() - started_s)


class BranchWalk:
    """A walk beside a sequence of the cache that leaves no trace there, see `KvCache.branch`."""

    def __init__(
        self, append: Callable[[int], Ranking], n_most: int, before_step: Callable[[], None]
    ) -> None:
        self._append = append
        self._n_left = min(n_most, N_SCRATCH_CELLS)
        self._before_step = before_step

    def is_full(self) -> bool:
        """Whether there is no room to advance."""
        return self._n_left <= 0

    def advance(self, token: int) -> Ranking:
        """Take `token`; what may come after it."""
        self._before_step()
        self._n_left -= 1
        return self._append(token)
