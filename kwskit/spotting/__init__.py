"""Searching recordings for typed and spoken words: windows, scores, peaks."""

FA_PER_HOUR = 0.5  # false alarms an hour that a keyword may have, where nothing is said of it
