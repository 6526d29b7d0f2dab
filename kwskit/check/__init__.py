"""Is it a good keyword? Pronunciations, what a model takes for it, false alarms, advice."""
