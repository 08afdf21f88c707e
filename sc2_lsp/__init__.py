"""Inline code completion with StarCoder2 on the user's own machine, over LSP."""

__version__ = "0.1.0"
