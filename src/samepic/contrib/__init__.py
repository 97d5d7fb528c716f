"""Parts for web frameworks: thin, and each imports its framework alone."""
