"""Poolers: a sequence of embeddings to one, one a file."""
