"""CTC aligner."""

import torch
from torch import Tensor, nn

from kwskit.aligners.dynamic_programming.ctc_viterbi import ctc_viterbi
from kwskit.aligners.dynamic_programming.frame_owners import average_owned
from kwskit.arguments import PositiveInt
from kwskit.numerics import at_least_float32
from kwskit.registry import register


@register("aligner", "ctc")
class CtcAligner(nn.Module):
    """Frames given to the tokens that a CTC head hears in them (Jin et al. 2024): the head and its Viterbi path.

    ``(N, T_t, d), (N, T_t), (N, T_a, dim), (N, T_a), token ids (N, T_t) -> aligned (N, T_t, dim),
    affinity (N, T_t, T_a)``. A token's frames run from the first one in its state to the one before the next token's
    first, blanks after it included; the last token's run to the end and leading blanks are nobody's. Aligned audio
    is their mean; gradients reach the frames and not the path. Where the tokens do not fit in the
    frames, aligned audio and affinity are 0 (:func:`~kwskit.aligners.dynamic_programming.frame_owners.feasible` tells).
    The head learns from ``!loss:ctc`` only.

    Parameters
    ----------
    num_tokens : size of the token inventory; the blank is one more class, the last
    dim : size of frames; of longer ones the head is shown so many numbers, the first
    """

    def __init__(self, num_tokens: PositiveInt, dim: PositiveInt = 256):
        super().__init__()
        self.blank, self.dim = num_tokens, dim
        self.head = nn.Linear(dim, num_tokens + 1)

    def log_probs(self, audio_frames: Tensor) -> Tensor:
        """(N, T_a, num_tokens + 1) log-probabilities of frames (N, T_a, dim), float32 or wider; the blank is last."""
        return at_least_float32(self.head(audio_frames[..., : self.dim])).log_softmax(-1)

    def forward(
        self, text_tokens: Tensor, text_mask: Tensor, audio_frames: Tensor, audio_mask: Tensor, token_ids: Tensor
    ) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            states, _ = ctc_viterbi(
                self.log_probs(audio_frames), audio_mask.sum(1), token_ids, text_mask.sum(1), self.blank
            )
        # States 2u + 1 and 2u + 2 are token u and the blank after it, 0 the leading blank, -1 no path.
        owner = torch.div(states - 1, 2, rounding_mode="floor")
        return average_owned(owner, text_mask, audio_frames, audio_mask)
