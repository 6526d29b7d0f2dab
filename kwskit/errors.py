"""What stands in the way of a command, said to a person: what is wrong, where, and what would be right."""


def first_line(error: Exception) -> str:
    """What another library's error says, in a line."""
    return (str(error).strip() or type(error).__name__).split("\n", 1)[0][:300]


class AudioError(ValueError):
    """Audio that cannot be used; the message names the file and what is wrong with it."""


class CorpusError(ValueError):
    """A corpus that cannot be used; the message says what was found, where, and what would be right."""


class ExportError(ValueError):
    """What was exported does not do what the model does, or cannot be made; nothing is left behind."""


class ModelError(ValueError):
    """A model directory that cannot be used; the message names the file."""


class CardError(ModelError):
    """A ``card.json`` that cannot be used; the message names the file and the field."""


class PublishError(ValueError):
    """A model that is not published; the message says what stands in the way, and what would be right."""


class RecipeError(ValueError):
    """A recipe or a part that cannot be found, copied or begun; the message says what there is."""


class SpeechIndexError(ValueError):
    """An index that cannot be used; the message says what is wrong, where, and what to do."""


class SynthesisError(RuntimeError):
    """A corpus that cannot be synthesised as asked; the message says what stands in the way."""


class UnpronounceableText(ValueError):
    """Text that yields no phoneme or character: the message names the text and the reason."""

    def __init__(self, text: str, reason: str):
        shown = text if len(text) <= 60 else f"{text[:57]}..."
        super().__init__(f"cannot pronounce {shown!r}: {reason}")
        self.text = text
        self.reason = reason

    def __reduce__(self):
        return type(self), (self.text, self.reason)
