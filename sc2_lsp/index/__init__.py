"""What is known of the files below a root: walked, parsed in the background, kept in SQLite."""
