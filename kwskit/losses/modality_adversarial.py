"""Modality adversarial loss."""

import math
from collections.abc import Sequence
from typing import Annotated, Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from kwskit.arguments import NonNegativeFloat, OneOf, PositiveInt
from kwskit.embeddings import Embeddings
from kwskit.losses.base import LEVELS, Loss, matched_mask, pairs, token_places, valid_rows
from kwskit.losses.terms.else_msp import softplus
from kwskit.numerics import unit
from kwskit.registry import register


class ModalityClassifier(nn.Module):
    """Fully connected layers that tell audio (0) from text (1) embeddings (ADML section 3.3).

    132,098 parameters at the defaults, 66,306 with one hidden layer; ADML's "two fully connected layers
    with 256 hidden nodes" allows both readings.

    Parameters
    ----------
    dim : size of an embedding
    hidden_size : nodes of a hidden layer
    hidden_layers : number of hidden layers, at least 1
    """

    def __init__(self, dim: int = 256, hidden_size: int = 256, hidden_layers: int = 2):
        super().__init__()
        layers: list[nn.Module] = []
        for size in [dim] + [hidden_size] * (hidden_layers - 1):
            layers += [nn.Linear(size, hidden_size), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(hidden_size, 2))

    def forward(self, x: Tensor) -> Tensor:
        """(M, 2) logits of audio and text for embeddings ``x`` (M, dim)."""
        return self.layers(x)


class GradientReversal(torch.autograd.Function):
    """Identity forward, gradient times minus ``factor`` backward (Ganin & Lempitsky 2015)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor, None]:
        return outer[0] * -ctx.factor, None


def reverse_gradient(x: Tensor, factor: float = 1.0) -> Tensor:
    """``x`` (any shape), whose gradient is multiplied by minus ``factor`` on the way back."""
    return GradientReversal.apply(x, factor)


ADVERSARIAL_LEVELS = (*LEVELS, "frame")
SCHEDULES = ("constant", "dann")
CONFUSIONS = ("reversed", "uniform")


@register("loss", "modality_adversarial")
class ModalityAdversarial(Loss):
    """Modality adversarial learning: encoders hide from a classifier what is audio and what is text (ADML eq. 4-5).

    At each level the mean cross entropy of audio plus that of text, 2 ln 2 by chance; levels add up. The classifier
    learns to lower it, and through gradient reversal the encoders to raise it. ``weight: 0.1, reversal: 1`` is ADML's
    eq. 5, where both sides get a tenth; ``weight: 1, reversal: 0.1`` gives the classifier its full gradient and the
    encoders the same tenth (Ganin & Lempitsky 2015).
    ``metrics["accuracy_phn"]``, ``["accuracy_utt"]`` and ``["accuracy_frame"]`` are the classifier's; 0.5 is confused.
    ``metrics["cross_entropy_phn"]`` and so on are its mean over both modalities, in nats, and ``metrics["chance"]`` is
    that of one that knows nothing, ln 2: far above it, the classifier is sure of what is wrong.
    Of pairs, only the matched ones take part.

    What the encoders climb has no top: against a classifier that falls behind they go on past chance, to embeddings
    that are taken for the other modality with certainty. With ``confusion: uniform`` they descend instead the cross
    entropy of the classifier's answers with even odds, whose bottom, ln 2 a modality, is where it knows nothing (ours
    for modalities, after the domain confusion of Tzeng et al. 2015). The loss tells the classifier's value in both.

    Parameters
    ----------
    levels : any of ``phn`` (aligned audio and tokens), ``utt`` (pooled audio and text) and ``frame`` (all frames and
        all tokens, for systems that do not align; ours)
    dim : size of an embedding
    hidden_size, hidden_layers : of the classifier
    shared : one classifier for all levels, as ADML, or one each
    normalize : scale embeddings to length 1 first; lengths alone may tell the modalities apart
    confusion : what the encoders do: ``reversed``, climb the classifier's cross entropy, or ``uniform``
    reversal : factor of the encoders' gradient, >= 0
    schedule : ``constant``, or ``dann``: reversal times 2 / (1 + exp(-10 p)) - 1 at progress p
    weight : factor of this loss in the total
    """

    def __init__(
        self,
        levels: Sequence[Annotated[str, OneOf(ADVERSARIAL_LEVELS)]] = LEVELS,
        dim: PositiveInt = 256,
        hidden_size: PositiveInt = 256,
        hidden_layers: PositiveInt = 2,
        shared: bool = True,
        normalize: bool = False,
        confusion: Annotated[str, OneOf(CONFUSIONS)] = "reversed",
        reversal: float = 1.0,
        schedule: Annotated[str, OneOf(SCHEDULES)] = "constant",
        weight: NonNegativeFloat = 0.1,
    ):
        super().__init__(weight)
        if not levels or len(set(levels)) < len(levels):
            raise ValueError(f"levels must be some of {ADVERSARIAL_LEVELS}, each once, not {levels!r}")
        self.levels, self.normalize, self.reversal, self.schedule = tuple(levels), normalize, reversal, schedule
        self.shared, self.confusion = shared, confusion
        self.classifiers = nn.ModuleDict(
            {name: ModalityClassifier(dim, hidden_size, hidden_layers) for name in (["all"] if shared else levels)}
        )
        self.set_progress(0.0)

    def set_progress(self, progress: float) -> None:
        ramp = 2 / (1 + math.exp(-10 * progress)) - 1 if self.schedule == "dann" else 1.0
        self.current_reversal = self.reversal * ramp

    def compute(self, emb: Embeddings) -> Tensor:
        self.metrics = {}
        values = [self._level(emb, level) for level in self.levels]
        return torch.stack(values).sum()

    def _level(self, emb: Embeddings, level: str) -> Tensor:
        if level == "frame":
            (audio,) = valid_rows(matched_mask(emb, emb.audio_mask), emb.audio_frames)
            text = emb.text_tokens.flatten(0, 1).index_select(0, token_places(emb))
        else:
            audio, text, _ = pairs(emb, level)
        if len(audio) == 0 or len(text) == 0:
            return (audio.sum() + text.sum()) * 0.0
        # Logit of the wrong modality minus that of the right one: softplus of it is the two-class cross entropy.
        audio_over_text, confusion = zip(*(self._judge(x, level) for x in (audio, text)), strict=True)
        audio_wrong, text_wrong = -audio_over_text[0], audio_over_text[1]
        right = (audio_wrong.detach() < 0).float().mean() + (text_wrong.detach() < 0).float().mean()
        self.metrics[f"accuracy_{level}"] = right / 2
        value = softplus(audio_wrong).mean() + softplus(text_wrong).mean()
        self.metrics[f"cross_entropy_{level}"] = value.detach() / 2
        self.metrics["chance"] = torch.full_like(value.detach(), math.log(2))
        return value + sum(confusion)

    def _judge(self, x: Tensor, level: str) -> tuple[Tensor, Tensor]:
        """Logits of audio less those of text (M,) for embeddings (M, d); a 0 with a gradient for the encoders alone."""
        x = unit(x) if self.normalize else x
        classifier = self.classifiers["all" if self.shared else level]
        if self.confusion == "reversed":
            logits = classifier(reverse_gradient(x, self.current_reversal))
            return logits[:, 0] - logits[:, 1], logits.new_zeros(())
        logits = classifier(x.detach())
        weights = {name: weight.detach() for name, weight in classifier.named_parameters()}
        odds = functional_call(classifier, weights, (x,))
        uniform = -self.current_reversal * odds.log_softmax(1).mean()
        return logits[:, 0] - logits[:, 1], uniform - uniform.detach()
