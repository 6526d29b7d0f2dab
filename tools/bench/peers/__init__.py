"""Spotters of other packages in one stream with kwskit."""
