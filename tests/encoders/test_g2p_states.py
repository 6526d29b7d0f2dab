import numpy as np
import pytest
import torch

from kwskit.encoders.g2p_states import BOUNDARY, SPELLINGS
from kwskit.registry import build
from kwskit.text.neural_g2p import CHECKPOINT, GRAPHEMES, neural_g2p
from kwskit.text.pronouncing_dictionary import cmudict, package_file


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    return build("text_encoder", "g2p_states", dim=5)


@pytest.fixture(scope="module")
def tokenizer():
    return build("tokenizer", "phoneme")


def spelt(phonemes):
    plain = [phoneme.rstrip("012") for phoneme in phonemes]
    return "".join(SPELLINGS.get(phoneme, phoneme.lower()) for phoneme in plain)


def numpy_states(ids, letters):
    """The decoder's states by the stated gates, for one word."""
    with np.load(package_file("g2p_en", CHECKPOINT)) as arrays:
        w = {name: arrays[name].astype(np.float64) for name in arrays.files}

    def step(x, h, side):
        a, b = w[f"{side}_w_ih"] @ x + w[f"{side}_b_ih"], w[f"{side}_w_hh"] @ h + w[f"{side}_b_hh"]
        r, z = (1 / (1 + np.exp(-a[i : i + 256] - b[i : i + 256])) for i in (0, 256))
        return (1 - z) * np.tanh(a[512:] + r * b[512:]) + z * h

    h, states = np.zeros(256), []
    for letter in [*letters, "</s>"]:
        h = step(w["enc_emb"][GRAPHEMES.index(letter)], h, "enc")
    for previous in [2, *ids[:-1]]:
        h = step(w["dec_emb"][previous], h, "dec")
        states.append(h)
    return np.array(states), w["fc_w"], w["fc_b"]


def test_every_phoneme_has_a_spelling(encoder, tokenizer):
    assert tokenizer.symbols[BOUNDARY] == "|"
    for symbol, letters in zip(tokenizer.symbols[4:-1], encoder.spelling[4:-1].tolist(), strict=True):
        assert "".join(GRAPHEMES[letter] for letter in letters if letter) == spelt([symbol])
    assert not encoder.spelling[[0, 1, 2, 3, BOUNDARY]].any()


def test_states_of_words_and_phrases_against_numpy(encoder, tokenizer):
    words = ["window", "ship", "a"]
    ids = [tokenizer.encode(word)[0] for word in words]
    phrase = [*ids[0], BOUNDARY, *ids[1], BOUNDARY, *ids[2]]
    found = encoder.states(torch.tensor([phrase]))[0].detach().numpy()
    start = 0
    for own in ids:
        expected, _, _ = numpy_states(own, spelt(tokenizer.decode(own)))
        np.testing.assert_allclose(found[start : start + len(own)], expected, rtol=1e-4, atol=1e-5)
        start += len(own) + 1
        assert not found[start - 1 : start].any()


def test_reading_the_spelling_nearly_does_what_reading_the_letters_does(encoder, tokenizer):
    """How often the decoder, told a word's beginning, would itself go on with the right phoneme."""
    words = [word for word in cmudict().words() if word.isalpha() and len(word) > 2][::1500]
    right, total, cosines = 0, 0, []
    for word in words:
        ids = tokenizer.encode(word)[0]
        found = encoder.states(torch.tensor([ids]))[0].detach().numpy()
        letters, weight, bias = numpy_states(ids, word)
        right += int(((found @ weight.T + bias).argmax(1) == ids).sum())
        total += len(ids)
        cosines.append(np.sum(found * letters, 1) / np.linalg.norm(found, axis=1) / np.linalg.norm(letters, axis=1))
    assert right / total > 0.75
    assert np.concatenate(cosines).mean() > 0.75


def test_spells_and_writes_as_the_model_of_the_package_does(encoder, tokenizer):
    """Where the package's model writes a word's spelling as its phonemes, its choices are the encoder's."""
    ids = tokenizer.encode("kitten")[0]
    phonemes = neural_g2p().predict(spelt(tokenizer.decode(ids)))
    forced = [tokenizer.symbols.index(phoneme) for phoneme in phonemes]
    _, weight, bias = numpy_states(forced, spelt(tokenizer.decode(ids)))
    states, _, _ = numpy_states(forced, spelt(tokenizer.decode(ids)))
    assert (states @ weight.T + bias).argmax(1).tolist() == forced


def test_other_inventories_are_refused():
    with pytest.raises(ValueError, match="must be 75"):
        build("text_encoder", "g2p_states", num_tokens=44)
