import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from kwskit.evaluation.bootstrap import resample_counts
from kwskit.evaluation.word_discrimination import ScoredPairs, Segments, acoustic_pairs, cross_view_pairs

# Three words, two utterances each; audio before normalisation.
AUDIO = np.array([(4, 3), (1, 0), (3, 4), (-3, 4), (-4, 3), (-1, -0.25)], float)
TEXT = np.array([(1, 0), (0, 1), (-1, 0)], float)
WORDS = np.array([0, 0, 1, 1, 2, 2])


def random_pairs(seed=0, words=6, each=4):
    rng = np.random.default_rng(seed)
    spoken = np.repeat(np.arange(words), each)
    audio = rng.normal(size=(words, 3))[spoken] + rng.normal(size=(len(spoken), 3))
    return acoustic_pairs(np.round(audio), spoken)  # rounded: some scores tie


def test_stated_values():
    assert acoustic_pairs(AUDIO, WORDS).average_precision == pytest.approx(0.42063492063492064, abs=1e-9)
    assert cross_view_pairs(AUDIO, WORDS, TEXT, np.arange(3)).average_precision == pytest.approx(1.0, abs=1e-9)


def test_acoustic_pairs_are_all_pairs_once():
    pairs = acoustic_pairs(AUDIO, WORDS)
    unit = [row / np.sqrt(row @ row) for row in AUDIO]
    naive = [(WORDS[i], WORDS[j], unit[i] @ unit[j]) for i in range(6) for j in range(i + 1, 6)]
    found = list(zip(pairs.first, pairs.second, pairs.scores, strict=True))
    np.testing.assert_allclose(sorted(found), sorted(naive), atol=1e-12)


def test_a_typed_word_scores_by_its_best_pronunciation():
    pairs = cross_view_pairs([(1, 0), (0, 1)], [0, 1], [(0, 1), (0.6, 0.8), (-1, 0)], [1, 1, 0])
    found = {(f, s): score for f, s, score in zip(pairs.first, pairs.second, pairs.scores, strict=True)}
    assert found == pytest.approx({(1, 0): 0.6, (1, 1): 1.0, (0, 0): -1.0, (0, 1): 0.0})


@pytest.mark.parametrize("seed", range(3))
def test_resamples_are_weighted_average_precisions(seed):
    pairs = random_pairs(seed)
    counts = resample_counts(6, 20, seed)
    expected = []
    for drawn in counts.T:
        same = pairs.first == pairs.second
        weights = np.where(same, drawn[pairs.first], drawn[pairs.first] * drawn[pairs.second])
        expected.append(average_precision_score(same, pairs.scores, sample_weight=weights))
    np.testing.assert_allclose(pairs.resampled(counts), expected, atol=1e-12)


def test_words_drawn_once_each_change_nothing():
    pairs = random_pairs()
    assert pairs.resampled(np.ones((6, 1), np.int32))[0] == pytest.approx(pairs.average_precision, abs=1e-12)


def test_a_resample_of_one_word_has_no_value():
    counts = np.zeros((6, 1), np.int32)
    counts[2] = 6
    assert np.isnan(random_pairs().resampled(counts)[0])


def test_without_a_pair_of_one_word_there_is_nothing_to_find():
    pairs = ScoredPairs(np.array([0]), np.array([1]), np.array([0.5]))
    with pytest.raises(ValueError, match="none of the 1 trials is a target"):
        _ = pairs.average_precision


def test_segments_come_back_from_their_file(tmp_path):
    segments = Segments(["apple", "berry", "cherry"], AUDIO, WORDS, TEXT, np.arange(3))
    segments.write(tmp_path / "a" / "b.npz", {"model": "trained:1=2"})
    found, facts = Segments.read(tmp_path / "a" / "b.npz")
    assert facts == {"model": "trained:1=2"}
    assert found.vocabulary == segments.vocabulary
    for metric in ("acoustic_ap", "cross_view_ap"):
        assert found.pairs(metric).average_precision == segments.pairs(metric).average_precision
    with pytest.raises(ValueError, match="not 'ap'"):
        found.pairs("ap")
