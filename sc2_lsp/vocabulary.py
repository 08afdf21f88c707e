"""The special tokens of StarCoder2's vocabulary: their ids and how they look as text.

Control tokens are put into a prompt by id. Their text is only looked for in what a model wrote,
never in what a user typed: a file that mentions `<file_sep>` stays as it is.
"""

from __future__ import annotations

ENDOFTEXT = 0
FIM_PREFIX = 1
FIM_MIDDLE = 2
FIM_SUFFIX = 3
FIM_PAD = 4
REPO_NAME = 5
FILE_SEP = 6
EMAIL = 35
KEY = 36
PASSWORD = 37

SPECIAL_TOKENS: tuple[str, ...] = (
    "<|endoftext|>",
    "<fim_prefix>",
    "<fim_middle>",
    "<fim_suffix>",
    "<fim_pad>",
    "<repo_name>",
    "<file_sep>",
    "<issue_start>",
    "<issue_comment>",
    "<issue_closed>",
    "<jupyter_start>",
    "<jupyter_text>",
    "<jupyter_code>",
    "<jupyter_output>",
    "<jupyter_script>",
    "<empty_output>",
    "<code_to_intermediate>",
    "<intermediate_to_code>",
    "<pr>",
    "<pr_status>",
    "<pr_is_merged>",
    "<pr_base>",
    "<pr_file>",
    "<pr_base_code>",
    "<pr_diff>",
    "<pr_diff_hunk>",
    "<pr_comment>",
    "<pr_event_id>",
    "<pr_review>",
    "<pr_review_state>",
    "<pr_review_comment>",
    "<pr_in_reply_to_review_id>",
    "<pr_in_reply_to_comment_id>",
    "<pr_diff_hunk_comment_line>",
    "<NAME>",
    "<EMAIL>",
    "<KEY>",
    "<PASSWORD>",
)
"""The text of each special token; its index is its id. All other tokens are ordinary."""

N_SPECIAL_TOKENS = len(SPECIAL_TOKENS)
