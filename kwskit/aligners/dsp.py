"""Dynamic sequence partitioning."""

from typing import Annotated

import torch
from torch import Tensor, nn

from kwskit.aligners.dynamic_programming.frame_owners import average_owned
from kwskit.aligners.dynamic_programming.sequence_partition import partition_by_means, partition_by_path
from kwskit.arguments import OneOf
from kwskit.numerics import at_least_float32, unit
from kwskit.registry import register

COSTS = ("path", "segment_mean")


@register("aligner", "dsp")
class DynamicSequencePartition(nn.Module):
    """Frames cut into one segment a token, by dynamic programming (dynamic sequence partitioning, Nishu et al. 2023).

    ``(N, T_t, d), (N, T_t), (N, T_a, d), (N, T_a) -> aligned (N, T_t, d), affinity (N, T_t, T_a)``. Aligned audio is
    the mean of each segment; gradients reach its frames and not the cut. A pair with fewer frames
    than tokens has no cut: its aligned audio and affinity are 0
    (:func:`~kwskit.aligners.dynamic_programming.frame_owners.feasible` tells). The recursions are a reconstruction.

    Parameters
    ----------
    cost : ``path`` (largest sum of cosines of frames and their tokens) or ``segment_mean`` (smallest sum of
        distances of segment means and tokens; its time and memory grow with the square of the frames)
    """

    def __init__(self, cost: Annotated[str, OneOf(COSTS)] = "path"):
        super().__init__()
        self.cost = cost

    def forward(
        self,
        text_tokens: Tensor,
        text_mask: Tensor,
        audio_frames: Tensor,
        audio_mask: Tensor,
        token_ids: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        with torch.no_grad(), torch.autocast(audio_frames.device.type, enabled=False):
            tokens, frames = at_least_float32(text_tokens), at_least_float32(audio_frames)
            token_lens, frame_lens = text_mask.sum(1), audio_mask.sum(1)
            if self.cost == "path":
                similarity = unit(tokens) @ unit(frames).transpose(1, 2)
                owner, _ = partition_by_path(similarity, token_lens, frame_lens)
            else:
                owner, _ = partition_by_means(tokens, token_lens, frames, frame_lens)
        return average_owned(owner, text_mask, audio_frames, audio_mask)
