"""kwskit: open-vocabulary keyword spotting enrolled by typing."""

__version__ = "0.1.0"
