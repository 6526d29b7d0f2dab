import numpy as np
import pytest
import torch
from torch import nn

from kwskit.data.store.packed_store import PackedStore
from kwskit.registry import build
from kwskit.systems.phoneme_vectors import (
    EncodedUtterance,
    has_phoneme_vectors_to_learn,
    learn_phoneme_vectors,
    phoneme_vectors,
)

BLANK = 4


def heard(values, best, *pronunciations):
    return EncodedUtterance(torch.tensor(values)[:, None], torch.tensor(best), pronunciations)


def test_stated_vector():
    vectors, count = phoneme_vectors([heard([1.0, 3, 5, 7], [1, 1, 2, 2], [1, 2])], 4, BLANK)
    assert vectors.flatten().tolist() == [0, 2, 6, 0]
    assert count.tolist() == [0, 1, 1, 0]


def test_mean_of_local_means_of_words_decoded_without_error():
    utterances = [
        heard([1.0, 3, 5, 7], [1, 1, 2, 2], [1, 2]),
        # Blanks belong to nobody, and split a repeated phoneme in two; the second pronunciation is as good.
        heard([100.0, 8, 100, 4, 6, 100], [BLANK, 1, BLANK, 1, 1, BLANK], [1], [1, 1]),
        heard([50.0, 50], [2, 3], [2]),
        heard([50.0], [BLANK], [2]),
    ]
    vectors, count = phoneme_vectors(utterances, 4, BLANK)
    assert vectors.flatten().tolist() == [0, (2 + 8 + 5) / 3, 6, 0]
    assert count.tolist() == [0, 3, 1, 0]
    with pytest.raises(ValueError, match="no utterances"):
        phoneme_vectors([], 4, BLANK)


class FixedAligner(nn.Module):
    """A CTC head and an encoder in one, that hears what it was told: the class is in a frame's first number."""

    def log_probs(self, frames):
        return nn.functional.one_hot(frames[..., 0].long(), 76).float()


def test_vectors_of_a_store(mini_corpus, monkeypatch):
    tokenizer = build("tokenizer", "phoneme")
    store = PackedStore.open(mini_corpus / "store" / "train")
    text_encoder = build("text_encoder", "phoneme_vectors", num_tokens=75, dim=2)
    system = build(
        "system",
        "pair_matcher",
        frontend=build("frontend", "log_mel"),
        acoustic_encoder=build("encoder", "conv_gru", dim=2),
        text_encoder=text_encoder,
        aligner=FixedAligner(),
        matcher=nn.Identity(),
    )
    assert has_phoneme_vectors_to_learn(system)
    before = text_encoder.vectors.detach().clone()
    words = {}  # by number of samples, to know the word in a batch that is sorted by length
    for row in range(len(store)):
        words.setdefault(int(store.num_samples[row]), set()).add(store.words[store.word_ids[row]])

    def hear(wav, lens):
        """Two frames a phoneme of one word of that length; words it mistakes for others are left out."""
        said = [tokenizer.encode(min(words[n]))[0] for n in lens.tolist()]
        frames = torch.full((len(said), 2 * max(map(len, said)), 2), 75.0)
        for own, ids in zip(frames, said, strict=True):
            own[: 2 * len(ids), 0] = torch.tensor(ids).repeat_interleave(2).float()
            own[: 2 * len(ids), 1] = torch.arange(2 * len(ids))
        return frames, torch.tensor([2 * len(ids) for ids in said])

    monkeypatch.setattr(system, "hear", hear)
    count = learn_phoneme_vectors(system, store, tokenizer)
    found = count > 0
    assert found.any()
    assert not found.all()
    vectors = text_encoder.vectors.detach()
    np.testing.assert_allclose(vectors[found, 0], found.nonzero()[:, 0])
    assert torch.equal(vectors[~found], before[~found])
    assert system.training
    system.aligner = None
    assert not has_phoneme_vectors_to_learn(system)
