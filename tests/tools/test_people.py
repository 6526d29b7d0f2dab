"""What people.py measures is what it says: which clips, which trials, which figures."""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import soundfile
from sklearn.metrics import average_precision_score

from kwskit.evaluation.operating_points import OperatingPoints
from kwskit.evaluation.searched import Search
from kwskit.records import DETECTIONS, OCCURRENCES, QUERIES, RECORDINGS, write_records
from kwskit.speech_model.open_model import open_model
from kwskit.spotting.cohort import cohort_words
from kwskit.spotting.cohort_embeddings import COHORT
from kwskit.text.g2p import G2P

BENCH = Path(__file__).parents[2] / "tools/bench"


@pytest.fixture(autouse=True)
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    yield
    for name in [name for name in sys.modules if name.split(".")[0] in ("people", "wake_words", "spotters")]:
        del sys.modules[name]


def clip(text, speaker="1", name=None):
    from people.clip import Clip

    return Clip(name or f"{text}_{speaker}", Path("none.wav"), text, speaker)


# -- halves


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


# -- clips


def words_file(folder, rows):
    (folder / "librispeech_words/flac").mkdir(parents=True)
    for file in {row[0] for row in rows}:
        (folder / "librispeech_words/flac" / file).touch()
    lines = ["file\tstart\tend\tword\tprobability", *("\t".join(map(str, row)) for row in rows)]
    (folder / "librispeech_words/words.tsv").write_text("\n".join(lines) + "\n")


def test_words_are_sure_and_long_and_of_the_half(tmp_path):
    from people.spoken_words import spoken_words, vocabulary_of, word_clips

    rows = [
        ("7-1-0.flac", 0.0, 0.5, "house", 0.95),
        ("7-1-0.flac", 0.5, 0.6, "the", 0.99),  # three letters
        ("7-1-0.flac", 0.6, 1.0, "we'd", 0.99),  # and an apostrophe
        ("7-1-0.flac", 1.0, 1.4, "garden", 0.9),  # not above
        ("7-1-0.flac", 1.4, 1.42, "flowers", 0.99),  # no window of 25 ms
        ("7-1-0.flac", 2.0, 2.4, "don't", 0.91),
        ("30-1-0.flac", 0.0, 0.5, "other", 0.99),  # the test half
    ]
    words_file(tmp_path, rows)
    words = spoken_words(tmp_path, "dev")
    clips = word_clips(tmp_path, words)
    assert [(one.text, one.start, one.stop, one.speaker) for one in clips] == [
        ("house", 0.0, 0.5, "7"),
        ("don't", 2.0, 2.4, "7"),
    ]
    assert vocabulary_of(words) == ["don't", "flowers", "house", "the", "we'd"]
    assert [one.text for one in word_clips(tmp_path, spoken_words(tmp_path, "test"))] == ["other"]
    for file in (tmp_path / "librispeech_words/flac").iterdir():
        file.unlink()
    with pytest.raises(FileNotFoundError, match="no words of the dev half"):
        spoken_words(tmp_path, "dev")


def test_phrases_follow_closely_and_share_no_word(tmp_path):
    from people.spoken_words import phrase_clips, spoken_words

    file = "7-1-0.flac"
    rows = [
        (file, 0.0, 0.4, "one", 0.99),
        (file, 0.5, 0.8, "two", 0.99),
        (file, 0.8, 1.0, "three", 0.99),
        (file, 1.2, 1.6, "four", 0.99),  # after a gap
        (file, 1.6, 2.0, "five", 0.99),
        (file, 2.0, 2.4, "six", 0.5),
        (file, 2.4, 2.6, "seven", 0.99),
        (file, 2.6, 2.8, "eight", 0.99),  # 0.4 s together
        ("7-1-1.flac", 0.0, 2.0, "nine", 0.99),
        ("7-1-1.flac", 2.0, 2.6, "ten", 0.99),  # 2.6 s together
    ]
    words_file(tmp_path, rows)
    words = spoken_words(tmp_path, "dev")
    assert [one.text for one in phrase_clips(tmp_path, words, 2)] == ["one two", "four five"]
    assert [(one.text, one.start, one.stop) for one in phrase_clips(tmp_path, words, 3)] == [
        ("one two three", 0.0, 1.0)
    ]
    assert phrase_clips(tmp_path, words, 4) == []


class Aligner:
    """Places words 0.1 s later than ``words`` have it, and the fifth elsewhere; what is longer does not fit."""

    name = "later"

    def __init__(self, words):
        self.words = words

    def spells(self, words):
        return all(any(map(str.isalnum, word)) for word in words)

    def place(self, samples, words):
        if len(words) > len(samples) / 1600:
            return None
        own = [word for word in self.words if word.text in words]
        times = [(word.start + 0.1, word.stop + 0.1, None) for word in own]
        times[4:5] = [(9.0, 9.5, None)]
        return times


