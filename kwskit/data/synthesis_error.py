"""What stands in the way of a synthetic corpus."""


class SynthesisError(RuntimeError):
    """A corpus that cannot be synthesised as asked; the message says what stands in the way."""
