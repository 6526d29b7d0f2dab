"""Random rooms."""

from pathlib import Path

import torch
from torch import Tensor

from kwskit.arguments import PositiveFloat, PositiveInt, Probability, Seed
from kwskit.constants import SAMPLE_RATE
from kwskit.frontend.chance import Chance, check_range
from kwskit.frontend.room_recordings import recorded_responses
from kwskit.frontend.room_simulation import impulse_responses
from kwskit.frontend.spectral_filter import Draw, SpectralFilter
from kwskit.registry import register
from kwskit.to_device import to_device


@register("augment", "room")
class Room(SpectralFilter):
    """Puts utterances into rooms: recorded ones, or simulated as in :mod:`kwskit.frontend.room_simulation`.

    A bank of impulse responses is made once. Each has unit energy and begins with the direct sound, so that a word
    keeps its level and its place; what rings on behind its end is cut off.

    Parameters
    ----------
    prob : share of utterances that change
    low_rt60, high_rt60 : range of the reverberation time in seconds, of simulated rooms
    rooms : size of the bank
    seconds : length of the impulse responses
    seed : of the bank
    folder : of recorded impulse responses, such as RIRS_NOISES (Ko et al. 2017); null simulates rooms
    """

    PROB = 0.5

    bank: Tensor

    def __init__(
        self,
        prob: Probability = PROB,
        low_rt60: PositiveFloat = 0.1,
        high_rt60: PositiveFloat = 0.7,
        rooms: PositiveInt = 256,
        seconds: PositiveFloat = 0.3,
        seed: Seed = 0,
        folder: str | Path | None = None,
    ):
        super().__init__()
        self.prob = prob
        low_rt60, high_rt60 = check_range("low_rt60, high_rt60", low_rt60, high_rt60, least=0.05)
        self.tail = round(seconds * SAMPLE_RATE)
        if folder is None:
            generator = torch.Generator().manual_seed(seed)
            rt60 = Chance(generator).uniform(rooms, low_rt60, high_rt60)
            bank = impulse_responses(rt60, self.tail, generator)
        else:
            bank = recorded_responses(folder, rooms, self.tail, seed)
        self.register_buffer("bank", bank, persistent=False)

    def draw(self, count: int, chance: Chance) -> Draw:
        """Rows and their rooms in the bank."""
        rows = chance.chosen(count, self.prob)
        return Draw(rows, (chance.integers(len(rows), len(self.bank)),))

    def response(self, settings: tuple[Tensor, ...], n_fft: int, like: Tensor) -> Tensor:
        """(R, bins) spectra of the impulse responses."""
        return torch.fft.rfft(self.bank[to_device(settings[0], like.device)].to(like.dtype), n_fft)
