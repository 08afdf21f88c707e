"""Choosing and making quantized StarCoder2 weights; so far only the command's name exists."""

__version__ = "0.1.0"
