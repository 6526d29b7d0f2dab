"""Cross entropy over a vocabulary that is typed, not recorded."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from kwskit.arguments import NonNegativeFloat, PositiveFloat, PositiveInt, Seed
from kwskit.losses.base import PairwiseLoss
from kwskit.numerics import unit
from kwskit.registry import register
from kwskit.systems.enrolment import TEXTS_AT_ONCE, pad_tokens
from kwskit.systems.system import System
from kwskit.text.pronouncing_dictionary import cmudict


@register("loss", "typed_vocabulary")
class TypedVocabulary(PairwiseLoss):
    """Each utterance finds its typed word among the batch's and among words of CMUdict that nobody says (ours).

    For training on with few words. Told apart from each other alone, all speech may move to where these words lie, and
    the model forgets every other; here the other words are there, as text. The mean over utterances i of
    ``-log(exp(s S(a_i, t_i)) / (sum_j exp(s S(a_i, t_j)) + sum_k exp(s S(a_i, v_k))))``, S the cosine, t_j the texts of
    other words in the batch and v_k the typed vocabulary. It is the cross entropy with which CLIP models are fine-tuned
    to their own text embeddings (Wortsman et al. 2022), the classes not limited to those with data.

    Text encoder and text pooler must be frozen (``training.freeze``): the vocabulary is embedded once.

    Parameters
    ----------
    words : of the vocabulary, drawn without those that sound like a training word
    scale : s
    seed : of the draw
    weight : factor of this loss in the total
    """

    others: Tensor

    def __init__(
        self, words: PositiveInt = 1000, scale: PositiveFloat = 16.0, seed: Seed = 0, weight: NonNegativeFloat = 1.0
    ):
        super().__init__("utt", weight)
        self.words, self.scale, self.seed = words, scale, seed
        self.register_buffer("others", torch.empty(0), persistent=False)

    def begin(self, system: System, tokenizer: Any, words: Sequence[str]) -> None:
        for name in ("text_encoder", "text_pooler"):
            part = getattr(system, name, None)
            if part is None:
                raise ValueError(f"typed_vocabulary compares embeddings of a dual encoder; there is no {name} here")
            if any(parameter.requires_grad for parameter in part.parameters()):
                raise ValueError(f"typed_vocabulary embeds its words once: name the {name} in training.freeze")
        tokens, lens = pad_tokens(self._vocabulary(tokenizer, words))
        trained = system.training
        system.eval()
        with torch.no_grad():
            parts = zip(tokens.split(TEXTS_AT_ONCE), lens.split(TEXTS_AT_ONCE), strict=True)
            found = torch.cat([system.encode_text(t, n).frames[:, 0].float() for t, n in parts])
        system.train(trained)
        self.others = F.normalize(found, dim=-1)

    def pair_loss(self, audio: Tensor, text: Tensor, labels: Tensor) -> Tensor:
        if not len(self.others):
            raise RuntimeError("typed_vocabulary has no words yet: begin(system, tokenizer, words) comes first")
        logits = self.scale * (unit(audio) @ torch.cat((unit(text), self.others.to(text))).T)
        own = logits.diagonal()
        again = (labels[:, None] == labels).fill_diagonal_(False)  # other utterances of the word
        again = F.pad(again, (0, len(self.others)))
        return (logits.masked_fill(again, -torch.inf).logsumexp(1) - own).mean()

    def _vocabulary(self, tokenizer: Any, words: Sequence[str]) -> list[list[int]]:
        """Tokens of the words that are drawn, each as it is first pronounced."""
        sounds = {tuple(tokens) for word in words for tokens in tokenizer.encode(word)}
        listed = [word for word in cmudict().words() if word.isascii() and word.isalpha() and len(word) > 3]
        drawn: list[list[int]] = []
        for place in np.random.default_rng(self.seed).permutation(len(listed)):
            said = tokenizer.encode(listed[place])
            if len(said[0]) > 1 and sounds.isdisjoint(map(tuple, said)):
                drawn.append(said[0])
                if len(drawn) == self.words:
                    return drawn
        raise ValueError(f"words={self.words}: CMUdict has {len(drawn)} words for a vocabulary")
