"""Utterances in a stream lie where they are said to lie; voices that train hold no test."""

import numpy as np
import pytest

from kwskit.adapt import speakers as speakers_module
from kwskit.adapt.hearing import best_scores, windows_of
from kwskit.adapt.near_texts import near_texts
from kwskit.adapt.speakers import installed_speakers
from kwskit.adapt.speaking import Utterances, in_a_row, spoken
from kwskit.spotting.spotter import Spotter
from kwskit.synthesis.casting import Speaker, cast
from kwskit.synthesis.voices.voice import MissingEngine
from kwskit.text.pronouncing_dictionary import PronouncingDictionary, cmudict
from kwskit.text.word_sounds import WordSounds

RATE = 16_000


@pytest.mark.parametrize("rooms", [False, True])
def test_utterances_lie_where_they_are_said_to(rooms):
    rng = np.random.default_rng(0)
    loud, quiet = np.full(4000, 20_000, np.int16) * np.tile([1, -1], 2000).astype(np.int16), np.zeros(0, np.int16)
    parts = [(loud // 4, loud, quiet), (quiet, loud, loud // 4), (quiet, loud, quiet)]
    found = in_a_row(parts, rng, rooms)
    assert found.pcm.dtype == np.int16
    np.testing.assert_allclose(found.stop - found.start, 0.25, atol=1e-6)
    assert (np.diff(found.start) > 0.25).all()
    for start, stop in zip(found.start, found.stop, strict=True):
        a, b = round(start * RATE), round(stop * RATE)
        level = np.abs(found.pcm[a:b].astype(float)).mean()
        assert level > 3 * np.abs(found.pcm[a - 700 : a].astype(float)).mean()


def test_nothing_in_a_row_is_an_empty_stream():
    found = in_a_row([], np.random.default_rng(0), True)
    assert (len(found.pcm), len(found.start), len(found.stop)) == (0, 0, 0)


def test_voices_take_turns_and_say_what_they_are_told():
    pytest.importorskip("espeakng_loader")
    pytest.importorskip("hibari")
    by = {"espeak": ["espeak:en-us+f3"], "hibari": ["hibari:heart@96"]}
    one, two = (spoken(["hey nova", "tiger"], by, ["banana"], np.random.default_rng(3)) for _ in range(2))
    assert len(one) == 2
    for mine, again in zip(one, two, strict=True):
        for a, b in zip(mine, again, strict=True):
            np.testing.assert_array_equal(a, b)
    assert all(0.2 < len(own) / RATE < 1.5 for _, own, _ in one)


def test_no_voice_is_in_both():
    pytest.importorskip("espeakng_loader")
    found = installed_speakers()
    training, held = ({one for some in kind.values() for one in some} for kind in (found.training, found.held_out))
    assert not training & held
    assert held >= set(cast("test", ["espeak"]))
    parsed = [[Speaker.parse(one) for one in kind] for kind in (training, held)]
    voices = [{(one.engine, one.voice.partition("+")[2] or one.voice) for one in kind} for kind in parsed]
    assert not voices[0] & voices[1]


def test_without_a_voice_it_is_told(monkeypatch):
    monkeypatch.setattr(speakers_module, "installed_engines", lambda: ([], ["no"]))
    with pytest.raises(MissingEngine, match=r"pip install 'kwskit\[voices,voices-gpl\]'"):
        installed_speakers()
    monkeypatch.setattr(speakers_module, "installed_engines", lambda: (["hibari"], ["the voice 'Pico' needs (x)"]))
    found = installed_speakers()
    assert (list(found.training), found.held_out, found.left_out) == (["hibari"], {}, ["the voice 'Pico' needs"])


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "small.dict"
    words = ["nova", "over", "an", "hay", "hey", "no", "novel", "banana", "window", "computer"]
    path.write_text("\n".join(f"{word} {' '.join(cmudict().lookup(word)[0])}" for word in words))
    return WordSounds(PronouncingDictionary(path))


def test_what_is_near_has_parts_and_changed_words_and_not_the_keyword(sung_model, small):
    spotter = Spotter(sung_model)
    found = near_texts(spotter, spotter.enrol("Hey Nova", threshold=3), small)
    assert found[:2] == ["hey", "nova"]
    assert len(found) == len(set(found))
    assert not {"hey nova", "hay nova"} & set(found)  # the second sounds the same
    assert sum(one.startswith("hey ") for one in found) >= 8
    assert sum(one.endswith(" nova") for one in found) >= 8
    assert "over" in found
    single = near_texts(spotter, spotter.enrol("nova", threshold=3), small)
    assert "nova" not in single
    assert "no" in single


def test_windows_and_scores_at_utterances(sung_model):
    spotter = Spotter(sung_model)
    keyword = spotter.enrol("hey nova", threshold=3)
    pcm, said = sung_model.stream_of("tiger", "hey nova", "banana")
    start, stop = (np.array([one[k] for one in said]) for k in (1, 2))
    best = best_scores(spotter, [keyword, keyword], Utterances(pcm, start, stop))
    assert best[:, 0].argmax() == 1
    assert best[1, 0] == pytest.approx(spotter.score(pcm, "hey nova"), abs=1e-5)
    np.testing.assert_array_equal(best[:, 0], best[:, 1])
    every = windows_of(spotter, keyword, Utterances(pcm, start, stop), only_middles=False)
    middle = windows_of(spotter, keyword, Utterances(pcm, start[1:2], stop[1:2]), only_middles=True)
    listener = spotter.listener(keyword.windows)
    expected, count = [], 0
    for part in (*listener.push(pcm), *listener.finish()):
        count += len(part.kept)
        for a, b, row in zip(part.start, part.stop, part.kept, strict=True):
            if abs((a + b) / 2 - (start[1] + stop[1]) / 2) <= 0.08:
                expected.append(row)
    assert len(every.score) == count
    assert len(middle.score) == len(expected)
    assert {one.tobytes() for one in middle.rows} == {one.tobytes() for one in expected}
    assert every.score.max() - 1 < middle.score.max()
