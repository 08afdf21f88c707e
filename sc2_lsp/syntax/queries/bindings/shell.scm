; A shell knows no types.
