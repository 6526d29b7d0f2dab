"""Corpora that are too small, or lack what batches of whole utterances need."""

import numpy as np
import pytest

from kwskit.data.utterance_batches import UtteranceBatches, UtteranceSettings
from kwskit.data.word_times import WordTimes
from kwskit.errors import UnpronounceableText
from tests.data.whole_corpora import SOUNDS, STILL, Spelling, batches, opened, random_speech


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return opened(tmp_path_factory.mktemp("whole"), random_speech(60))


def test_a_corpus_that_is_too_small_is_refused(corpus):
    for settings, processes in (
        ({"seconds": 0.5}, 1),
        ({"seconds": 9.0}, 3),
        ({"segments": 3}, 2),
        ({"segments": 1}, 1),
    ):
        with pytest.raises(
            ValueError, match=rf"^60 utterances in \d+ batches .* each of {processes} processes needs an"
        ):
            batches(corpus, STILL | settings, world_size=processes)
    assert len(list(batches(corpus, STILL | {"seconds": 1e6}).batches(1))) == 1


def test_words_that_cannot_be_pronounced_are_told_before_training(corpus):
    sounds = {word: said for word, said in SOUNDS.items() if word != "river"}
    with pytest.raises(UnpronounceableText, match="'river': it is not in SOUNDS"):
        batches(corpus, tokenizer=Spelling(sounds))


def test_transcripts_may_have_words_without_times(tmp_path):
    store, times = opened(tmp_path, {f"u{k}": [("the", 0, 8000), ("river", 8000, 16000)] for k in range(4)})
    known = WordTimes(["the"], np.arange(5), np.zeros(4, np.int32), times.start[::2], times.stop[::2])
    (batch,) = UtteranceBatches(store, known, Spelling(), UtteranceSettings(segments=4)).batches(1)
    assert batch.word.tolist() == [0] * 4
    assert set(batch.transcript_lens.tolist()) <= {5, 6}
    with pytest.raises(UnpronounceableText, match="'river'"):
        UtteranceBatches(store, known, Spelling({"the": ["D"]}), UtteranceSettings(segments=4))
    known.words = ["delta"]
    with pytest.raises(UnpronounceableText, match="'delta'"):
        UtteranceBatches(store, known, Spelling(), UtteranceSettings(segments=4))


def test_utterances_without_times_of_their_words(tmp_path):
    corpus = opened(tmp_path, {f"u{k}": [("a", 0, 2000), ("a", 60_000, 110_000)] for k in range(3)})
    with pytest.raises(ValueError, match=r"without a word of 0\.15 to 3 s: utterances need times of their words"):
        next(batches(corpus).batches(1))
