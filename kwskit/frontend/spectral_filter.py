"""Augmentation in the frequency domain: any number of filters and a change of speed, in one transform."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import scipy.fft
import torch
from torch import Tensor, nn

from kwskit.batch import length_mask
from kwskit.frontend.chance import Chance
from kwskit.to_device import to_device

# The least length of an utterance, 25 ms at 16 kHz.
WINDOW = 400


@dataclass(frozen=True)
class Draw:
    """What a filter drew for a batch: ``rows`` (R,) int64 that it changes, and what it needs to know of each."""

    rows: Tensor
    settings: tuple[Tensor, ...]


class SpectralFilter(nn.Module):
    """A filter that multiplies the spectrum of some utterances of a batch.

    Attributes
    ----------
    tail : samples by which the filter's output may outlast its input, so that transforms leave room for it
    """

    tail = 0

    def draw(self, count: int, chance: Chance) -> Draw:
        """Settings for a batch of ``count`` utterances; the only place where the filter is random."""
        raise NotImplementedError(f"{type(self).__name__} must define draw(count, chance)")

    def response(self, settings: tuple[Tensor, ...], n_fft: int, like: Tensor) -> Tensor:
        """(R, n_fft // 2 + 1) factors for real transforms of ``n_fft`` samples, on the device of ``like``."""
        raise NotImplementedError(f"{type(self).__name__} must define response(settings, n_fft, like)")

    def forward(self, wav: Tensor, wav_lens: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        return filter_and_resample(wav, wav_lens, [(self, self.draw(len(wav), Chance(generator)))])


def filter_and_resample(
    wav: Tensor,
    wav_lens: Tensor,
    filters: Sequence[tuple[SpectralFilter, Draw]],
    speeds: Sequence[Fraction] = (Fraction(1),),
    speed_of: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Multiply spectra by the drawn ``filters`` and play utterances at their speeds: one transform and its inverse.

    A spectrum of ``a m`` samples, transformed back to ``b m`` samples, is the same sound ``a / b`` times as fast:
    band-limited resampling at no further cost. Utterances that nothing changes are copied.

    Parameters
    ----------
    wav : (N, S), zero behind each utterance's end
    wav_lens : (N,), on the CPU wherever ``wav`` is, so that nobody waits for the device to tell the longest
    filters : each with what it drew
    speeds : the speeds that occur; speed_of : (N,) int64, on the CPU, which of them each utterance gets (the first
        by default)

    Returns
    -------
    (N, longest) and (N,): an utterance of ``s`` samples at speed ``v`` has ``ceil(s / v)``, but one is never made
    shorter than a 25 ms window
    """
    count, device = len(wav), wav.device
    speed_of = torch.zeros(count, dtype=torch.int64) if speed_of is None else speed_of
    touched = torch.tensor([speed != 1 for speed in speeds])[speed_of]
    filters = [(part, draw) for part, draw in filters if len(draw.rows)]
    for _, draw in filters:
        touched[draw.rows] = True
    if not touched.any():
        return wav, wav_lens
    over, under = (
        torch.tensor([getattr(speed, part) for speed in speeds])[speed_of] for part in ("numerator", "denominator")
    )
    known = wav_lens.cpu()  # a device would have to be asked
    lens = torch.maximum((known * under + over - 1) // over, known.clamp(max=WINDOW))
    size = wav.shape[1] + sum(part.tail for part, _ in filters)
    n_fft = _transform_size(size, speeds)
    rows = torch.nonzero(touched).flatten()
    spectrum = torch.fft.rfft(wav.index_select(0, to_device(rows, device)), n_fft)
    place = torch.cumsum(touched, 0) - 1
    for part, draw in filters:
        own = to_device(place[draw.rows], device)
        response = part.response(draw.settings, n_fft, wav)
        spectrum.index_copy_(0, own, response.mul(spectrum.index_select(0, own)))
    out = torch.constant_pad_nd(wav, (0, int(lens.max()) - wav.shape[1]))
    there = to_device(lens, device)
    for index, speed in enumerate(speeds):
        group = torch.nonzero(speed_of[rows] == index).flatten()
        if len(group):
            at_speed = spectrum if len(group) == len(rows) else spectrum.index_select(0, to_device(group, device))
            _transform_back(at_speed, n_fft, speed, out, there, to_device(rows[group], device))
    return out, lens if wav_lens.is_cpu else there


def _transform_size(size: int, speeds: Sequence[Fraction]) -> int:
    """A fast even transform size of at least ``size`` that every speed turns into whole samples."""
    unit = 2 * math.lcm(*(speed.numerator for speed in speeds))
    return unit * scipy.fft.next_fast_len(-(-size // unit), real=True)


def _transform_back(spectrum: Tensor, n_fft: int, speed: Fraction, out: Tensor, lens: Tensor, rows: Tensor) -> None:
    """Write the sounds of ``spectrum`` (R, bins), at ``speed``, into the ``rows`` (R,) of ``out`` (N, longest)."""
    n_out = n_fft * speed.denominator // speed.numerator
    sound = torch.fft.irfft(spectrum, n_out, norm="forward")[:, : out.shape[1]].mul_(1.0 / n_fft)
    if sound.shape[1] < out.shape[1]:
        sound = torch.constant_pad_nd(sound, (0, out.shape[1] - sound.shape[1]))
    out.index_copy_(0, rows, sound.mul_(length_mask(lens[rows], out.shape[1])))
