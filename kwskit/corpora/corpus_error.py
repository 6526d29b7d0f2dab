"""What makes a corpus unusable."""


class CorpusError(ValueError):
    """A corpus that cannot be used; the message says what was found, where, and what would be right."""