def test_words_move_and_strays_are_not_sure(tmp_path):
    from people.aligned_words import aligned_words
    from people.spoken_words import SpokenWord, word_clips

    texts = ["zero", "first", "second", "-", "third", "fourth", "fifth"]
    long = [SpokenWord("7-1-0.flac", 0.5 * k, 0.5 * k + 0.5, text, 0.99) for k, text in enumerate(texts)]
    short = [one._replace(file="7-1-1.flac") for one in long]
    (tmp_path / "librispeech_words/flac").mkdir(parents=True)
    for file, seconds in (("7-1-0.flac", 10), ("7-1-1.flac", 0.2)):
        soundfile.write(tmp_path / "librispeech_words/flac" / file, np.zeros(round(16_000 * seconds)), 16_000)
    found = aligned_words(tmp_path, long + short, Aligner(long))
    later = [one._replace(start=one.start + 0.1, stop=one.stop + 0.1) for one in long]
    later[3] = long[3]._replace(probability=0.0)  # it has no letter
    later[5] = long[5]._replace(start=9.0, stop=9.5, probability=0.0)
    assert found == [*later, *(one._replace(probability=0.0) for one in short)]
    assert [clip.text for clip in word_clips(tmp_path, found)] == ["zero", "first", "second", "third", "fifth"]


def test_clips_are_cut_at_their_times(tmp_path):
    from people.clip import Clip, some, sounds_of

    pcm = np.arange(16_000, dtype=np.int16)
    soundfile.write(tmp_path / "a.wav", pcm, 16_000)
    soundfile.write(tmp_path / "b.wav", pcm[:8_000], 16_000)
    a, b = tmp_path / "a.wav", tmp_path / "b.wav"
    late, whole, early = sounds_of(
        [Clip("1", a, "x", "s", 0.5, 0.75), Clip("2", b, "x", "s"), Clip("3", a, "x", "s", 0, 0.1)]
    )
    assert np.array_equal(late, pcm[8_000:12_000])
    assert np.array_equal(whole, pcm[:8_000])
    assert np.array_equal(early, pcm[:1_600])
    assert some(range(10), 3) == [0, 4, 9]
    assert some(range(2), 3) == [0, 1]


# -- figures


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


# -- groups


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


# -- tests


def test_digits_are_told_apart():
    from people.digit_test import DigitTest
    from people.digits import DIGITS

    clips = [clip(word, speaker) for speaker in ("jackson", "theo") for word in ("nine", "five", "one", "nine")]
    clips = [clip(one.text, one.speaker, str(number)) for number, one in enumerate(clips)]
    scores = np.zeros((8, 10), np.float32)
    for row, one in enumerate(clips):
        scores[row, DIGITS.index(one.text)] = 1
    scores[0, 1] = scores[3, 1] = scores[5, 9] = 2  # two nines taken for one, a five for nine
    facts = DigitTest(clips, [0.5] * 8, 10, 0).measure(scores)
    assert facts["top1"]["speakers"].value == facts["top1"]["recordings"].value == pytest.approx(5 / 8)
    assert set(np.round(facts["top1"]["speakers"].samples, 6)) <= {0.5, 0.625, 0.75}
    assert {name: figure.value for name, figure in facts["by_speaker"].items()} == {"jackson": 0.5, "theo": 0.75}
    assert {name: figure.value for name, figure in facts["by_digit"].items()} == {"one": 1, "five": 0.5, "nine": 0.5}
    assert facts["confusions"][0] == {"said": "nine", "taken_for": "one", "times": 2, "of": 4}
    assert facts["errors"]["initial"]["nasal"]["clips"] == 4
    assert facts["errors"]["initial"]["nasal"]["top1"].value == 0.5


