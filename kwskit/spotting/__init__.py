"""Searching recordings for typed and spoken words: windows, scores, peaks."""
