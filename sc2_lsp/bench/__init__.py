"""The `sc2-lsp bench` commands: what a model costs on this machine, before it is downloaded."""
