"""Features of words in their recordings, computed once before training."""
