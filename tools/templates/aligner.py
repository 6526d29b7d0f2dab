"""Frames spread evenly over tokens: the aligner my_part."""

from torch import Tensor, nn

from kwskit.registry import register


@register("aligner", "my_part")
class MyPart(nn.Module):
    """Every token looks at all valid frames alike (ours).

    ``(N, T_t, d), (N, T_t), (N, T_a, d), (N, T_a) -> aligned (N, T_t, d), affinity (N, T_t, T_a)``; rows of the
    affinity sum to 1 over valid frames, and those of padding are 0.
    """

    def forward(
        self,
        text_tokens: Tensor,
        text_mask: Tensor,
        audio_frames: Tensor,
        audio_mask: Tensor,
        token_ids: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        keep = (text_mask.unsqueeze(2) & audio_mask.unsqueeze(1)).to(audio_frames.dtype)
        affinity = keep / keep.sum(-1, keepdim=True).clamp(min=1)
        return affinity @ audio_frames, affinity
