import math
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from kwskit.batch import length_mask
from kwskit.losses.near_misses import NearMisses

SIZE = 44
BOUNDARY = SIZE - 1


class Spelling(nn.Module):
    """A text encoder whose tokens are told by a table, and which keeps what it was given."""

    def __init__(self, dim=5):
        super().__init__()
        self.table = nn.Embedding(SIZE, dim)
        self.seen = []

    def forward(self, tokens, lens):
        self.seen.append((tokens.clone(), lens.clone()))
        return self.table(tokens) * torch.linspace(1, 2, tokens.shape[1])[:, None]


def mean(tokens, mask):
    return (tokens * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def begun(**arguments):
    """A loss that has seen a system with a text encoder that can be looked at, and that encoder."""
    torch.manual_seed(0)
    encoder = Spelling()
    loss = NearMisses(**arguments)
    loss.begin(SimpleNamespace(text_encoder=encoder, text_pooler=mean), SimpleNamespace(size=SIZE), ["word"])
    return loss, encoder


def texts(count, longest=7, seed=0, shortest=1):
    generator = torch.Generator().manual_seed(seed)
    lens = torch.randint(shortest, longest + 1, (count,), generator=generator)
    tokens = torch.randint(4, BOUNDARY, (count, longest), generator=generator)
    mask = length_mask(lens, longest)
    return tokens.masked_fill(~mask, 0), mask


@pytest.fixture
def spoken(embed, random_rows):
    """Embeddings of ten utterances of four words, two of which have two pronunciations."""
    labels = [7, 7, 2, 2, 9, 9, 9, 4, 2, 7]
    audio, text, labels = random_rows(10, dim=5, labels=labels)
    tokens, mask = texts(10)
    return replace(embed(audio, text, labels), token_ids=tokens, text_mask=mask), audio, text, labels


def distance(a, b):
    """Levenshtein distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row, before = [i], row
        for j, y in enumerate(b, 1):
            row.append(min(row[-1] + 1, before[j] + 1, before[j - 1] + (x != y)))
    return row[-1]


def listed(tokens, lens):
    return [row[:count] for row, count in zip(tokens.tolist(), lens.tolist(), strict=True)]


@pytest.mark.parametrize("misses", [1, 3])
def test_equals_loops(spoken, misses):
    emb, audio, text, labels = spoken
    loss, encoder = begun(misses=misses, log_scale=1.1)
    value = loss(emb)
    scale = math.exp(1.1)
    assert loss.metrics["scale"].item() == pytest.approx(scale)
    assert len(encoder.seen) == misses
    table = encoder.table.weight.detach()
    near = []
    for tokens, lens in encoder.seen:
        places = torch.linspace(1, 2, tokens.shape[1])
        near += [
            sum(table[token] * place for token, place in zip(row, places, strict=False)) / len(row)
            for row in listed(tokens, lens)
        ]
    assert len(near) == misses * 10
    words = sorted(set(labels.tolist()))
    unit_text = [row / row.norm() for row in text]
    of_word = {word: sum(t for t, label in zip(unit_text, labels, strict=True) if label == word) for word in words}

    def logit(a, b):
        return scale * float(a @ b / (a.norm() * b.norm()))

    to_text, to_audio = [], []
    for row, label in zip(audio, labels.tolist(), strict=True):
        others = [logit(row, of_word[word]) for word in words] + [logit(row, one) for one in near]
        to_text.append(math.log(sum(map(math.exp, others))) - logit(row, of_word[label]))
    for word in words:
        logits = [logit(row, of_word[word]) for row in audio]
        own = [one for one, label in zip(logits, labels.tolist(), strict=True) if label == word]
        to_audio.append(math.log(sum(map(math.exp, logits))) - sum(own) / len(own))
    expected = (sum(to_text) / len(to_text) + sum(to_audio) / len(to_audio)) / 2
    assert value.item() == pytest.approx(expected, abs=1e-9)


def near_texts(tokens, mask, embed, times=1, **arguments):
    """(own, near) token lists of every text, ``times`` times."""
    loss, encoder = begun(misses=times, **arguments)
    audio = torch.randn(len(tokens), 5)
    loss(replace(embed(audio, audio, torch.arange(len(tokens))), token_ids=tokens, text_mask=mask))
    own = listed(tokens, mask.sum(1))
    for found, lens in encoder.seen:
        assert not found[torch.arange(found.shape[1]) >= lens[:, None]].any()
    return [(one, other) for found in encoder.seen for one, other in zip(own, listed(*found), strict=True)]


@pytest.mark.parametrize("edits", [1, 3])
def test_near_texts_are_one_edit_away_or_a_few(embed, edits):
    pairs = near_texts(*texts(400), embed, times=3, edits=edits)
    found = Counter(distance(*pair) for pair in pairs)
    assert set(found) == set(range(1, edits + 1))
    assert all(4 <= token < BOUNDARY for _, other in pairs for token in other)
    lengths = Counter(len(other) - len(own) for own, other in pairs if len(own) > 2)
    assert min(lengths) == -1
    assert lengths[-1] / lengths.total() == pytest.approx(0.25, abs=0.04)
    assert all(len(other) >= len(own) for own, other in pairs if len(own) <= 2)  # nothing would be left to hear


def test_every_phoneme_may_be_the_one_that_is_left_out(embed):
    tokens = torch.tensor([[10, 20, 30, 40, 0]]).expand(1500, -1)
    pairs = near_texts(tokens, tokens > 0, embed)
    shorter = Counter(tuple(other) for own, other in pairs if len(other) < len(own))
    assert set(shorter) == {(20, 30, 40), (10, 30, 40), (10, 20, 40), (10, 20, 30)}
    assert min(shorter.values()) > 0.15 * shorter.total()


def test_what_is_left_out_can_be_heard(embed):
    """Two words without the boundary between them sound as they did."""
    tokens = torch.tensor([[10, BOUNDARY, 20]]).expand(600, -1)
    pairs = near_texts(tokens, tokens > 0, embed)
    assert Counter(tuple(other) for _, other in pairs if len(other) == 2).keys() == {(10, BOUNDARY), (BOUNDARY, 20)}
    assert all([t for t in other if t != BOUNDARY] != [10, 20] for _, other in pairs)


def test_near_texts_teach_the_text_encoder(spoken):
    emb, audio, _, _ = spoken
    audio.requires_grad_()
    loss, encoder = begun()
    loss(emb).backward()
    used = sorted({token for tokens, lens in encoder.seen for row in listed(tokens, lens) for token in row})
    grad = encoder.table.weight.grad
    assert grad[used].abs().amax(1).min() > 0
    assert not grad[[token for token in range(SIZE) if token not in used]].any()
    assert audio.grad.abs().sum(1).min() > 0
    assert loss.scale.log_scale.grad.item() != 0
    assert [name for name, _ in loss.named_parameters()] == ["scale.log_scale"]  # the encoder is the system's


def test_what_has_no_begin_or_no_text_embedding_is_refused(spoken):
    with pytest.raises(RuntimeError, match="!loss:near_misses has seen no system"):
        NearMisses()(spoken[0])
    with pytest.raises(ValueError, match="there is no text_pooler"):
        NearMisses().begin(SimpleNamespace(text_encoder=Spelling()), SimpleNamespace(size=SIZE), [])
    with pytest.raises(ValueError, match="misses must be a whole number of at least 1, not 0"):
        NearMisses(misses=0)
    with pytest.raises(ValueError, match="edits must be a whole number from 1 to 3, not 4"):
        NearMisses(edits=4)
