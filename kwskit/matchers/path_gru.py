"""A recurrent verifier along the alignment's path."""

import torch
from torch import nn

from kwskit.aligners.dynamic_programming.frame_owners import feasible
from kwskit.arguments import PositiveInt
from kwskit.embeddings import INFEASIBLE, Embeddings, Match
from kwskit.matchers.attention_gru import last_state
from kwskit.numerics import at_least_float32, unit
from kwskit.registry import register


@register("matcher", "path_gru")
class PathGru(nn.Module):
    """CED's verifier: cosines on the path weigh the frames, a GRU reads the result token by token (Nishu et al. 2024).

    Cosines of text vectors and frames are set to 0 off the path that the aligner found, multiplied with the frames
    (N, T_t, d), and read by a GRU, whose last state a linear layer turns into a logit. Needs ``aligner:
    !aligner:dsp`` (any whose affinity is 0 off its path will do) and text vectors of the frames' size. A
    pair with fewer frames than tokens scores :data:`~kwskit.embeddings.INFEASIBLE`.

    Parameters
    ----------
    dim : size of frames and text vectors
    hidden : units of the GRU
    average : divide by the number of the token's frames, so that the length of a sound does not matter (ours)
    """

    def __init__(self, dim: PositiveInt = 144, hidden: PositiveInt = 128, average: bool = False):
        super().__init__()
        self.average = average
        self.gru = nn.GRU(dim, hidden, batch_first=True)
        self.output = nn.Linear(hidden, 1)

    def forward(self, emb: Embeddings) -> Match:
        affinity, mask = emb.affinity.detach(), emb.text_mask
        frames = at_least_float32(emb.audio_frames).masked_fill(~emb.audio_mask.unsqueeze(-1), 0.0)
        tokens = at_least_float32(emb.text_tokens).masked_fill(~mask.unsqueeze(-1), 0.0)
        with torch.autocast(frames.device.type, enabled=False):
            cosine = unit(tokens) @ unit(frames).transpose(1, 2)
            on_path = affinity if self.average else (affinity > 0).to(cosine.dtype)
            weighed = (cosine * on_path) @ frames
        states, _ = self.gru(weighed)
        score = at_least_float32(self.output(last_state(states, mask.sum(1))).squeeze(1))
        return Match(score.masked_fill(~feasible(affinity, mask), INFEASIBLE))
