"""What runs in the child process, a file per job: `run(options, tell)` returns plain values.

These modules alone use `quantize.llama`.
"""
