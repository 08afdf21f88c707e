"""The engine: llama.cpp in a process of its own, and the client that the server talks to it with.

`client` implements the `ManagedEngine` port over `protocol` messages; `host` is the other process.
Only `llama` imports llama_cpp, and only the host imports `llama`.
"""
