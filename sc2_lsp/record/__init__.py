"""The record of suggestions that the user asked for: numbers on this machine's disk, no code."""
