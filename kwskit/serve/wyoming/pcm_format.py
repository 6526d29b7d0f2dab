"""Sound in any format that the Wyoming protocol may have it in."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwskit.serve.refusal import Refusal

WIDTHS = (1, 2, 3, 4)


@dataclass(frozen=True)
class PcmFormat:
    """Interleaved little-endian samples: unsigned where they have one byte, as in a WAV, else signed.

    Attributes
    ----------
    rate : in Hz
    width : bytes of a sample
    channels : of which the mean is heard
    """

    rate: int
    width: int
    channels: int

    @classmethod
    def of(cls, data: dict[str, Any]) -> "PcmFormat":
        """That of the data of an event.

        Raises
        ------
        Refusal
            When a number is missing, or none that sound can have.
        """
        for name in ("rate", "width", "channels"):
            number = data.get(name)
            if not isinstance(number, int) or isinstance(number, bool) or number < 1:
                raise Refusal(400, f"{name} of audio is a whole number above 0, not {_shown(number)}.")
        if data["width"] not in WIDTHS:
            raise Refusal(400, f"width of audio is 1 to 4 bytes, not {_shown(data['width'])}.")
        return cls(data["rate"], data["width"], data["channels"])

    def blocks(self, audio: bytes, seconds: float) -> list[bytes]:
        """``audio`` in blocks of at most ``seconds``, for :meth:`mono`: decoded, they may be eight times as large.

        Raises
        ------
        Refusal
            When a sample of a channel is missing.
        """
        size = self.width * self.channels
        if len(audio) % size:
            shape = f"{self.channels} channels of {self.width} bytes"
            raise Refusal(400, f"A chunk of {len(audio)} bytes does not hold whole samples of {shape}.")
        step = size * max(1, int(seconds * self.rate))
        return [audio[at : at + step] for at in range(0, len(audio), step)]

    def mono(self, audio: bytes) -> NDArray[np.int16] | NDArray[np.float64]:
        """(samples,) of a block, int16 or float in [-1, 1], at its own rate."""
        if self.width == 2 and self.channels == 1:
            return np.frombuffer(audio, "<i2").astype(np.int16)
        if self.width == 1:
            samples = np.frombuffer(audio, np.uint8) / 128 - 1
        else:  # moved to the upper bytes of four
            bytes_of = np.zeros((len(audio) // self.width, 4), np.uint8)
            bytes_of[:, 4 - self.width :] = np.frombuffer(audio, np.uint8).reshape(-1, self.width)
            samples = bytes_of.view("<i4")[:, 0] / 2.0**31
        return samples.reshape(-1, self.channels).mean(axis=1)


def _shown(value: object) -> str:
    return repr(value)[:40]
