"""The whole chain of waveform augmentation."""

import torch
from torch import Tensor, nn

from kwskit.frontend.babble import Babble
from kwskit.frontend.band_limit import BandLimit
from kwskit.frontend.chance import Chance
from kwskit.frontend.gain import Gain
from kwskit.frontend.musan import Musan
from kwskit.frontend.noise import Noise
from kwskit.frontend.room import Room
from kwskit.frontend.spectral_filter import filter_and_resample
from kwskit.frontend.speed import Speed
from kwskit.registry import register


@register("augment", "waveform")
class Waveform(nn.Module):
    """Noise, babble, room, band limits, speed and gain, in this order, each for a random share of utterances (ours).

    With the corpora MUSAN and RIRS_NOISES at hand, name their folders in ``musan`` and ``rirs``; without them noise is
    synthetic, babble is the batch's own and rooms are simulated.

    Room, band limits and speed share one Fourier transform; the noise sounds in the same room as the word. Each part
    is its default (true), left out (false or null), or another part of the kind ``augment``.

    Parameters
    ----------
    noise, babble, gain : applied in the time domain
    room, band_limit : a SpectralFilter each
    speed : a Speed
    musan : folder of MUSAN, whose noise, music and babble then take the place of ``noise`` and ``babble``
    rirs : folder of RIRS_NOISES, whose impulse responses ``room`` then uses
    """

    def __init__(
        self,
        noise: nn.Module | bool | None = True,
        babble: nn.Module | bool | None = True,
        room: Room | bool | None = True,
        band_limit: BandLimit | bool | None = True,
        speed: Speed | bool | None = True,
        gain: nn.Module | bool | None = True,
        musan: str | None = None,
        rirs: str | None = None,
    ):
        super().__init__()
        if musan is not None:
            noise, babble = Musan(musan), None
        if rirs is not None and room:
            room = Room(prob=room.prob if isinstance(room, Room) else Room.PROB, folder=rirs)
        self.noise = Noise() if noise is True else noise or None
        self.babble = Babble() if babble is True else babble or None
        self.room = Room() if room is True else room or None
        self.band_limit = BandLimit() if band_limit is True else band_limit or None
        self.speed = Speed() if speed is True else speed or None
        self.gain = Gain() if gain is True else gain or None

    def forward(self, wav: Tensor, wav_lens: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        chance = Chance(generator)
        for part in (self.noise, self.babble):
            if part is not None:
                wav, wav_lens = part(wav, wav_lens, chance.generator)
        filters = [(part, part.draw(len(wav), chance)) for part in (self.room, self.band_limit) if part is not None]
        if self.speed is not None:
            speed_of = self.speed.draw(len(wav), chance)
            wav, wav_lens = filter_and_resample(wav, wav_lens, filters, self.speed.speeds, speed_of)
        elif filters:
            wav, wav_lens = filter_and_resample(wav, wav_lens, filters)
        if self.gain is not None:
            wav, wav_lens = self.gain(wav, wav_lens, chance.generator)
        return wav, wav_lens
