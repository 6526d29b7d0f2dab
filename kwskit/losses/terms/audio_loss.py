"""The base class of losses that look only at audio."""

from torch import Tensor

from kwskit.embeddings import Embeddings
from kwskit.losses.base import Loss, matched_rows


class AudioLoss(Loss):
    """A loss over the batch's utterance embeddings and the words they say; each utterance counts once.

    Parameters
    ----------
    weight : factor of this loss in the total
    """

    def compute(self, emb: Embeddings) -> Tensor:
        audio, words = matched_rows(emb, emb.audio), matched_rows(emb, emb.word)
        if len(words) == 0:
            return audio.sum() * 0.0
        return self.audio_loss(audio, words)

    def audio_loss(self, audio: Tensor, words: Tensor) -> Tensor:
        """Scalar loss of ``audio`` (N, d) and ``words`` (N,), N >= 1, not normalised."""
        raise NotImplementedError(f"{type(self).__name__} must define audio_loss(audio, words)")
