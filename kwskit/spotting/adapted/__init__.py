"""Keywords that have been adapted: what judges their windows, and their files."""
