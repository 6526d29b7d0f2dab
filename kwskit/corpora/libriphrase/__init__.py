"""LibriPhrase: its tables, its audio, its protocols, and sets made like it."""
