"""Speech synthesis engines for the synthetic corpus, picked by ``!voice:`` tag; each imports its package when built."""
