"""What is wrong with the card of a model."""

from kwskit.model_error import ModelError


class CardError(ModelError):
    """A ``card.json`` that cannot be used; the message names the file and the field."""
