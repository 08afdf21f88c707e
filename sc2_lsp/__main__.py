"""The `sc2-lsp` command; `python -m sc2_lsp` is the same."""

from __future__ import annotations

from sc2_lsp.cli import app
from sc2_lsp.launching import forbid_core_dumps


def main() -> None:
    """Run the command line; ends the process with its exit code."""
    forbid_core_dumps()
    app(prog_name="sc2-lsp")


if __name__ == "__main__":
    main()
