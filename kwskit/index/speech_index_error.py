"""What can go wrong with an index."""


class SpeechIndexError(ValueError):
    """An index that cannot be used; the message says what is wrong, where, and what to do."""
