"""An autoencoder between utterances of a word."""

import torch
from torch import Tensor, nn

from kwskit.arguments import NonNegativeFloat, PositiveInt
from kwskit.embeddings import Embeddings
from kwskit.losses.base import Loss
from kwskit.numerics import at_least_float32
from kwskit.registry import register


@register("loss", "correspondence_autoencoder")
class CorrespondenceAutoencoder(Loss):
    """The embedding of an utterance is decoded to the features of another of its word (CAE, Kamper 2019).

    A GRU reads the embedding at every step, for as many steps as the other utterance has frames, and a linear layer
    makes features of its states: the mean over utterances of the mean over frames of the squared distance to these.
    The other utterance is drawn from those of the word in the batch; an utterance without another takes no part. The
    encoder is the system's. Features are those of the front end before masks are put on them, and are not learnt from.

    CAE is a row of JMCL's table, which says nothing of its decoder, its pairs or its training: these are a
    reconstruction after Kamper 2019, "Truly unsupervised acoustic word embeddings using weak top-down constraints in
    encoder-decoder models", which trains on words found without transcripts, after a first training as an autoencoder.

    Parameters
    ----------
    num_features : F, size of a frame of features
    dim : size of the embedding
    hidden : units of the decoder
    layers : of the decoder
    weight : factor of this loss in the total
    """

    def __init__(
        self,
        num_features: PositiveInt = 40,
        dim: PositiveInt = 256,
        hidden: PositiveInt = 256,
        layers: PositiveInt = 3,
        weight: NonNegativeFloat = 1.0,
    ):
        super().__init__(weight)
        self.num_features = num_features
        self.decoder = nn.GRU(dim, hidden, layers, batch_first=True)
        self.output = nn.Linear(hidden, num_features)

    def compute(self, emb: Embeddings) -> Tensor:
        features, mask = emb.features, emb.feature_mask
        if features is None or mask is None:
            raise ValueError(
                "correspondence_autoencoder needs the features of every word by itself: those of "
                "!system:dual_encoder, without training.whole"
            )
        if features.shape[2] != self.num_features:
            raise ValueError(f"num_features is {self.num_features}, but the front end gives {features.shape[2]}")
        audio, word = emb.audio, emb.word
        if len(word) == 0:
            return audio.sum() * 0.0
        same = (word[:, None] == word).fill_diagonal_(False)
        other = torch.rand(same.shape, device=word.device).masked_fill(~same, -1.0).argmax(1)
        target, mask = features.detach()[other], mask[other]
        states, _ = self.decoder(audio[:, None].expand(-1, target.shape[1], -1))
        distance = (self.output(states) - target).square().sum(2).masked_fill(~mask, 0.0)
        each = distance.sum(1) / mask.sum(1).clamp(min=1)
        paired = same.any(1)
        return at_least_float32(each).masked_fill(~paired, 0.0).sum() / paired.sum().clamp(min=1)
