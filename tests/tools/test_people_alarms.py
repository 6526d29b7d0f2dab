"""False alarms of phrases that nobody says: which recordings, which phrases, and how many there are."""

from collections import Counter

import numpy as np
import pytest
import soundfile

from kwskit.corpora.held_back import part_of, part_without_text
from kwskit.spotting.spotter import Spotter

pytestmark = pytest.mark.usefixtures("people_bench")


@pytest.fixture
def speech(tmp_path, sung_model):
    """Recordings without text, songs, and a sentence of somebody of the dev half."""
    rng = np.random.default_rng(4)
    words = ["tiger", "window", "button", "meadow", "copper", "kitten", "velvet"]
    for folder, count in (("speech/common_voice_untranscribed", 40), ("music", 30), ("speech/common_voice", 1)):
        (tmp_path / folder).mkdir(parents=True)
        for k in range(count):
            pcm = sung_model.stream_of(*rng.choice(words, 5).tolist(), pause=0.1, seed=k)[0]
            soundfile.write(tmp_path / folder / f"{k}.flac", pcm, 16_000)
    name = next(f"clip-{k}" for k in range(400) if part_of("common_voice", f"clip-{k}") == "dev")
    folder = tmp_path / "speech/common_voice"
    (folder / "0.flac").rename(folder / f"{name}.flac")
    (folder / "text.tsv").write_text(f"file\tsentence\tgender\taccent\n{name}.flac\tThe Copper, kitten!\t\t\n")
    return tmp_path


def test_alarms_are_the_hits_of_a_stream_of_all_recordings(speech, sung_model, monkeypatch):
    from people import alarms

    listed = speech / "keywords.txt"
    listed.write_text("tiger\ncopper kitten\nhey velvet\nMeadow window\nnova tiger\n")
    monkeypatch.setattr(alarms, "KEYWORDS", listed)
    monkeypatch.setattr(alarms, "ASKED", 900.0)
    monkeypatch.setattr(alarms.Spotter, "load", staticmethod(lambda _: Spotter(sung_model)))
    test = alarms.alarm_test(speech, "dev", None, 20, 7)
    assert test.keywords == ["hey velvet", "meadow window", "nova tiger"]  # phrases, without the one that is said
    found = test.measure("any")
    assert list(found) == ["speech", "music"]
    for kind, files in test.recordings.items():
        own = [file for file in files if file.parent.name != "common_voice"]
        assert len(files) - len(own) == (kind == "speech")
        assert {part_without_text(file.stem) for file in own} == {"dev"}
        spotter = Spotter(sung_model)
        for keyword in test.keywords:
            spotter.enrol(keyword, fa_per_hour=900.0)
        pcm = np.concatenate([soundfile.read(file, dtype="int16")[0] for file in files])
        hits = Counter(hit.keyword for hit in spotter.spot(pcm))
        facts, hours = found[kind], len(pcm) / 16_000 / 3600
        assert facts["hours"] == pytest.approx(hours)
        assert facts["rate"].value == pytest.approx(sum(hits.values()) / 3 / hours)
        assert facts["fewer"] + facts["near"] + facts["more"] == 3
        assert facts["most"] == pytest.approx({keyword: hits[keyword] / hours for keyword in test.keywords})
    assert sum(map(len, test.recordings.values())) > 3
    assert found["speech"]["rate"].value > 0


def test_halves_and_backgrounds_share_no_recording(speech):
    from people import alarms

    taken = [
        {file.name for file in alarms.alarm_test(speech, half, None, 20, 7).recordings["speech"]}
        for half in ("dev", "test")
    ]
    assert not taken[0] & taken[1]
    folder = speech / "speech/common_voice_untranscribed"
    left = {file.name for file in folder.iterdir()} - set.union(*taken)
    assert left
    assert {part_without_text(name.removesuffix(".flac")) for name in left} == {"background"}


def test_without_recordings_there_is_no_test(tmp_path):
    from people import alarms

    assert alarms.alarm_test(tmp_path, "dev", None, 20, 7) is None
