"""Prompts: how many tokens each part may have, which text that is, and how the parts stand.

Pure functions of tokens and text; the tokens of a text come from the engine.
"""
