"""What is held out is neither spoken nor recorded for training."""

import numpy as np
import pytest

from kwskit.adapt import speech
from kwskit.adapt.recordings import of_other_sound
from kwskit.adapt.speakers import Speakers
from kwskit.adapt.speech import training_and_held_out

SPEAKERS = Speakers({"e": ["e:a", "e:b"]}, {"e": ["e:c"]}, [])


@pytest.fixture
def orders(monkeypatch):
    """What is asked of voices: texts and speakers. Each says its text as 100 samples."""
    found = []

    def spoken(texts, speakers, beside, rng):
        found.append((set(texts), {one for some in speakers.values() for one in some}, set(beside)))
        return [[np.zeros(0, np.int16), np.ones(100, np.int16), np.zeros(0, np.int16)] for _ in texts]

    monkeypatch.setattr(speech, "spoken", spoken)
    return found


def test_other_voices_other_texts_and_other_recordings(orders):
    near = [f"near {k}" for k in range(10)]
    recordings = of_other_sound([np.full(160, k, np.int16) for k in range(9)])
    training, held_out = training_and_held_out(
        ["window"], near, SPEAKERS, recordings, recordings, np.random.default_rng(0), False
    )
    (said, by, beside), (other, also, _), (held_said, held_by, _), (held_other, held_also, _) = orders
    assert said == held_said == {"window"}
    assert "window" not in beside
    assert by == also == {"e:a", "e:b"}
    assert held_by == held_also == {"e:c"}
    assert other | held_other == set(near)
    assert held_other == {"near 3", "near 7"}
    assert not other & held_other
    assert [int(one[0]) for one in recordings.held_out] == [3, 7]
    assert [int(one[0]) for one in recordings.training] == [0, 1, 2, 4, 5, 6, 8]
    counts = [len(one.start) for one in (training.said, training.said_recorded, training.not_recorded)]
    assert counts == [speech.SAID, 7 * speech.COPIES, 7]
    assert [len(one.start) for one in (held_out.said, held_out.said_recorded)] == [speech.HELD_OUT, 2]


def test_without_voices_to_hold_out_there_are_no_trials(orders):
    few = Speakers(SPEAKERS.training, {}, [])
    none = of_other_sound([])
    training, held_out = training_and_held_out(["window"], [], few, none, none, np.random.default_rng(0), False)
    assert len(training.said.start) == speech.SAID
    assert [len(getattr(held_out, name).start) for name in ("said", "near", "said_recorded", "not_recorded")] == [0] * 4