@pytest.fixture
def text_test():
    from people.text_test import TextTest

    texts = ["cat", "bat", "house", "mouse", "garden"] * 4
    clips = [clip(text, str(number // 5), f"{number}") for number, text in enumerate(texts)]
    return TextTest(clips, [0.4] * 20, 10, 0, vocabulary={"cat", "house"}, words=["pat", "pardon"])


def test_trials_are_of_own_near_and_changed_texts(text_test):
    names = np.array(text_test.texts)
    near = {"cat": {"bat"}, "bat": {"cat"}, "house": {"mouse"}, "mouse": {"house"}}
    for name, trials in text_test.lists.items():
        said = np.array([text_test.clips[number].text for number in trials.clips])
        assert np.array_equal(names[trials.texts] == said, trials.targets.astype(bool))
        assert np.bincount(trials.clips[trials.targets == 1]).tolist() == [1] * 20
        others = {text: set(names[trials.texts[(said == text) & (trials.targets == 0)]]) for text in set(said)}
        if name == "many":
            assert all(len(typed) == 4 for typed in others.values())
        if name == "hard":
            assert {text: others[text] for text in near} == near
        if name == "changed":
            assert others["garden"] == {"pardon"}
            assert others["house"] == {"mouse"}
            assert others["cat"] <= {"bat", "pat"}
    # Own text first, then the other: the nearest are one phoneme of three away, garden's at least one of five.
    assert 1 / 3 < text_test.distance < 0.6


def test_figures_of_texts_are_those_of_their_trials(text_test):
    rng = np.random.default_rng(1)
    scores = rng.random((20, len(text_test.texts))).astype(np.float32)
    facts = text_test.measure(scores)
    for name, trials in text_test.lists.items():
        points = OperatingPoints.of(trials.targets, scores[trials.clips, trials.texts])
        assert facts["all"][name]["eer"].value == pytest.approx(points.eer)
        of_known = [text_test.clips[number].text in ("cat", "house") for number in trials.clips]
        known = OperatingPoints.of(trials.targets[of_known], scores[trials.clips, trials.texts][of_known])
        assert facts["known"][name]["ap"].value == pytest.approx(known.average_precision)
    assert (facts["known"]["clips"], facts["unknown"]["clips"], facts["unknown"]["texts"]) == (8, 12, 3)
    best = np.array([[text == one.text for text in text_test.texts] for one in text_test.clips], np.float32)
    facts = text_test.measure(best)
    assert facts["all"]["hard"]["eer"].value == 0
    assert facts["all"]["many"]["ap"].value == 1


def test_speakers_err_at_one_threshold():
    from people.text_test import TextTest

    texts = ["house", "garden", "window", "kitten", "lemon"] * 2
    clips = [clip(text, speaker, f"{speaker}{n}") for speaker in "123" for n, text in enumerate(texts)]
    test = TextTest(clips, [0.5] * 30, 5, 0)
    scores = np.array([[float(text == one.text) for text in test.texts] for one in clips], np.float32)
    scores[:10] = 1 - scores[:10]  # the first speaker's are all wrong
    spread = test.measure(scores)["errors"]["speaker"]["easy"]
    assert spread["speakers"] == 3
    assert spread["worst_speaker"] == "1"
    assert (spread["best"], spread["median"], spread["worst"]) == (0, 0, 1)


# -- scores


def test_a_text_scores_as_its_best_pronunciation(tiny_model, sing):
    from people.matching import embedded, text_scores

    model = open_model(tiny_model)
    sounds = [(32767 * sing(word, 0, 0)).astype(np.int16) for word in ("tiger", "meadow", "button", "lemon")]
    heard = embedded(model, sounds)
    for row, pcm in zip(heard, sounds, strict=True):
        assert row == pytest.approx(model.embed_windows(pcm[None])[0], abs=1e-5)
    texts = ["tiger", "read", "tomato"]
    found = text_scores(model, heard, texts)
    assert max(len(model.tokenizer.encode(text)) for text in texts) > 1
    for column, text in enumerate(texts):
        said = [model.embed_tokens([tokens])[0] for tokens in model.tokenizer.encode(text)]
        assert found[:, column] == pytest.approx(np.max([heard @ one for one in said], axis=0), abs=1e-5)
    cohort = cohort_words(COHORT)
    assert not set(texts) & set(cohort)
    others = text_scores(model, heard, cohort).astype(np.float64)
    normal = (found - others.mean(1, keepdims=True)) / others.std(1, keepdims=True)
    assert text_scores(model, heard, texts, "spotter") == pytest.approx(normal, rel=1e-3, abs=1e-3)


# -- wake words


def test_misses_are_read_at_each_keywords_threshold(tmp_path):
    from people.wake_misses import wake_misses

    hour = 3600.0
    said = [("one", t, t + 1) for t in (10.0, 20.0, 30.0, 40.0)] + [("two", t, t + 1) for t in (50.0, 60.0)]
    heard = [
        *(("one", t, t + 1, score) for t, score in ((10.0, 9.0), (20.0, 5.0), (30.0, 1.0), (100.0, 3.0), (200.0, 2.0))),
        *(("two", t, t + 1, score) for t, score in ((50.0, 1.0), (300.0, 4.0), (400.0, 0.5))),
    ]
    tables = {
        "recordings": [("r", "r.flac", 0.0, 2.2 * hour)],
        "queries": [("one", "one", ""), ("two", "two", "")],
        "occurrences": [(name, "r", start, stop) for name, start, stop in said],
    }
    columns = {"recordings": RECORDINGS, "queries": QUERIES, "occurrences": OCCURRENCES}
    for kind, rows in tables.items():
        listed = [dict(zip(columns[kind], row, strict=True)) for row in rows]
        write_records(
            tmp_path / f"{kind}.tsv", kind, pa.Table.from_pylist(listed, pa.schema(columns[kind])), {"late": 0.5}
        )
    listed = [dict(zip(DETECTIONS, (name, "r", *rest), strict=True)) for name, *rest in heard]
    write_records(tmp_path / "d.tsv", "detections", pa.Table.from_pylist(listed, pa.schema(DETECTIONS)))
    search = Search.read(tmp_path)
    facts = wake_misses(search, tmp_path / "d.tsv", 200, 0)
    # In 2.2 hours 0.5 an hour is one false alarm: what scores above the second highest is accepted.
    assert facts["by_keyword"]["one"]["miss_at"]["0.5"].value == pytest.approx(2 / 4)
    assert facts["by_keyword"]["two"]["miss_at"]["0.5"].value == pytest.approx(1 / 2)
    assert facts["miss_at"]["0.5"].value == pytest.approx(0.5)
    assert facts["recordings_miss_at"]["2"].value == pytest.approx((1 + 1) / 6)
    for rate in ("0.5", "2", "5"):
        misses = search.detected(tmp_path / "d.tsv").misses_at(float(rate), search.other_hours)
        each = [facts["by_keyword"][name]["miss_at"][rate] for name in ("one", "two")]
        assert [figure.value for figure in each] == pytest.approx(misses.tolist())
        assert facts["miss_at"][rate].samples == pytest.approx((each[0].samples + each[1].samples) / 2)


def test_streams_hold_all_of_the_half_once(tmp_path):
    from people.halves import wake_word_half
    from people.wake_streams import wake_search, wake_speech

    rng = np.random.default_rng(0)

    def sound(path, samples):
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.1 * rng.standard_normal(samples), 16_000)

    speech = tmp_path / "speech"
    for number in range(8):
        for folder in ("computer", "heycomputer", "_other"):
            sound(speech / "wake_words" / folder / f"{folder}-{number}.wav", 1_000 + 100 * number)
    for number in range(8):
        said = "my computer" if number == 0 else "my garden"
        with (speech / "wake_words/_other/metadata.csv").open("a") as lines:
            lines.write(f"_other-{number}.wav,{said},en,\n")
    sound(speech / "digits/0_theo_0.wav", 700)
    sound(speech / "digits/0_lucas_0.wav", 701)
    words = ["file\tstart\tend\tword\tprobability", "5-1-0.flac\t0\t1\tComputer\t0.2", "3-1-0.flac\t0\t1\tgarden\t1"]
    for name in ("3-1-0", "4-1-0", "5-1-0"):
        sound(speech / f"librispeech_words/flac/{name}.flac", 5_000)
    (speech / "librispeech_words/words.tsv").write_text("\n".join(words) + "\n")

    sounds = wake_speech(speech, "dev", None, 1)
    heard = {path.name for one in sounds.keywords.values() for path in (sound.path for sound in one)}
    every = [path for folder in ("computer", "heycomputer") for path in (speech / "wake_words" / folder).iterdir()]
    assert heard == {path.name for path in every if wake_word_half(path) == "dev"}
    assert set(sounds.keywords) == {"computer", "hey computer"}
    others = {f"_other-{number}.wav" for number in range(1, 8)}
    others = {name for name in others if wake_word_half(Path(name)) == "dev"}
    assert {sound.path.name for sound in sounds.background} == {"0_theo_0.wav", "3-1-0.flac", *others}

    search = wake_search(tmp_path / "data", sounds, [], 10.0, 0, 1)
    both = [sound.samples for one in (*sounds.keywords.values(), sounds.background) for sound in one]
    # Beyond these only silences of a second where keywords would meet, and at an end.
    silence = search.seconds * 16_000 - sum(both)
    assert silence % 16_000 == pytest.approx(0, abs=1)
    counts = search.true.tolist()
    computer, hey = len(sounds.keywords["computer"]), len(sounds.keywords["hey computer"])
    assert dict(zip(search.queries["text"].to_pylist(), counts, strict=True)) == {
        "computer": computer + hey,
        "hey computer": hey,
    }
    (tmp_path / "data").joinpath("recordings.tsv").unlink()
    assert wake_search(tmp_path / "data", sounds, [], 10.0, 0, 1).recordings["path"] == search.recordings["path"]
