import numpy as np
import pytest

from kwskit.synthesis.voices.token_times import LEAD, spans_of_tokens


def test_a_blank_belongs_to_the_word_behind_it_and_a_pause_to_none():
    # tokens: pad, a a, blank, b, comma, blank, c, pad; each a tenth of a second from 0
    ends = np.arange(10) / 10
    spans = spans_of_tokens(ends, [(1, 3), (4, 5), (7, 8)])
    expected = [(0.1 - LEAD, 0.3 - LEAD), (0.3 - LEAD, 0.5), (0.7 - LEAD, 0.8)]
    np.testing.assert_allclose(spans, expected)


def test_no_word_begins_before_the_sound():
    assert spans_of_tokens(np.array([0.0, 0.01, 0.5]), [(1, 2)]).tolist() == [[0.0, 0.5]]


@pytest.mark.parametrize("words", [1, 2, 5])
def test_words_without_pauses_touch(words):
    ends = np.cumsum(np.random.default_rng(words).uniform(0.02, 0.2, 3 * words + 2))
    spans = spans_of_tokens(ends, [(1 + 3 * k, 3 + 3 * k) for k in range(words)])
    np.testing.assert_array_equal(spans[1:, 0], spans[:-1, 1])
    assert (spans[:, 0] < spans[:, 1]).all()
