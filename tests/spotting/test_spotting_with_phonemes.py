"""Spotting by embeddings and phonemes, with a model that hears tones and knows phonemes by them."""

import numpy as np
import pytest

from kwskit.spotting.hit_picker import PATIENCE
from kwskit.spotting.phoneme_scores import WEIGHT
from kwskit.spotting.score_smoothing import NEAR
from kwskit.spotting.scored_windows import ScoredWindows
from kwskit.spotting.spotter import Spotter
from kwskit.spotting.spotting_stream import STEP
from kwskit.spotting.window_scores import WindowScores
from tests.spotting.random_blocks import hits_in_random_blocks

RATE, FRAME = 16_000, 0.04
SAID = ("computer", "banana", "tiger", "hey nova", "banana", "meadow", "tiger", "computer")


@pytest.fixture
def spotter(phoneme_sung_model):
    found = Spotter(phoneme_sung_model)
    for text in ("computer", "tiger", "hey nova", "either"):
        found.enrol(text, threshold=3.0)
    return found


@pytest.mark.parametrize(
    ("name", "streaming", "hears"),
    [
        ("phoneme_sung_model", None, True),
        ("phoneme_sung_model", False, False),
        ("streaming_sung_model", None, False),
        ("sung_model", None, False),
    ],
)
def test_models_that_hear_phonemes_and_stream_judge_by_them(request, name, streaming, hears):
    model = request.getfixturevalue(name)
    spotter = Spotter(model, streaming=streaming)
    keyword = spotter.enrol("hey nova", threshold=3.0)
    assert spotter.hears_phonemes == hears
    pcm, _ = model.stream_of("tiger", "hey nova")
    (hit,) = spotter.spot(pcm)
    assert [part is not None for part in (hit.embedding, hit.phonemes)] == [hears] * 2
    if hears:
        assert hit.score == pytest.approx(hit.embedding + WEIGHT * hit.phonemes, abs=1e-5)
        assert -1 < hit.phonemes <= 0
        plain = Spotter(model)
        plain.scores = lambda queries: WindowScores(plain.listener, queries)
        plain.enrol("hey nova", threshold=3.0)
        (other,) = plain.spot(pcm)
        assert (other.embedding, other.phonemes) == (None, None)
        assert other.score == pytest.approx(hit.embedding, abs=0.5)
    # The pronunciations without the boundary between words, where phonemes are heard at all.
    symbols = [" ".join(model.tokenizer.decode(list(ids))) for ids in keyword.phonemes]
    heard = [one.replace(" | ", " ") for one in keyword.pronunciations]
    assert symbols == (heard if name == "phoneme_sung_model" else [])


def test_words_of_like_sounds_are_told_apart_by_the_order_of_their_phonemes(phoneme_sung_model):
    """To this model an embedding is what is heard, in any order."""
    spotter = Spotter(phoneme_sung_model)
    spotter.enrol("nova hey", threshold=3.0)
    pcm, said = phoneme_sung_model.stream_of("hey nova", "tiger", "nova hey")
    stream = spotter.listen(np.inf)
    heard = ScoredWindows.join([(stream.push(pcm), stream.heard)[1], (stream.finish(), stream.heard)[1]])
    at = [(heard.start < stop) & (heard.stop > start) for text, start, stop in said if text != "tiger"]
    embedding = (heard.score - WEIGHT * heard.phonemes)[:, 0]
    (swapped, phonemes), (own, right) = ((embedding[one].max(), heard.phonemes[one].max()) for one in at)
    assert swapped == pytest.approx(own, abs=0.5)
    assert phonemes < right - 0.5


@pytest.mark.parametrize("seed", range(3))
def test_words_are_found_where_they_are_said_however_a_stream_is_cut(spotter, seed):
    rng = np.random.default_rng(seed)
    pcm, said = spotter.model.stream_of(*SAID, seed=seed)
    whole, stream = spotter.spot(pcm), spotter.listen()
    hits = hits_in_random_blocks(stream, pcm, rng)
    wanted = [(text, start, stop) for text, start, stop in said if text in spotter.keywords]
    assert [hit.keyword for hit in whole] == [text for text, _, _ in wanted]
    for hit, (_, start, stop) in zip(whole, wanted, strict=True):
        assert abs(hit.start + hit.end - start - stop) / 2 < NEAR + FRAME
        assert min(abs(hit.end - hit.start - length) for length in spotter.keywords[hit.keyword].windows) < FRAME
        assert hit.score >= hit.threshold == 3.0
    assert [hit[:3] for hit in hits] == [hit[:3] for hit in whole]
    np.testing.assert_allclose([hit[3:] for hit in hits], [hit[3:] for hit in whole], rtol=1e-4, atol=1e-6)
    assert stream.seconds == len(pcm) / RATE


