"""Background of the MUSAN corpus."""

from pathlib import Path

import torch
from torch import Tensor, nn

from kwskit.arguments import PositiveFloat, PositiveInt, Probability, Seed
from kwskit.frontend.chance import Chance, check_range
from kwskit.frontend.mixing import mix_at_snr
from kwskit.frontend.sound_bank import SoundBank
from kwskit.registry import register
from kwskit.to_device import to_device

KINDS = ("noise", "music", "speech")


@register("augment", "musan")
class Musan(nn.Module):
    """Adds noise, music or the babble of several speakers, one of the three, at SNR ranges of their own.

    Corpus: Snyder et al. 2015, "MUSAN"; ranges and numbers of voices: Kaldi's recipe for VoxCeleb. Whatever lies in the
    folders ``noise``, ``music`` and ``speech`` is used, so that recordings of one's own do as well; a kind whose
    folder is absent is never drawn.

    Parameters
    ----------
    folder : the corpus
    prob : share of utterances that get a background
    noise_snr, music_snr, babble_snr : ranges of the signal-to-noise ratio in dB
    voices : least and largest number of voices of a babble
    hours : at most so much of each kind is kept in memory (230 MB an hour while reading, 115 MB after); null keeps all
    seed : of the choice of recordings

    Raises
    ------
    ValueError
        When the folder has none of the three, or a range is none.
    """

    def __init__(
        self,
        folder: str,
        prob: Probability = 0.8,
        noise_snr: tuple[float, float] = (0.0, 15.0),
        music_snr: tuple[float, float] = (5.0, 15.0),
        babble_snr: tuple[float, float] = (13.0, 20.0),
        voices: tuple[PositiveInt, PositiveInt] = (3, 7),
        hours: PositiveFloat | None = 1.0,
        seed: Seed = 0,
    ):
        super().__init__()
        self.prob = prob
        found = [kind for kind in KINDS if (Path(folder) / kind).is_dir()]
        if not found:
            raise ValueError(f"{folder}: has none of the folders {', '.join(KINDS)}; give the folder of MUSAN")
        ranges = {"noise": noise_snr, "music": music_snr, "speech": babble_snr}
        names = {"noise": "noise_snr", "music": "music_snr", "speech": "babble_snr"}
        self.ranges = [check_range(names[kind], ranges[kind][0], ranges[kind][1]) for kind in found]
        self.voices = check_range("voices", voices[0], voices[1], least=1)
        self.banks = [SoundBank(Path(folder) / kind, hours, seed) for kind in found]
        self.babble = found.index("speech") if "speech" in found else -1

    def forward(self, wav: Tensor, wav_lens: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        chance = Chance(generator)
        rows = chance.chosen(len(wav), self.prob)
        kind = chance.integers(len(rows), len(self.banks))
        low, high = torch.tensor(self.ranges)[kind].unbind(1)
        snr_db = low + chance.uniform(len(rows), 0.0, 1.0) * (high - low)
        background = wav.new_zeros(len(rows), wav.shape[1])
        for k, bank in enumerate(self.banks):
            own = torch.nonzero(kind == k).flatten()
            if len(own):
                sound = self._babble(bank, len(own), chance, wav) if k == self.babble else None
                sound = bank.stretches(len(own), wav.shape[1], chance, wav) if sound is None else sound
                background = background.index_copy(0, to_device(own, wav.device), sound)
        return mix_at_snr(wav, wav_lens, rows, background, snr_db), wav_lens

    def _babble(self, bank: SoundBank, count: int, chance: Chance, like: Tensor) -> Tensor:
        """(count, S): the sum of several stretches of speech each."""
        least, most = int(self.voices[0]), int(self.voices[1])
        voices = least + chance.integers(count, most - least + 1)
        owner = to_device(torch.arange(count).repeat_interleave(voices), like.device)
        spoken = bank.stretches(int(voices.sum()), like.shape[1], chance, like)
        return like.new_zeros(count, like.shape[1]).index_add(0, owner, spoken)
