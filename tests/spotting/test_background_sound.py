"""What is taken for a background, by itself and by ``kwskit calibrate``."""

import numpy as np
import pytest
import soundfile

from kwskit.cli import main
from kwskit.spotting.background_file import read_background
from kwskit.spotting.background_sound import BackgroundSound

RATE = 16_000
RNG = np.random.default_rng(0)
SECONDS = 40
TIME = np.arange(SECONDS * RATE) / RATE
SILENCE = np.zeros(SECONDS * RATE)
HUM = 0.05 * np.sin(2 * np.pi * 50 * TIME) + 0.02 * np.sin(2 * np.pi * 150 * TIME)
NOISE = 0.05 * RNG.standard_normal(SECONDS * RATE)
# Syllables, four a second.
SPOKEN = 0.2 * RNG.standard_normal(SECONDS * RATE) * np.clip(np.sin(2 * np.pi * 4 * TIME), 0.001, 1)


def pcm(sound):
    return np.rint(sound * 32767).astype(np.int16)


def judged(*sounds, block=7001):
    found, joined = BackgroundSound(), pcm(np.concatenate(sounds))
    for at in range(0, len(joined), block):
        found.add(joined[at : at + block])
    return found


@pytest.mark.parametrize(
    ("sound", "counts"),
    [
        (SILENCE, (40, 0, 0)),
        (SILENCE + RNG.integers(-1, 2, len(SILENCE)) / 32767, (40, 0, 0)),
        (HUM, (0, 40, 0)),
        (NOISE, (0, 40, 0)),
        (SPOKEN, (0, 0, 40)),
        (SPOKEN + 0.01 * HUM, (0, 0, 40)),
    ],
)
def test_seconds_are_silent_steady_or_varied(sound, counts):
    found = judged(sound)
    assert (found.silent, found.steady, found.varied) == counts
    assert bool(found.objection()) == (counts[2] == 0)


def test_objections_and_doubts_say_what_was_found():
    assert "nothing but silence in 40 s" in judged(SILENCE).objection()
    few = judged(SPOKEN[: 3 * RATE], HUM)
    assert "40 s of steady noise or hum, 0 s of silence and 3 s of varied sound" in few.objection()
    assert judged(SPOKEN[: 3 * RATE]).objection().startswith("3 s of sound are no background")
    assert BackgroundSound().objection()
    enough = judged(SPOKEN, HUM, SILENCE)
    assert enough.objection() == ""
    assert enough.doubt().startswith("0.7 minutes of speech or other varied sound are little")
    assert judged(*[SPOKEN] * 8).doubt() == ""


@pytest.fixture
def model(sung_model, monkeypatch, tmp_path):
    """The directory of a model, which that of the tests stands for."""
    monkeypatch.setattr("kwskit.spotting.spotter.open_model", lambda model, device: sung_model)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.yaml").touch()
    return tmp_path / "model"


@pytest.mark.parametrize(
    ("sound", "message"),
    [(SILENCE, "is the microphone muted?"), (HUM, "steady noise or hum"), (SPOKEN[: 3 * RATE], "3 s of sound")],
)
def test_what_is_no_background_is_refused(model, tmp_path, capsys, sound, message):
    soundfile.write(tmp_path / "a.wav", sound, RATE)
    assert main(["calibrate", str(model), str(tmp_path / "a.wav")]) == 1
    assert message in capsys.readouterr().err
    assert not (model / "background.npz").exists()


def test_folders_are_taken_and_what_cannot_be_read_left_out(model, sung_model, tmp_path, capsys):
    kitchen = tmp_path / "kitchen"
    (kitchen / "monday").mkdir(parents=True)
    said, _ = sung_model.stream_of(*("copper", "meadow", "button") * 8, pause=0.2)
    soundfile.write(kitchen / "monday" / "a.wav", said, RATE)
    assert main(["calibrate", str(model), str(kitchen), "--keyword", "tiger"]) == 0
    whole = read_background(model / "background.npz")
    out = capsys.readouterr().out
    assert '"keyword": "tiger"' in out
    (kitchen / "b.wav").write_bytes(b"no audio")
    (kitchen / "c.m4a").write_bytes(b"?")
    (model / "background.npz").unlink()
    # The folder alone, for a model that is named otherwise; the thresholds are those without the files.
    assert main(["calibrate", "--model", str(model), str(kitchen), "--keyword", "tiger"]) == 1
    again, err = capsys.readouterr()
    assert again == out
    assert f"{kitchen / 'b.wav'}: not readable as audio" in err
    assert "passed over 1 recording of a kind that is not read (.m4a)" in err
    assert "2 of 3 recordings could not be used to their end" in err
    np.testing.assert_array_equal(read_background(model / "background.npz").codes.codes, whole.codes.codes)
    (tmp_path / "empty").mkdir()
    assert main(["calibrate", "--model", str(model), str(tmp_path / "empty")]) == 1
    assert "holds no audio files that can be read" in capsys.readouterr().err