def test_a_hit_is_told_soon_even_when_nothing_else_is_heard(spotter):
    pcm, _ = spotter.model.stream_of("tiger")
    pcm = np.concatenate([pcm, np.zeros(3 * RATE, np.int16)])
    stream, told = spotter.listen(), []
    for at in range(0, len(pcm), 800):
        told += [(hit, stream.seconds) for hit in stream.push(pcm[at : at + 800])]
    ((hit, now),) = told
    # What is near, the longest window that fits, and what is gathered until the model is called.
    known = (hit.start + hit.end) / 2 + NEAR + max(spotter.keywords["tiger"].windows) / 2
    assert PATIENCE < now - known < PATIENCE + FRAME + STEP + 0.05
    assert stream.finish() == []


def test_without_keywords_nothing_is_heard(phoneme_sung_model):
    stream = Spotter(phoneme_sung_model).listen()
    assert stream.push(phoneme_sung_model.say("tiger")) == stream.finish() == []
    assert stream.scores[1].shape == (0, 0)


def test_score_is_the_highest_of_the_stream(spotter):
    pcm, _ = spotter.model.stream_of("tiger", "banana")
    stream = spotter.listen()
    scores = [stream.scores[1] for hear in (lambda: stream.push(pcm), stream.finish) if hear() is not None]
    best = np.concatenate(scores).max(0)
    for text, score in zip(spotter.keywords, best.tolist(), strict=True):
        assert spotter.score(pcm, text) == pytest.approx(score, abs=1e-4)
    assert spotter.score(pcm, "banana") > 3
    assert spotter.score(pcm[:0], "banana") == -np.inf


def test_a_keyword_by_examples_alone_is_what_is_heard_in_them(phoneme_sung_model):
    spotter = Spotter(phoneme_sung_model)
    examples = [phoneme_sung_model.stream_of("banana", seed=seed)[0] for seed in (3, 4)]
    noise = np.random.default_rng(0).normal(0, 300, RATE // 2).astype(np.int16)
    keyword = spotter.enrol(examples=[*examples, noise], name="fruit", threshold=3.0)
    assert keyword.phonemes == tuple(map(tuple, phoneme_sung_model.tokenizer.encode("banana") * 2))
    assert (keyword.text, keyword.pronunciations, keyword.examples) == ("", (), 3)
    keyword = spotter.enrol(examples=examples, name="fruit", threshold=3.0)
    pcm, said = phoneme_sung_model.stream_of(*SAID)
    hits = spotter.spot(pcm)
    assert [hit.keyword for hit in hits] == ["fruit"] * 2
    for hit, (_, start, stop) in zip(hits, (row for row in said if row[0] == "banana"), strict=True):
        assert abs(hit.start + hit.end - start - stop) / 2 < NEAR + FRAME
    with pytest.raises(ValueError, match="no phoneme is heard in the examples: type the keyword, too"):
        spotter.enrol(examples=[noise], name="noise", threshold=3.0)
    both = spotter.enrol("banana", examples=examples, threshold=3.0)
    assert both.phonemes == tuple(map(tuple, phoneme_sung_model.tokenizer.encode("banana")))


def test_a_phoneme_of_an_example_is_repeated_only_where_nothing_is_heard_between(phoneme_sung_model):
    say = phoneme_sung_model.say
    pause = np.zeros(1600, np.int16)
    pcm = np.concatenate([say("banana"), pause, say("a"), say("a"), pause, say("a")])
    spotter = Spotter(phoneme_sung_model)
    keyword = spotter.enrol(examples=[pcm], name="it", threshold=3.0)
    (banana,), (a, *_) = (phoneme_sung_model.tokenizer.encode(text) for text in ("banana", "a"))
    assert keyword.phonemes == ((*banana, *a, *a),)
