"""`sc2-lsp doctor`: looks at an installation and says what is wrong and what to do about it.

Changes nothing and prints no code. Asks nobody on a network but the server that the settings name.
"""
