"""From a snapshot to a suggestion: the order of the stages, and what is remembered between them.

`service` is the door. Stages do no IO and know no editor; the engine is reached through its port.
"""
