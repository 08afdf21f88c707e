"""One file per command: options in, one call to the code beside this folder, a report out."""
