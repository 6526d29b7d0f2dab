"""A request that is not carried out."""


class Refusal(Exception):
    """Why, in a sentence for the person in front of the page or satellite, and the HTTP status that goes with it."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status
