"""The error for audio that is of no use."""


class AudioError(ValueError):
    """Audio that cannot be used; the message names the file and what is wrong with it."""
