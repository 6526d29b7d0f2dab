"""Why a model was not exported."""


class ExportError(ValueError):
    """What was exported does not do what the model does, or cannot be made; nothing is left behind."""
