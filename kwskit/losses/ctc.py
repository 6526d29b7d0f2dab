"""Connectionist temporal classification."""

import torch.nn.functional as F
from torch import Tensor

from kwskit.aligners.dynamic_programming.ctc_viterbi import ctc_feasible
from kwskit.embeddings import Embeddings
from kwskit.losses.base import Loss, matched_rows
from kwskit.numerics import at_least_float32
from kwskit.registry import register


@register("loss", "ctc")
class Ctc(Loss):
    """CTC: the frames spell the tokens that are spoken, blanks between them (Graves et al. 2006; Jin et al. 2024).

    Where utterances are heard whole (``training.whole``), it is these that are spelt, by their transcripts. Mean over
    utterances of -log P(tokens | frames) / (number of tokens), on the log-probabilities of ``!aligner:ctc``, whose last
    class is the blank. Utterances with too few frames for their tokens are left out. An utterance
    that appears in several pairs counts in the matched one.

    Parameters
    ----------
    weight : factor of this loss in the total
    """

    def compute(self, emb: Embeddings) -> Tensor:
        whole = emb.utterances
        if whole is not None:
            lens = whole.text_mask.sum(1), whole.audio_mask.sum(1)
            return self._surprise(whole.frame_log_probs, whole.token_ids, *lens)
        ids = emb.token_ids if emb.spoken_ids is None else emb.spoken_ids
        mask = emb.text_mask if emb.spoken_mask is None else emb.spoken_mask
        log_probs, ids = matched_rows(emb, emb.frame_log_probs), matched_rows(emb, ids)
        ids_lens, frame_lens = matched_rows(emb, mask).sum(1), matched_rows(emb, emb.audio_mask).sum(1)
        return self._surprise(log_probs, ids, ids_lens, frame_lens)

    def _surprise(self, log_probs: Tensor, ids: Tensor, ids_lens: Tensor, frame_lens: Tensor) -> Tensor:
        if len(ids) == 0:
            return log_probs.sum() * 0.0
        log_probs = at_least_float32(log_probs)
        surprise = F.ctc_loss(
            log_probs.transpose(0, 1),
            ids,
            frame_lens,
            ids_lens,
            blank=log_probs.shape[2] - 1,
            reduction="none",
            zero_infinity=True,
        )
        used = ctc_feasible(ids, ids_lens, frame_lens) & (ids_lens > 0)
        self.metrics = {"left_out": (~used).sum().to(surprise.dtype)}
        return (surprise / ids_lens.clamp(min=1)).masked_fill(~used, 0.0).sum() / used.sum().clamp(min=1)
