"""What is wrong with a model, told without torch."""


class ModelError(ValueError):
    """A model directory that cannot be used; the message names the file."""
