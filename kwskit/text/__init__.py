"""Grapheme-to-phoneme and tokenizers."""
