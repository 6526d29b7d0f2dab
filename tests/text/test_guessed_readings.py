"""Readings of words that no dictionary has, against an exhaustive search and every way to part a word."""

import heapq
from itertools import combinations, pairwise

import numpy as np
import pytest

from kwskit.text.g2p import G2P
from kwskit.text.guessed_readings import READINGS, composed_of, guessed_readings
from kwskit.text.neural_g2p import CHECKPOINT, GRAPHEMES, PHONEMES, neural_g2p
from kwskit.text.pronouncing_dictionary import cmudict, package_file


def plain(reading):
    return [phoneme.rstrip("012") for phoneme in reading]


@pytest.fixture(scope="module")
def weights():
    with np.load(package_file("g2p_en", CHECKPOINT)) as arrays:
        return {name: arrays[name].astype(np.float64) for name in arrays.files}


def step(weights, kind, symbol, hidden):
    """A GRU's next state, written out."""
    inputs = weights[f"{kind}_w_ih"] @ weights[f"{kind}_emb"][symbol] + weights[f"{kind}_b_ih"]
    state = weights[f"{kind}_w_hh"] @ hidden + weights[f"{kind}_b_hh"]
    (ir, iz, new), (hr, hz, hn) = np.split(inputs, 3), np.split(state, 3)
    r, z = 1 / (1 + np.exp(-ir - hr)), 1 / (1 + np.exp(-iz - hz))
    return (1 - z) * np.tanh(new + r * hn) + z * hidden


def exact(weights, word, count):
    """The ``count`` likeliest sequences: prefixes only lose probability, so the best goes on."""
    hidden = np.zeros(weights["enc_w_hh"].shape[1])
    for letter in [*word, "</s>"]:
        hidden = step(weights, "enc", GRAPHEMES.index(letter), hidden)
    queue, found = [(0.0, 0, (), 2, hidden)], []
    while len(found) < count:
        cost, _, said, last, hidden = heapq.heappop(queue)
        if last == 3:
            found.append(tuple(PHONEMES[one - 4] for one in said))
            continue
        hidden = step(weights, "dec", last, hidden)
        logits = weights["fc_w"] @ hidden + weights["fc_b"]
        costs = cost - logits + np.logaddexp.reduce(logits)
        heapq.heappush(queue, (costs[3], len(queue), said, 3, hidden))
        for symbol in range(4, len(logits)):
            heapq.heappush(queue, (costs[symbol], len(queue) * 100 + symbol, (*said, symbol), symbol, hidden))
    return found


@pytest.mark.parametrize("word", ["hadouken", "zorb", "kubern", "xq"])
def test_the_beam_finds_what_an_exhaustive_search_finds(weights, word):
    assert neural_g2p().likeliest(word)[:6] == exact(weights, word, 6)


def test_readings_differ_in_more_than_stress_and_are_as_many_as_a_dictionary_has():
    assert (
        max(
            len({tuple(plain(said)) for said in cmudict().lookup(word)}) for word in cmudict().words() if word.isalpha()
        )
        == READINGS
    )
    for word in ("hadouken", "henovar", "kubernetes"):
        found = [plain(reading) for reading in guessed_readings(word)]
        modelled = [plain(reading) for reading in neural_g2p().likeliest(word)]
        assert found == [one for k, one in enumerate(modelled) if one not in modelled[:k]][:READINGS]
        assert len(found) == READINGS


def test_parts_come_second():
    found = guessed_readings("smartthings")
    assert found[0] == neural_g2p().likeliest("smartthings")[0]
    assert found[1] == (*cmudict().lookup("smart")[0], *cmudict().lookup("things")[0])


@pytest.mark.parametrize("word", ["smartthings", "heynova", "openassistant", "zorblax", "nova", "carpetrate"])
def test_parts_are_the_fewest_and_the_most_even(word):
    every = []
    for cuts in (cut for count in range(1, 5) for cut in combinations(range(1, len(word)), count)):
        parts = [word[a:b] for a, b in pairwise((0, *cuts, len(word)))]
        if all(len(part) >= 3 and set(part) & set("aeiouy") and part in cmudict() for part in parts):
            every.append((len(parts), -min(map(len, parts))))
    found = composed_of(word)
    assert bool(found) == bool(every)
    if every:
        assert "".join(found) == word
        assert (len(found), -min(map(len, found))) == min(every)


def test_trainings_keep_the_greedy_reading():
    assert G2P().pronunciations("smartthings") == [neural_g2p().predict("smartthings")]
    assert G2P().extended(None, READINGS).pronunciations("smartthings") == guessed_readings("smartthings")


def test_what_is_cut_is_told(caplog):
    word = "pneumonoultramicroscopicsilicovolcanoconiosis"
    assert all(len(reading) <= 20 for reading in guessed_readings(word))
    assert word in caplog.text
