"""What goes wrong, as one sentence for whoever typed the command.

QuantizeError
├── BadInput    a file or an option is wrong: nothing was written
└── NoRoom      disk or memory would not suffice: nothing was written
"""

from __future__ import annotations


class QuantizeError(Exception):
    """The message says what is wrong, where, and what to do."""


class BadInput(QuantizeError):
    """A file or an option that cannot be used."""


class NoRoom(QuantizeError):
    """Not enough disk space or memory for what was asked."""
