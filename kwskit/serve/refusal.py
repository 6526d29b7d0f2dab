"""A request that is not carried out."""

from kwskit.errors import UnpronounceableText


class Refusal(Exception):
    """Why, in a sentence for the person in front of the page or satellite, and the HTTP status that goes with it."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


def unpronounceable(error: UnpronounceableText) -> Refusal:
    """The refusal of a text that cannot be read out."""
    shown = error.text if len(error.text) <= 40 else f"{error.text[:39]}…"
    return Refusal(400, f"“{shown}” cannot be read out: {error.reason}.")
