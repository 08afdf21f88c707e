"""The engine on another machine: a llama-server that a team runs, and the local one in its place.

Context is gathered here; the prompt alone travels, with its secrets taken out as ever. Only the
user's own settings name an address.
"""
