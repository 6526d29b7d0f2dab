"""Typed keywords, ready to be compared with speech."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kwskit.batch import Encoded
from kwskit.systems.system import System

TEXTS_AT_ONCE = 1024


class Enrolment:
    """Keywords enrolled by typing: every pronunciation encoded, the best one scores.

    A keyword's score is the highest over its pronunciations, so that "either" is found however it is
    said (ours).

    Parameters
    ----------
    system : the system that compares
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
        self.counts = torch.tensor([len(found) for found in pronunciations])
        self.owner = torch.arange(len(texts)).repeat_interleave(self.counts)
        self.system = system
        device = next(system.parameters()).device
        tokens, lens = pad_tokens([tokens for found in pronunciations for tokens in found])
        parts = zip(tokens.split(TEXTS_AT_ONCE), lens.split(TEXTS_AT_ONCE), strict=True)
        with torch.inference_mode():
            self.encoded = Encoded.join([system.encode_text(t.to(device), n.to(device)) for t, n in parts])
            self.encoded.frames = self.encoded.frames.float()

    def scores(self, audio: Encoded) -> Tensor:
        """Scores (N, number of texts) of N recordings."""
        with torch.inference_mode():
            found = self.system.score(audio.to(self.encoded.frames.device), self.encoded)
        best = found.new_full((len(found), len(self.texts)), -torch.inf)
        owner = self.owner.to(found.device).expand(len(found), -1)
        return best.scatter_reduce(1, owner, found, "amax")

    def pair_scores(self, audio: Encoded, rows: Tensor, texts: Tensor) -> Tensor:
        """Scores (P,) of the recordings ``rows`` (P,) with the texts numbered ``texts`` (P,), on the CPU."""
        counts = self.counts[texts]
        pair = torch.arange(len(texts)).repeat_interleave(counts)
        nth = torch.arange(len(pair)) - (counts.cumsum(0) - counts)[pair]
        pronunciation = (self.counts.cumsum(0) - self.counts)[texts][pair] + nth
        with torch.inference_mode():
            found = self.system.score_pairs(audio, self.encoded, rows[pair], pronunciation)
        return found.new_full((len(texts),), -torch.inf).scatter_reduce(0, pair, found, "amax")


def pad_tokens(sequences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Token sequences as (N, longest) int64 padded with 0, and their lengths (N,)."""
    lens = torch.tensor([len(sequence) for sequence in sequences])
    tokens = torch.zeros(len(sequences), int(lens.max()), dtype=torch.long)
    for row, sequence in zip(tokens, sequences, strict=True):
        row[: len(sequence)] = torch.as_tensor(sequence)
    return tokens, lens
