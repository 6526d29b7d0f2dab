"""CTC score and token cosines."""

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kwskit.aligners.dynamic_programming.ctc_viterbi import ctc_feasible, ctc_viterbi, path_score
from kwskit.arguments import OneOf
from kwskit.embeddings import INFEASIBLE, Embeddings, Match
from kwskit.numerics import at_least_float32, unit
from kwskit.registry import register

PATHS = ("viterbi", "forward")
LENGTHS = ("frame", "token", "none")


@register("matcher", "ctc_score")
class CtcScore(nn.Module):
    """CTCAT: z = z_CTC + lam mean over tokens of cos(aligned audio, text) (Jin et al. 2024).

    z_CTC is the log-probability of the text given the frames, divided by a length. Needs ``aligner: !aligner:ctc``.
    Where the tokens do not fit in the frames the score is :data:`~kwskit.embeddings.INFEASIBLE`.
    How z_CTC is normalised is a reconstruction.

    Parameters
    ----------
    lam : weight of the cosine; with 0 the text encoder does not matter
    path : ``viterbi`` (of the best path, as in the streaming search) or ``forward`` (of all paths)
    per : ``frame`` or ``token``, the length that the log-probability is divided by, or ``none``
    relative : take off the log-probability of the frames' best classes, so that speech that
        the head finds hard throughout costs no text anything (ours)
    """

    def __init__(
        self,
        lam: float = 1.0,
        path: Annotated[str, OneOf(PATHS)] = "viterbi",
        per: Annotated[str, OneOf(LENGTHS)] = "frame",
        relative: bool = False,
    ):
        super().__init__()
        self.lam, self.path, self.per, self.relative = lam, path, per, relative

    def forward(self, emb: Embeddings) -> Match:
        log_probs = at_least_float32(emb.frame_log_probs)
        token_lens, frame_lens = emb.text_mask.sum(1), emb.audio_mask.sum(1)
        blank = log_probs.shape[2] - 1
        with torch.autocast(log_probs.device.type, enabled=False):
            if self.path == "viterbi":
                states, _ = ctc_viterbi(log_probs, frame_lens, emb.token_ids, token_lens, blank)
                score = path_score(log_probs, states, emb.token_ids, blank)
            else:
                score = -F.ctc_loss(
                    log_probs.transpose(0, 1), emb.token_ids, frame_lens, token_lens, blank, "none", zero_infinity=True
                )
            if self.relative:
                score = score - log_probs.amax(2).masked_fill(~emb.audio_mask, 0.0).sum(1)
            lens = {"frame": frame_lens, "token": token_lens, "none": torch.ones_like(token_lens)}[self.per]
            score = score / lens.clamp(min=1)
            if self.lam:
                score = score + self.lam * self._cosine(emb, token_lens)
        fits = ctc_feasible(emb.token_ids, token_lens, frame_lens) & (token_lens > 0)
        return Match(score.masked_fill(~fits, INFEASIBLE))

    @staticmethod
    def _cosine(emb: Embeddings, token_lens: Tensor) -> Tensor:
        """(N,) mean cosine of the tokens and their frames."""
        audio, text = unit(at_least_float32(emb.aligned_audio)), unit(at_least_float32(emb.text_tokens))
        cosine = (audio * text).sum(-1).masked_fill(~emb.text_mask, 0.0)
        return cosine.sum(1) / token_lens.clamp(min=1)
