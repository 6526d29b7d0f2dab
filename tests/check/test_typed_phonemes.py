"""What phonemes add to the score of a text that is typed, against a loop over frames and states."""

import dataclasses

import numpy as np
import pytest

from kwskit.check.check_keywords import check_keywords
from kwskit.check.typed_phonemes import TypedPhonemes
from kwskit.spotting.cohort import cohort_words
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.phoneme_background import PhonemeBackground
from kwskit.spotting.spotter import Spotter
from tests.spotting.paths_by_loops import cheapest_paths

BLANK, FINE, WEIGHT, LEAST = 0, 31 / 8, 0.75, -4.0
# Frames of which 0 to 3 is the likeliest; 4 never is.
COSTS = np.array([[0, 20, 31, 25, 9], [30, 0, 4, 25, 9], [30, 0, 8, 31, 9], [8, 12, 0, 20, 9], [16, 31, 28, 0, 9]])


def heard():
    return PhonemeBackground(COSTS.astype(np.uint8), np.zeros(1), np.zeros(1, np.int64), BLANK, 0.04)


def keyword(*phonemes):
    return Keyword("it", "it", (), np.zeros((1, 2), np.float32), 0.5, (0.6,), phonemes=phonemes)


def by_loop(pronunciations, said):
    rows = [COSTS[COSTS.argmin(1) == token].astype(float) for token in range(4)]
    frames = [-own.mean(0) / FINE for own in rows] + [np.array([-8.0, -8, -8, -8, 0])]
    heard = np.array([frames[token] for token in [BLANK, *(t for one in said for t in (one, BLANK))]])
    return WEIGHT * max(LEAST, max(score for ids in pronunciations for score, _ in cheapest_paths(heard, ids, BLANK)))


@pytest.mark.parametrize("pronunciations", [((1, 2),), ((1, 2, 3), (2, 2)), ((4,), (3, 1, 1))])
def test_scores_are_those_of_a_loop(pronunciations, monkeypatch):
    monkeypatch.setattr("kwskit.check.typed_phonemes.AT_ONCE", 3)
    texts = [(1, 2), (1, 3), (2,), (3, 1, 2, 2), (4, 1), (2, 2), (1, 1, 1, 1, 1)]
    found = TypedPhonemes(heard()).scores(keyword(*pronunciations), texts)
    np.testing.assert_allclose(found, [by_loop(pronunciations, said) for said in texts], atol=1e-5)
    own = texts.index((1, 2)) if (1, 2) in pronunciations else texts.index((2, 2)) if (2, 2) in pronunciations else None
    assert own is None or found[own] == 0.0


def test_no_text_has_no_score():
    assert TypedPhonemes(heard()).scores(keyword((1, 2)), []).shape == (0,)


@pytest.fixture
def background(phoneme_sung_model):
    """What the model that knows phonemes hears in words that follow each other."""
    words = np.random.default_rng(0).choice(cohort_words(330)[300:], 100).tolist()
    recorder = Spotter(phoneme_sung_model).recorder()
    recorder.record([phoneme_sung_model.stream_of(*words, pause=0.3)[0].astype(np.int16)])
    return recorder.background()


def test_what_is_unlike_in_phonemes_scores_lower_where_a_model_hears_them(phoneme_sung_model, background):
    spotter = Spotter(phoneme_sung_model, background)
    deaf = dataclasses.replace(background, phonemes=None)
    (with_phonemes,) = check_keywords(spotter, ["banana"])
    spotter.background = deaf
    (without,) = check_keywords(spotter, ["banana"])
    assert with_phonemes.own == pytest.approx(without.own, abs=1e-5)  # as typed, its phonemes are its own
    scores = {one.text: one.score for one in without.words}
    both = [one for one in with_phonemes.words if one.text in scores and not one.same]
    assert both
    assert all(one.score < scores[one.text] for one in both)
