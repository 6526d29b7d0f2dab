"""Distance of segments and tokens."""

import torch
from torch import nn

from kwskit.aligners.dynamic_programming.frame_owners import feasible
from kwskit.embeddings import INFEASIBLE, Embeddings, Match
from kwskit.numerics import at_least_float32, unit
from kwskit.registry import register


@register("matcher", "segment_distance")
class SegmentDistance(nn.Module):
    """EMKWS: minus the mean distance of each token and the mean of its frames (Nishu et al. 2023).

    Needs ``aligner: !aligner:dsp``. A pair with fewer frames than tokens scores
    :data:`~kwskit.embeddings.INFEASIBLE`. The mean over tokens is a reconstruction.

    Parameters
    ----------
    normalize : compare unit vectors, so that distances lie between 0 and 2 (ours)
    """

    def __init__(self, normalize: bool = False):
        super().__init__()
        self.normalize = normalize

    def forward(self, emb: Embeddings) -> Match:
        audio, text = at_least_float32(emb.aligned_audio), at_least_float32(emb.text_tokens)
        if self.normalize:
            audio, text = unit(audio), unit(text)
        difference = (audio - text).masked_fill(~emb.text_mask.unsqueeze(-1), 0.0)
        distance = torch.linalg.vector_norm(difference, dim=-1).sum(1) / emb.text_mask.sum(1).clamp(min=1)
        return Match((-distance).masked_fill(~feasible(emb.affinity, emb.text_mask), INFEASIBLE))
