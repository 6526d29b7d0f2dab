"""kwskit: open-vocabulary keyword spotting enrolled by typing."""

from kwskit import torchaudio_extension

__version__ = "0.1.0"

torchaudio_extension.install()
