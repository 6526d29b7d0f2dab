"""The error for text that cannot be spoken."""


class UnpronounceableText(ValueError):
    """Text that yields no phoneme or character: the message names the text and the reason."""

    def __init__(self, text: str, reason: str):
        shown = text if len(text) <= 60 else f"{text[:57]}..."
        super().__init__(f"cannot pronounce {shown!r}: {reason}")
        self.text = text
        self.reason = reason

    def __reduce__(self):
        return type(self), (self.text, self.reason)
