"""How far a score moves by silence before a word and by sizes of blocks."""

import numpy as np
import pytest
import soundfile

from kwskit.spotting.spotter import Spotter

pytestmark = pytest.mark.usefixtures("people_bench")


@pytest.fixture
def speech(tmp_path, streaming_sung_model):
    folder = tmp_path / "wake_words/tiger"
    folder.mkdir(parents=True)
    for k in range(8):
        pcm = streaming_sung_model.stream_of("tiger", pause=0.1, seed=k)[0]
        soundfile.write(folder / f"take{k}.flac", pcm, 16_000)
    return tmp_path


def test_ranges_are_those_of_scores_one_by_one(speech, streaming_sung_model, monkeypatch):
    from people import steadiness
    from people.halves import wake_word_half

    monkeypatch.setattr(steadiness.Spotter, "load", staticmethod(lambda _: Spotter(streaming_sung_model)))
    monkeypatch.setattr(steadiness, "OFFSETS", (0, 500, 1_300))
    own = [path for path in (speech / "wake_words/tiger").iterdir() if wake_word_half(path) == "dev"]
    assert 0 < len(own) < 8
    found = steadiness.steadiness_test(speech, "dev", None).measure("any")
    assert found["recordings"] == len(own)
    spotter = Spotter(streaming_sung_model)
    ranges = []
    for path in own:
        pcm, _ = soundfile.read(path, dtype="int16")
        silence = [np.concatenate([np.zeros(n, np.int16), pcm, np.zeros(16_000, np.int16)]) for n in (0, 500, 1_300)]
        scores = [spotter.score(one, "tiger") for one in silence]
        ranges.append(max(scores) - min(scores))
    assert found["silence"]["largest"] == pytest.approx(max(ranges))
    assert found["silence"]["median"] == pytest.approx(np.median(ranges))
    assert found["silence"]["largest"] > 1e-3
    assert found["blocks"]["largest"] < 1e-4


def test_blocks_of_all_sizes_give_the_score_of_the_whole(speech, streaming_sung_model):
    from people import steadiness

    pcm, _ = soundfile.read(next((speech / "wake_words/tiger").iterdir()), dtype="int16")
    spotter = Spotter(streaming_sung_model)
    spotter.enrol("tiger", threshold=np.inf)
    for size in (700, len(pcm)):
        assert steadiness._best(spotter, pcm, size) == pytest.approx(spotter.score(pcm, "tiger"), abs=1e-5)


def test_without_wake_words_there_is_no_test(tmp_path):
    from people import steadiness

    assert steadiness.steadiness_test(tmp_path, "dev", None) is None
