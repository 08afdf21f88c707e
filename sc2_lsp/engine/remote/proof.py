"""What shows which vocabulary a server's model has: StarCoder2's special tokens, and the others.

No code of a user's is sent for it.
"""

from __future__ import annotations

from sc2_lsp.engine.remote.protocol import ServerError
from sc2_lsp.vocabulary import (
    ENDOFTEXT,
    FILE_SEP,
    FIM_MIDDLE,
    FIM_PREFIX,
    FIM_SUFFIX,
    REPO_NAME,
    SPECIAL_TOKENS,
)

NEEDED = (FIM_PREFIX, FIM_MIDDLE, FIM_SUFFIX, REPO_NAME, FILE_SEP, ENDOFTEXT)
"""The special tokens that prompts are made of, and the one that ends a text."""

NEEDED_TEXT = "".join(SPECIAL_TOKENS[token] for token in NEEDED)

PLAIN_TEXT = (
    "".join(SPECIAL_TOKENS)
    + """
def merged(pairs: list[tuple[str, int]], *, limit: int = 4096) -> dict[str, float]:
\t"A tab, four spaces, eight and twelve follow; then CRLF."\r
    for number, (name, n_bytes) in enumerate(sorted(pairs), start=1):
        if not name.startswith(('__', "can't", "we'll've")) and n_bytes % 10 != 0x7f:
            return {f"{name}_{number:>08}": 3.14159e-265 * n_bytes ** 2}  # 12345678901234567890
template <typename T> std::unique_ptr<T> &&operator->*(const T &);\f
\tSELECT COUNT(*) FROM accounts WHERE created_at >= '2024-02-29T23:59:59.999Z';
export const useEffect = async ({ id, ...rest }) => ((await fetch(`/api/${id}`)).json() ?? null);
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { defer s.mu.Unlock() }
HTTPSConnectionPoolManagerFactoryBean getElementsByTagNameNS i18n_utf8_to_base64url x86_64
<div class="row-fluid" style='margin:0 auto'>&nbsp;&#8217;</div> $(@F) %-10s \\\\ //====---->>> ~~!!
Grüße, naïveté, Žluťoučký kůň, İstanbul, Ελληνικά, Кириллица, עברית, العربية, हिन्दी, ไทย, 한국어,
日本語のテキスト、简体中文。٣٤٥ ½ ² Ⅳ 一二三 e\u0301\u200d\u2060\xa0\u2003\u2028\u3000\x85\x1c
👩\u200d💻 🏳\ufe0f\u200d🌈 ∀x∈ℝ: ⌈x⌉ ≤ 10³ € £ ¥ “quoted” – dashed — … ── │ └
"""
    + " " * 40
    + "=" * 70
    + "\n\n\n"
    + "\t" * 9
    + "ab" * 40
    + "\n"
)
"""Words, numbers, runs and chars of many kinds, and control tokens to be taken as plain text."""


def differs(name: str) -> ServerError:
    """The model `name` is no StarCoder2."""
    message = f"has {name}, which is no StarCoder2 model: its special tokens differ"
    return ServerError(message, is_away=True)
