import logging
from collections import Counter

import numpy as np
import pytest

from kwskit.data.sampler import PKSampler


def corpus(words=40, seed=0):
    """Word and voice of segments in random order; words have 1 to 12 segments of 1 to 6 voices."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 13, words)
    word_ids = np.repeat(np.arange(words), sizes)
    speaker_ids = rng.integers(0, 6, len(word_ids))
    order = rng.permutation(len(word_ids))
    return word_ids[order].astype(np.int32), speaker_ids[order].astype(np.int32)


@pytest.mark.parametrize(("keywords", "utterances"), [(4, 2), (8, 3), (3, 5), (5, 1)])
def test_a_batch_is_p_words_with_k_distinct_utterances_of_as_many_voices_as_there_are(keywords, utterances):
    word_ids, speaker_ids = corpus()
    sampler = PKSampler(word_ids, speaker_ids, keywords, utterances)
    for rows in sampler.batches(epoch=0):
        assert rows.dtype == np.int64
        assert len(rows) == len(set(rows.tolist())) == keywords * utterances
        groups = rows.reshape(keywords, utterances)
        assert len({int(word_ids[group[0]]) for group in groups}) == keywords
        for group in groups:
            assert len(set(word_ids[group])) == 1
            voices = Counter(speaker_ids[word_ids == word_ids[group[0]]].tolist())
            taken = Counter(speaker_ids[group].tolist())
            assert len(taken) == min(utterances, len(voices))
            # No voice speaks twice more than another that still had something to say.
            for voice, count in taken.items():
                assert all(count - taken[other] <= 1 or taken[other] == voices[other] for other in voices), voice


def test_an_epoch_visits_every_word_that_has_enough_once():
    word_ids, speaker_ids = corpus(words=41)
    sampler = PKSampler(word_ids, speaker_ids, 1 + 1, 3)
    enough = {word for word, count in Counter(word_ids.tolist()).items() if count >= 3}
    assert set(sampler.word_ids.tolist()) == enough
    assert sampler.left_out == 41 - len(enough)
    assert len(sampler) == len(enough) // 2
    seen = [int(word) for rows in sampler.batches(0) for word in word_ids[rows][::3]]
    assert len(seen) == len(set(seen)) == len(enough) // 2 * 2
    other = [int(word) for rows in sampler.batches(1) for word in word_ids[rows][::3]]
    assert seen != other


def test_an_epoch_of_several_passes_visits_as_often():
    word_ids, speaker_ids = np.repeat(np.arange(6), 4), np.tile(np.arange(4), 6)
    sampler = PKSampler(word_ids, speaker_ids, 3, 2, passes=5)
    assert len(sampler) == 10
    seen = Counter(int(word) for rows in sampler.batches(0) for word in word_ids[rows][::2])
    assert set(seen.values()) == {5}
    orders = [tuple(sorted(word_ids[rows][::2])) for rows in sampler.batches(0)]
    assert len(set(orders[::2])) > 1


def test_any_position_of_any_epoch_can_be_resumed():
    word_ids, speaker_ids = corpus()
    sampler = PKSampler(word_ids, speaker_ids, 4, 2, seed=9, passes=3)
    whole = list(sampler.batches(2))
    assert len(whole) == len(sampler)
    again = PKSampler(word_ids, speaker_ids, 4, 2, seed=9, passes=3)
    for start in range(len(whole) + 1):
        rest = list(again.batches(2, start))
        assert len(rest) == len(whole) - start
        assert all(np.array_equal(a, b) for a, b in zip(rest, whole[start:], strict=True))
    with pytest.raises(ValueError, match="an epoch has"):
        list(sampler.batches(0, len(whole) + 1))


def test_seeds_and_epochs_differ():
    word_ids, speaker_ids = corpus()
    first = [
        np.concatenate(list(PKSampler(word_ids, speaker_ids, 4, 2, seed=s).batches(e))).tolist()
        for s, e in ((0, 0), (1, 0), (0, 1))
    ]
    assert first[0] != first[1] != first[2] != first[0]


def test_every_segment_and_pair_of_voices_gets_its_turn():
    """Voices are drawn uniformly, whatever they recorded; so are a voice's utterances."""
    word_ids = np.zeros(12, int).repeat(1)
    word_ids = np.concatenate([word_ids, np.ones(2, int)])
    speaker_ids = np.array([0] * 8 + [1, 1, 1, 2] + [0, 1])
    sampler = PKSampler(word_ids, speaker_ids, 2, 2, passes=3000)
    drawn = np.concatenate(list(sampler.batches(0)))
    counts = Counter(drawn[drawn < 12].tolist())
    voices = Counter(speaker_ids[drawn[drawn < 12]].tolist())
    assert [voices[v] / 6000 for v in range(3)] == pytest.approx([1 / 3] * 3, abs=0.02)
    assert [counts[row] / 6000 * 8 * 3 for row in range(8)] == pytest.approx([1.0] * 8, abs=0.2)


def test_words_with_too_few_segments_are_reported_or_repeated(caplog):
    word_ids = np.array([0, 0, 0, 1, 2, 2, 2])
    speaker_ids = np.array([0, 1, 2, 0, 0, 0, 1])
    with caplog.at_level(logging.WARNING):
        sampler = PKSampler(word_ids, speaker_ids, 2, 3)
    assert "1 of 3 words have fewer than 3 segments and are left out" in caplog.text
    assert sampler.left_out == 1
    repeating = PKSampler(word_ids, speaker_ids, 3, 3, replacement=True)
    assert repeating.left_out == 0
    (rows,) = repeating.batches(0)
    assert sorted(Counter(word_ids[rows].tolist()).items()) == [(0, 3), (1, 3), (2, 3)]
    assert sorted(rows.tolist()) == [0, 1, 2, 3, 3, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"keywords": 1}, "a batch of one word cannot train a contrastive loss; it takes at least 2"),
        ({"keywords": 3}, "2 words have at least 2 segments, but a batch takes training.keywords=3; set it lower"),
        ({"utterances": 4}, "1 words have at least 4 segments, .*a batch of one word cannot train"),
        ({"utterances": 0}, "utterances=0"),
        ({"passes": 0}, "passes=0"),
    ],
)
def test_batches_that_cannot_be_made(arguments, message):
    word_ids, speaker_ids = np.array([0, 0, 0, 0, 1, 1, 2]), np.zeros(7, int)
    with pytest.raises(ValueError, match=message):
        PKSampler(word_ids, speaker_ids, **({"keywords": 2, "utterances": 2} | arguments))


@pytest.mark.parametrize("scale", [1, 2**40])
def test_segments_are_grouped_whatever_their_ids(scale):
    """Ids too large for the fast sort give the same batches."""
    word_ids, speaker_ids = (ids.astype(np.int64) for ids in corpus())
    expected = list(PKSampler(word_ids, speaker_ids, 4, 2).batches(0))
    found = list(PKSampler(word_ids * scale, speaker_ids * scale, 4, 2).batches(0))
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_ids_must_come_in_pairs():
    with pytest.raises(ValueError, match="3 word ids and 2 speaker ids"):
        PKSampler(np.zeros(3, int), np.zeros(2, int), 2, 2)
