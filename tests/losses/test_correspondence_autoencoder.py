from dataclasses import replace

import pytest
import torch

from kwskit.batch import length_mask
from kwskit.losses.correspondence_autoencoder import CorrespondenceAutoencoder

LENS = [5, 3, 4, 2, 6]


@pytest.fixture
def loss():
    torch.manual_seed(1)
    return CorrespondenceAutoencoder(num_features=7, dim=4, hidden=6, layers=2)


@pytest.fixture
def build(embed):
    def build(words, seed=0):
        generator = torch.Generator().manual_seed(seed)
        audio = torch.randn(len(words), 4, generator=generator, requires_grad=True)
        features = torch.randn(len(words), 6, 7, generator=generator, requires_grad=True)
        emb = embed(audio, audio, torch.tensor(words))
        return audio, replace(emb, features=features, feature_mask=length_mask(torch.tensor(LENS[: len(words)]), 6))

    return build


def decoded(loss, embedding, frames):
    """One step after another."""
    state, made = None, []
    for _ in range(frames):
        out, state = loss.decoder(embedding[None, None], state)
        made.append(loss.output(out[0, 0]))
    return torch.stack(made)


def test_each_utterance_is_decoded_to_the_other_of_its_word(loss, build):
    audio, emb = build([3, 8, 8, 3, 1])
    expected = []
    for one, other in [(0, 3), (3, 0), (1, 2), (2, 1)]:  # the last has no other
        target = emb.features[other, : LENS[other]]
        expected.append((decoded(loss, audio[one], LENS[other]) - target).square().sum(1).mean())
    got = loss(emb)
    torch.testing.assert_close(got, torch.stack(expected).mean())
    got.backward()
    assert audio.grad[:4].abs().sum(1).all()
    assert not audio.grad[4].any()
    assert emb.features.grad is None


def test_of_several_others_each_is_drawn(loss, build):
    audio, emb = build([2, 2, 2])
    values = set()
    torch.manual_seed(0)
    for _ in range(200):
        values.add(round(loss(emb).item(), 6))
    each = {
        (i, j): (decoded(loss, audio[i], LENS[j]) - emb.features[j, : LENS[j]]).square().sum(1).mean()
        for i in range(3)
        for j in range(3)
    }
    possible = {
        round((each[0, a] + each[1, b] + each[2, c]).item() / 3, 6) for a in (1, 2) for b in (0, 2) for c in (0, 1)
    }
    assert values == possible


def test_no_utterance_has_another(loss, build):
    audio, emb = build([1, 2, 3])
    got = loss(emb)
    assert got == 0
    got.backward()
    assert not audio.grad.any()


def test_what_is_missing_is_told(loss, build):
    _, emb = build([1, 1])
    with pytest.raises(ValueError, match="dual_encoder"):
        loss(replace(emb, features=None))
    with pytest.raises(ValueError, match="num_features is 7, but the front end gives 5"):
        loss(replace(emb, features=emb.features[..., :5]))
