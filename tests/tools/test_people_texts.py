"""What the benchmark on people says of typed texts, digits and streams is what it says: which trials, which figures."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import soundfile

from kwskit.data.records import DETECTIONS, OCCURRENCES, QUERIES, RECORDINGS, write_records
from kwskit.evaluation.operating_points import OperatingPoints
from kwskit.evaluation.searched import Search
from kwskit.speech_model.open_model import open_model
from kwskit.spotting.cohort import cohort_words
from kwskit.spotting.cohort_embeddings import COHORT
from tests.tools.people_clips import clip

pytestmark = pytest.mark.usefixtures("people_bench")


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


def test_a_text_scores_as_its_best_pronunciation(tiny_model, sing):
    from people.matching import embedded, text_scores

    model = open_model(tiny_model)
    sounds = [(32767 * sing(word, 0, 0)).astype(np.int16) for word in ("tiger", "meadow", "button", "lemon")]
    heard = embedded(model, sounds)
    for row, pcm in zip(heard, sounds, strict=True):
        assert row == pytest.approx(model.embed_windows(pcm[None])[0], abs=1e-5)
    texts = ["tiger", "read", "tomato"]
    found = text_scores(model, sounds, texts)
    assert max(len(model.tokenizer.encode(text)) for text in texts) > 1
    for column, text in enumerate(texts):
        said = [model.embed_tokens([tokens])[0] for tokens in model.tokenizer.encode(text)]
        assert found[:, column] == pytest.approx(np.max([heard @ one for one in said], axis=0), abs=1e-5)
    cohort = cohort_words(COHORT)
    assert not set(texts) & set(cohort)
    others = text_scores(model, sounds, cohort).astype(np.float64)
    normal = (found - others.mean(1, keepdims=True)) / others.std(1, keepdims=True)
    assert text_scores(model, sounds, texts, "spotter") == pytest.approx(normal, rel=1e-3, abs=1e-3)


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
