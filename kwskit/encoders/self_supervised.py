"""Self-supervised speech networks with learned weights of their layers."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kwskit.arguments import PositiveInt
from kwskit.batch import length_mask
from kwskit.encoders.blocks.masked_instance_norm import MaskedInstanceNorm
from kwskit.encoders.blocks.pretrained_transformer import SPEECH, Pretrained, PretrainedEncoder
from kwskit.errors import ModelError
from kwskit.pretrained_folder import read_json
from kwskit.registry import register

PREPROCESSING, NORMALISE = "preprocessor_config.json", "do_normalize"
# Nothing is masked and no layer is skipped in training, so that every weight has a gradient in every step.
FIXED = {"mask_time_prob": 0.0, "mask_feature_prob": 0.0, "layerdrop": 0.0, "add_adapter": False}
EPS = 1e-7  # under the root of the samples' variance, as in transformers


@register("encoder", "self_supervised")
class SelfSupervised(PretrainedEncoder):
    """wav2vec 2.0, HuBERT or WavLM, frozen or fine-tuned: ``(N, S, 1), (N,) -> (N, T, dim), (N,)``, 20 ms a frame.

    Needs ``!frontend:raw_waveform``, no augmentation of features, and the extra ``transformers``. Frames are the sum of
    all layers' outputs, that of the convolutions among them, weighted by a learned softmax, and a linear layer (SUPERB,
    Yang et al. 2021, section 3). Sources: Baevski et al. 2020, Hsu et al. 2021, Chen et al. 2022.

    With the usual strides ``T = (S - 80) // 320``; an utterance shorter than one frame is continued by silence. A batch
    never matters: the group normalisation of base sizes, in transformers one over padding too, is over each utterance's
    own frames, as if it were alone. Not for streams: such a model spots in windows, each by itself.

    The pre-trained weights are part of the model's from then on, frozen or not: checkpoints and a released model hold
    them, 95 M of a base network in 378 MB, and need no other files, but the package, unless exported. Weights are
    safetensors; a repository that has none has to be converted once, and the error says how.

    Parameters
    ----------
    model : directory of a model, or its name ``owner/name`` or ``owner/name@revision`` on the Hugging Face Hub; or a
        file ``.json``, its description alone, for random weights
    dim : size of an output frame
    frozen : keep the network as it is; false trains its transformer, and leaves the convolutions, as its authors do
    layers : layers of the transformer that are kept, from the first; null is all
    normalise : whether each utterance's samples get a mean of 0 and a variance of 1; null is as the model's
        ``preprocessor_config.json`` says

    Raises
    ------
    ModelError
        When there is no such model, it is of another kind, or its files lack something.
    ImportError
        When transformers is not installed.
    """

    def __init__(
        self,
        model: str,
        dim: PositiveInt = 256,
        frozen: bool = True,
        layers: PositiveInt | None = None,
        normalise: bool | None = None,
    ):
        super().__init__()
        found = _find(model)
        self.num_features = 1
        self.dim = dim
        self.frozen = frozen
        self.normalise = _normalises(found) if normalise is None else normalise
        self.network = found.network(SPEECH, {**FIXED, **found.kept("num_hidden_layers", layers)})
        config: Any = self.network.config
        self._steps = list(zip(config.conv_kernel, config.conv_stride, strict=True))
        self.least = 1  # samples of a frame
        for kernel, stride in reversed(self._steps):
            self.least = (self.least - 1) * stride + kernel
        first = self.network.feature_extractor.conv_layers[0]
        self._norms: tuple[MaskedInstanceNorm, ...] = ()  # a tuple, for they are the network's
        if config.feat_extract_norm == "group":
            first.layer_norm = MaskedInstanceNorm(first.layer_norm)
            self._norms = (first.layer_norm,)
        self.network.requires_grad_(not frozen)
        self.network.feature_extractor._freeze_parameters()
        self.layer_weights = nn.Parameter(torch.zeros(config.num_hidden_layers + 1))
        self.project = nn.Linear(config.hidden_size, dim)
        self.train()

    @staticmethod
    def released_file(argument: str, given: str) -> tuple[str, bytes]:
        """The ending and the content of the file that a released model has in the place of what is given."""
        found = _find(given)
        stated = found.folder is None or (found.folder / PREPROCESSING).is_file()
        return ".json", found.content(**({NORMALISE: _normalises(found)} if stated else {}))

    def forward(self, feats: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        states, lens = self.states(feats.squeeze(-1), lens)
        weights = self.layer_weights.softmax(0)
        mixed = torch.zeros_like(states[0])
        for weight, state in zip(weights, states, strict=True):
            mixed = mixed + weight * state
        frames = self.project(mixed)
        return frames.masked_fill(~length_mask(lens, frames.shape[1]).unsqueeze(-1), 0.0), lens

    def states(self, wav: Tensor, lens: Tensor) -> tuple[list[Tensor], Tensor]:
        """Outputs (N, T, hidden) of the convolutions and of each layer, for samples (N, S), and their lengths (N,).

        What lies behind an utterance's end is arbitrary.
        """
        wav = wav.masked_fill(~length_mask(lens, wav.shape[1]), 0.0)
        if self.normalise:
            wav = _normalised(wav, lens)
        wav = F.pad(wav, (0, max(0, self.least - wav.shape[1])))
        lens = lens.clamp(min=self.least)
        mask = length_mask(lens, wav.shape[1])
        for norm in self._norms:
            norm.lens = _frames(lens, *self._steps[0])
        for step in self._steps:
            lens = _frames(lens, *step)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            found = self.network(wav, attention_mask=mask.long(), output_hidden_states=True)
        # The last comes behind the network's last normalisation, where it has one.
        return [*found.hidden_states[:-1], found.last_hidden_state], lens


def _find(model: str) -> Pretrained:
    return Pretrained.find(model, SPEECH, (PREPROCESSING,))


def _normalises(found: Pretrained) -> bool:
    """Whether the network was trained on samples of mean 0 and variance 1."""
    stated = found.description if found.folder is None else read_json(found.folder / PREPROCESSING)
    if not isinstance(stated.get(NORMALISE), bool):
        raise ModelError(f"{found.named} does not say {NORMALISE}: set normalise to true or false")
    return stated[NORMALISE]


def _frames(lens: Tensor, kernel: int, stride: int) -> Tensor:
    """Frames of a convolution over ``lens`` (N,) of its input."""
    return (lens - kernel).div(stride, rounding_mode="floor") + 1


def _normalised(wav: Tensor, lens: Tensor) -> Tensor:
    own = length_mask(lens, wav.shape[1])
    count = lens[:, None].clamp(min=1)
    centred = (wav - wav.sum(1, keepdim=True) / count).masked_fill(~own, 0.0)
    return centred * torch.rsqrt(centred.square().sum(1, keepdim=True) / count + EPS)
