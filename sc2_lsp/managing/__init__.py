"""`sc2-lsp model`: which models there are, which one is used, and how they come and go."""
