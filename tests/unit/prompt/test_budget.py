from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sc2_lsp.prompt.budget import Budget, share
from sc2_lsp.prompt.starcoder2 import N_CONTROL_TOKENS

sizes = st.integers(0, 5000)


@given(st.integers(64, 8192), st.integers(1, 48), sizes, sizes, sizes, sizes)
def test_the_shares_of_a_budget_fit_the_context_with_the_generation(
    n_ctx: int, max_tokens: int, repository: int, context: int, prefix: int, suffix: int
) -> None:
    got = share(n_ctx, max_tokens, Budget(repository, context, prefix, suffix))
    total = sum((got.repository, got.context, got.prefix, got.suffix, got.typed, N_CONTROL_TOKENS))
    assert min(got.repository, got.context, got.suffix) >= 0
    assert min(got.prefix, got.typed) >= 1
    assert total + max_tokens <= n_ctx or got == Budget(got.repository, 0, 1, 0, 1)


def test_other_files_give_way_first_then_prefix_and_suffix_in_proportion() -> None:
    wanted = Budget(5, 1024, 1536, 512, 384)
    assert share(4096, 96, wanted) == wanted
    assert share(2560, 96, wanted) == Budget(5, 22, 1536, 512, 384)
    assert share(2048, 96, wanted) == Budget(5, 0, 1169, 389, 384)
    assert share(1024, 96, wanted) == Budget(5, 0, 517, 172, 229)
