"""Typed keywords, ready to be compared with speech."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kwskit.systems.system import System


class Enrolment:
    """Keywords enrolled by typing: every pronunciation embedded, the best one scores.

    A keyword's score is the highest over its pronunciations, so that "either" is found however it is
    said (ours).

    Parameters
    ----------
    system : a system with ``embed_text`` and ``score``
    tokenizer : its tokenizer; ``encode(text)`` gives every pronunciation
    texts : the keywords

    Raises
    ------
    kwskit.text.g2p.UnpronounceableText
        For a keyword with no pronounceable letter.
    """

    def __init__(self, system: System, tokenizer: Any, texts: Sequence[str]):
        pronunciations = [tokenizer.encode(text) for text in texts]
        self.texts = list(texts)
        self.owner = torch.tensor([i for i, found in enumerate(pronunciations) for _ in found])
        device = next(system.parameters()).device
        tokens, lens = pad_tokens([tokens for found in pronunciations for tokens in found])
        with torch.inference_mode():
            self.embeddings = _in_chunks(system.embed_text, tokens.to(device), lens.to(device)).float()
        self._score = system.score

    def scores(self, audio: Tensor) -> Tensor:
        """Scores (N, number of texts) of audio embeddings (N, d)."""
        found = self._score(audio.to(self.embeddings), self.embeddings)
        best = found.new_full((len(found), len(self.texts)), -torch.inf)
        owner = self.owner.to(found.device).expand(len(found), -1)
        return best.scatter_reduce(1, owner, found, "amax")


def pad_tokens(sequences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Token sequences as (N, longest) int64 padded with 0, and their lengths (N,)."""
    lens = torch.tensor([len(sequence) for sequence in sequences])
    tokens = torch.zeros(len(sequences), int(lens.max()), dtype=torch.long)
    for row, sequence in zip(tokens, sequences, strict=True):
        row[: len(sequence)] = torch.as_tensor(sequence)
    return tokens, lens


def _in_chunks(embed: Any, tokens: Tensor, lens: Tensor, size: int = 1024) -> Tensor:
    return torch.cat([embed(t, n) for t, n in zip(tokens.split(size), lens.split(size), strict=True)])
