"""Run `sc2-quantize`."""

from __future__ import annotations

from quantize.cli import app


def main() -> None:
    """Run the command; the console script's entry."""
    app(prog_name="sc2-quantize")


if __name__ == "__main__":
    main()
