"""What people.py measures is what it says: which clips, which trials, which figures."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from kwskit.evaluation.operating_points import OperatingPoints
from kwskit.text.g2p import G2P

pytestmark = pytest.mark.usefixtures("people_bench")


def test_halves_are_fixed():
    from people.halves import digit_half, reader_halves, wake_word_half

    assert [digit_half(name) for name in ("jackson", "nicolas", "theo", "george", "lucas", "yweweler")] == (
        ["dev"] * 3 + ["test"] * 3
    )
    # In the order of numbers, not of texts: 9, 10, 100.
    assert reader_halves(["100", "9", "10", "9"]) == {"9": "dev", "10": "test", "100": "dev"}
    name = "athena-en-0111603b-448a-47cf-a707-92ad4ba277fd.wav"
    digit = hashlib.blake2b(name.encode()).hexdigest()[0]
    assert wake_word_half(Path("x", name)) == ("dev" if digit in "02468ace" else "test")


def test_readers_in_training_are_in_no_half_and_move_nobody():
    from people.halves import TRAINED_ON, reader_halves

    assert len(TRAINED_ON) == 28
    assert reader_halves(["14", "19", "26", "32", "39", "118"]) == {"14": "dev", "26": "dev", "39": "dev"}
    assert reader_halves(["14", "19", "20", "26"]) == {"14": "dev", "20": "dev", "26": "test"}


def test_a_contributor_is_in_one_half():
    from people.halves import contributor, wake_word_half

    names = [Path(f"account_x_someone_android_{number}_{number}.wav") for number in range(20)]
    assert {contributor(path) for path in names} == {"someone"}
    assert len({wake_word_half(path) for path in names}) == 1
    plain = [Path(f"amelia-{number}.wav") for number in range(20)]
    assert {wake_word_half(path) for path in plain} == {"dev", "test"}


def test_resampling_repeats_whole_speakers():
    from people.resampling import Resampling

    rng = np.random.default_rng(0)
    speakers = ["b", "a", "c", "a", "b", "c", "c", "a"]
    draws = Resampling(speakers, 40, seed=3)
    values = rng.random(8)
    clips = np.repeat(np.arange(8), 3)
    targets, scores = np.tile([1, 0, 0], 8), rng.random(24)
    mean, found = draws.mean(values), draws.detection(clips, targets, scores)
    part = draws.mean(values[[0, 4]], np.array([0, 4]))
    assert mean.value == pytest.approx(values.mean())
    assert found["ap"].value == pytest.approx(average_precision_score(targets, scores))
    for b in range(40):
        times = dict(zip("abc", draws.counts[:, b].tolist(), strict=True))
        rows = [row for row, name in enumerate(speakers) for _ in range(times[name])]
        assert mean.samples[b] == pytest.approx(values[rows].mean())
        trials = [3 * row + k for row in rows for k in range(3)]
        repeated = OperatingPoints.of(targets[trials], scores[trials])
        for name, value in (("ap", repeated.average_precision), ("auc", repeated.auc), ("eer", repeated.eer)):
            assert found[name].samples[b] == pytest.approx(value)
        assert np.isnan(part.samples[b]) == (times["b"] == 0)
    low, high = mean.interval
    assert (low, high) == pytest.approx(tuple(np.quantile(mean.samples, [0.025, 0.975])))


def test_json_has_no_nan():
    from people.figure import ResampledFigure, as_json

    facts = {"a": [ResampledFigure(0.5, np.array([0.25, 0.75])), float("nan")], 2: "x"}
    written = json.loads(json.dumps(as_json(facts), allow_nan=False))
    assert written["a"][0] == pytest.approx({"value": 0.5, "low": 0.2625, "high": 0.7375})
    assert written["a"][1] is None
    assert written["2"] == "x"


def test_models_are_compared_in_the_same_resamples():
    from people.comparison import above_zero, comparisons, differences
    from people.figure import ResampledFigure

    one = {
        "digits": {
            "top1": ResampledFigure(0.5, np.array([0.4, 0.6, 0.5])),
            "errors": {"x": ResampledFigure(1, np.ones(3))},
            "clips": 3,
        }
    }
    other = {
        "digits": {
            "top1": ResampledFigure(0.3, np.array([0.5, 0.1, 0.5])),
            "errors": {"x": ResampledFigure(1, np.ones(3))},
            "clips": 3,
        }
    }
    ((place, difference),) = differences(one, other)
    assert place == "digits top1"
    assert difference.value == pytest.approx(0.2)
    assert difference.samples == pytest.approx([-0.1, 0.5, 0.0])
    assert above_zero(difference) == pytest.approx(0.5)
    assert list(comparisons({"a": one, "b": other, "c": {}})) == ["b", "c"]
    assert comparisons({"a": one}) == {}


def test_clips_are_grouped_by_sound():
    from people.sound_groups import sound_groups

    texts = ["eight", "cheese", "banana", "seven", "little", "you", "extraordinary", "hey computer", "night"]
    groups = sound_groups(texts, [0.5] * len(texts), G2P())

    def members(kind):
        return {name: [texts[n] for n in np.flatnonzero(inside)] for name, inside in groups[kind].items()}

    assert members("initial") == {
        "vowel": ["eight", "extraordinary"],
        "stop": ["banana"],
        "affricate": ["cheese"],
        "fricative": ["seven", "hey computer"],
        "nasal": ["night"],
        "liquid or glide": ["little", "you"],
    }
    assert members("phonemes") == {
        "2-3": ["eight", "cheese", "you", "night"],
        "4-5": ["seven", "little"],
        "6-7": ["banana"],
        "8+": ["extraordinary", "hey computer"],
    }
    rates = sound_groups(["eight"] * 3 + ["you"] * 3, [1, 0.5, 0.25] * 2, G2P())["rate"]
    assert {name: np.flatnonzero(inside).tolist() for name, inside in rates.items()} == {
        "slow": [0, 3],
        "medium": [1, 4],
        "fast": [2, 5],
    }
