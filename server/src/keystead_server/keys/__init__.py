"""Where secrets rest: the master key in a file, token-signing keys sealed under it in the store."""
