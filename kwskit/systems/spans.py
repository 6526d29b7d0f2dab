"""Words and phrases as spans of the frames of whole utterances."""

import torch
from torch import Tensor

from kwskit.batch import length_mask


def span_frames(frames: Tensor, lens: Tensor, samples: Tensor, spans: Tensor) -> tuple[Tensor, Tensor]:
    """The frames of spans (N, longest, d), zero padded, and their number (N,), at least 1 (ours).

    Times are shares of the utterance, so that they hold whatever its speed has been changed to.

    Parameters
    ----------
    frames, lens : (S, T, d) frames of utterances, and their number (S,)
    samples : (S,) int64, length of the utterances
    spans : (N, 3) int64: the row of each span's utterance, and where it begins and ends there, in samples
    """
    row, begin, end = spans.unbind(1)
    rate = lens[row] / samples[row].clamp(min=1)
    most = lens[row] - 1
    first = torch.minimum((begin * rate).round().long().clamp(min=0), most)
    last = torch.minimum((end * rate).round().long() - 1, most).maximum(first)
    counts = last - first + 1
    valid = length_mask(counts, int(counts.max()) if len(counts) else 0)
    place = first[:, None] + torch.arange(valid.shape[1], device=frames.device)
    found = frames[row[:, None], place.clamp(max=frames.shape[1] - 1)]
    return found.masked_fill(~valid.unsqueeze(-1), 0.0), counts
