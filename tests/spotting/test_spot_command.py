"""kwskit spot and kwskit calibrate, with a model that hears tones in the place of a trained one."""

import io
import json
import sys
import types

import numpy as np
import pytest
import soundfile

from kwskit.cli import main
from kwskit.spotting.hit import Hit
from kwskit.spotting.hit_writer import HitWriter
from kwskit.spotting.microphone import Microphone, MicrophoneError
from tests.documents.json_lines import json_lines

RATE = 16_000


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def spoken(sung_model, monkeypatch, tmp_path):
    """A recording with three words at 48 kHz in two channels, and the model as that of any directory."""
    monkeypatch.setattr("kwskit.spotting.spotter.open_model", lambda model, device: sung_model)
    monkeypatch.setattr("kwskit.speech_model.open_model.open_model", lambda model, device: sung_model)
    pcm, _ = sung_model.stream_of("banana", "hey nova", "tiger")
    soundfile.write(tmp_path / "meeting.flac", np.stack([np.repeat(pcm, 3)] * 2, 1), 48_000)
    return pcm


def spot(tmp_path, *arguments):
    return main(["spot", "--model", str(tmp_path), *map(str, arguments)])


def lines(capsys):
    return json_lines("spot", capsys.readouterr().out)


def test_files_are_told_as_json_lines(spoken, tmp_path, capsys):
    path = tmp_path / "meeting.flac"
    assert spot(tmp_path, "--keyword", "hey nova", "--keyword", "tiger", "--threshold", 4.4, path, path) == 0
    found = lines(capsys)
    assert [(row["keyword"], row["file"]) for row in found] == [(w, str(path)) for w in ("hey nova", "tiger")] * 2
    assert set(found[0]) == {"keyword", "start", "end", "score", "threshold", "file"}
    assert found[0]["start"] < 1.6 < found[0]["end"]
    assert found[0]["score"] > found[0]["threshold"] == 4.4


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_raw_samples_from_stdin(spoken, tmp_path, capsys, monkeypatch, rate):
    raw = np.repeat(spoken, rate // RATE).astype("<i2").tobytes() + b"\x01"  # half a sample at the end

    class Trickle(io.BytesIO):
        def read1(self, size=-1):
            return self.read(12_345)

    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=Trickle(raw)))
    assert spot(tmp_path, "--keyword", "tiger", "--threshold", 4.4, "--rate", rate, "-") == 0
    assert [(row["keyword"], row["file"]) for row in lines(capsys)] == [("tiger", "-")]


def test_keywords_of_a_file_and_examples(spoken, sung_model, tmp_path, capsys):
    (tmp_path / "keywords.txt").write_text("hey nova\n\n  tiger \n", "utf-8")
    for name in ("banana", "tiger"):
        soundfile.write(tmp_path / f"{name}.wav", sung_model.stream_of(name, seed=3)[0], RATE)
    given = ["--keywords-file", tmp_path / "keywords.txt", "--fa-per-hour", 60]
    given += ["--example", f"fruit={tmp_path / 'banana.wav'}", "--example", f"tiger={tmp_path / 'tiger.wav'}"]
    assert spot(tmp_path, *given, tmp_path / "meeting.flac") == 0
    out, err = capsys.readouterr()
    assert [json.loads(line)["keyword"] for line in out.splitlines()] == ["fruit", "hey nova", "tiger"]
    assert "fruit: 1 examples; threshold" in err
    assert "hey nova: HH EY | N OW V AH; threshold" in err
    assert "for 60 false alarms an hour (not calibrated: there is no background)" in err


def test_a_recording_that_cannot_be_read_does_not_end_the_others(spoken, tmp_path, capsys):
    (tmp_path / "noise.wav").write_bytes(b"no audio")
    paths = (tmp_path / "none.wav", tmp_path / "noise.wav", tmp_path / "meeting.flac")
    assert spot(tmp_path, "--keyword", "tiger", "--threshold", 4.4, *paths) == 1
    out, err = capsys.readouterr()
    assert [json.loads(line)["keyword"] for line in out.splitlines()] == ["tiger"]
    assert "none.wav: no such audio file" in err
    assert "noise.wav" in err
    assert "2 of 3 recordings could not be heard to their end" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--keyword", "x"], "say what to listen to"),
        (["--keyword", "x", "--mic", "a.wav"], "say what to listen to"),
        (["a.wav"], "say what to listen for"),
        (["--example", "a.wav", "a.wav"], "an example is NAME=AUDIO"),
        (["--keyword", "?!", "a.wav"], "cannot pronounce"),
        (["--keyword", "x", "--fa-per-hour", "0", "a.wav"], "above 0 an hour"),
        (["--keyword", "x", "--fa-per-hour", "inf", "a.wav"], "'inf' is no finite number"),
        (["--keyword", "x", "--threshold", "nan", "a.wav"], "'nan' is no finite number"),
        (["--keyword", "x", "--background", "none.npz", "a.wav"], "none.npz: no such file"),
        (["--keyword", "x", "--threshold", "1", "--rate", "7", "-"], "a sample rate is from"),
        (["--keyword", "x", "--nonsense", "a.wav"], "unknown argument"),
    ],
)
def test_what_cannot_be_is_told(spoken, tmp_path, capsys, arguments, message):
    wrong_usage = not any(one in arguments for one in ("?!", "none.npz", "7"))
    assert spot(tmp_path, *arguments) == 1 + wrong_usage
    assert message in capsys.readouterr().err


def test_a_hit_has_the_names_of_its_json(spoken, sung_model, tmp_path, capsys):
    assert spot(tmp_path, "--keyword", "tiger", "--threshold", 4.4, tmp_path / "meeting.flac") == 0
    (message,) = lines(capsys)
    assert set(Hit._fields) == set(message) - {"file"} | {"embedding", "phonemes"}
    hit = Hit("tiger", 1.0, 2.5, 5.0, 4.4)
    with pytest.warns(DeprecationWarning, match=r"Hit\.end"):
        assert hit.stop == hit.end == 2.5


def test_a_closed_stdin_is_told(spoken, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert spot(tmp_path, "--keyword", "tiger", "--threshold", 4.4, "-") == 1
    assert capsys.readouterr().err == "kwskit spot: stdin is closed: there is nothing to hear in -\n"


def test_a_table_on_a_terminal():
    out = Terminal()
    writer = HitWriter(out)
    writer.write(Hit("hey nova", 59.999, 3661.5, 4.123, 3.5), "a.wav")
    writer.write(Hit("x", 0.0, 0.5, 4.0, 3.5), "b.wav")
    head, first, second = (line.split() for line in out.getvalue().splitlines())
    assert head == ["start", "end", "score", "threshold", "keyword", "file"]
    assert first == ["1:00.00", "1:01:01.50", "4.12", "3.50", "hey", "nova", "a.wav"]
    assert second[:2] == ["0:00.00", "0:00.50"]


class FakeSoundDevice(types.ModuleType):
    """A microphone that says ``pcm`` at ``rate``, then is unplugged; it refuses other rates."""

    class PortAudioError(Exception):
        pass

    def __init__(self, pcm, rate):
        super().__init__("sounddevice")
        self.pcm, self.rate = pcm, rate

    def check_input_settings(self, channels, dtype, samplerate):
        if samplerate != self.rate:
            raise self.PortAudioError("invalid sample rate")

    def query_devices(self, kind):
        if self.rate is None:
            raise self.PortAudioError("no default input device")
        return {"default_samplerate": float(self.rate)}

    def InputStream(self, samplerate, channels, dtype, blocksize, callback):  # noqa: N802
        assert (samplerate, channels, dtype) == (self.rate, 1, "int16")
        for at in range(0, len(self.pcm), blocksize):
            callback(self.pcm[at : at + blocksize, None], blocksize, None, None)
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


class Blocks:
    """A queue that ends as Ctrl-C ends a microphone."""

    def __init__(self, _size):
        self.blocks = []

    def put_nowait(self, block):
        self.blocks.append(block)

    def get(self):
        if not self.blocks:
            raise KeyboardInterrupt
        return self.blocks.pop(0)


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_the_microphone(spoken, tmp_path, capsys, monkeypatch, rate):
    monkeypatch.setitem(sys.modules, "sounddevice", FakeSoundDevice(np.repeat(spoken, rate // RATE), rate))
    monkeypatch.setattr("kwskit.spotting.microphone.queue.Queue", Blocks)
    assert spot(tmp_path, "--keyword", "hey nova", "--threshold", 4.4, "--mic") == 130
    out, err = capsys.readouterr()
    assert [json.loads(line)["file"] for line in out.splitlines()] == ["microphone"]
    assert "Ctrl-C ends" in err


def test_sound_that_nobody_takes_is_lost(spoken, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "sounddevice", FakeSoundDevice(spoken, RATE))
    monkeypatch.setattr("kwskit.spotting.microphone.WAITING", 3)
    first = next(iter(Microphone()))
    np.testing.assert_array_equal(first, spoken[: len(first)])
    assert "sound of the microphone was lost: the program is too slow" in caplog.text


def test_no_microphone(spoken, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", FakeSoundDevice(spoken, None))
    with pytest.raises(MicrophoneError, match="no microphone: no default input device"):
        Microphone()
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert spot(tmp_path, "--keyword", "x", "--mic") == 1
    assert "pip install 'kwskit[mic]'" in capsys.readouterr().err


def test_calibrating(spoken, sung_model, tmp_path, capsys):
    words = ("copper", "meadow", "button", "window")
    for number in range(2):
        pcm, _ = sung_model.stream_of(*words * 4, seed=number, pause=0.2)
        soundfile.write(tmp_path / f"{number}.wav", pcm, RATE)
    recordings = [str(tmp_path / "0.wav"), str(tmp_path / "1.wav")]
    (tmp_path / "model.yaml").touch()  # else this would be a folder of recordings
    given = [str(tmp_path), *recordings, "--keyword", "tiger", "--keyword", "banana", "--fa-per-hour", "300"]
    assert main(["calibrate", *given]) == 0
    out, err = capsys.readouterr()
    tiger, banana = json_lines("calibrate", out)
    assert (tiger["keyword"], tiger["told_by"], tiger["fa_per_hour"]) == ("tiger", "extrapolated", 300)
    assert banana["before"] != banana["threshold"]
    assert "minutes of background in" in err
    # What was written is the model's from now on, and can be given by hand.
    assert (tmp_path / "background.npz").is_file()
    for more in ([], ["--background", tmp_path / "background.npz"]):
        assert spot(tmp_path, "--keyword", "tiger", "--fa-per-hour", 300, *more, tmp_path / "meeting.flac") == 0
        assert lines(capsys)[0]["threshold"] == tiger["threshold"]
    # A damaged one is replaced.
    (tmp_path / "background.npz").write_bytes(b"?")
    assert main(["calibrate", str(tmp_path), *recordings, "--to", str(tmp_path / "other.npz")]) == 0
    assert "background.npz: no background, or damaged" in capsys.readouterr().err
    assert (tmp_path / "other.npz").is_file()
    assert main(["calibrate", str(tmp_path), str(tmp_path / "gone.wav")]) == 1
    assert "gone.wav: no such audio file" in capsys.readouterr().err


def test_a_keyword_in_two_spellings_is_heard_once(spoken, tmp_path, capsys, caplog):
    soundfile.write(tmp_path / "nova.wav", spoken[RATE : 2 * RATE], RATE)
    (tmp_path / "keywords.txt").write_bytes(b"\xef\xbb\xbfhey_nova\r\nTIGER\r\n")
    arguments = ("--keyword", "Hey Nova", "--keywords-file", tmp_path / "keywords.txt", "--threshold", 4.4)
    assert spot(tmp_path, *arguments, "--keyword", "tiger", tmp_path / "meeting.flac") == 0
    output = capsys.readouterr()
    assert [json.loads(line)["keyword"] for line in output.out.splitlines()] == ["Hey Nova", "tiger"]
    assert "'hey nova' ('Hey Nova', 'hey_nova')" in caplog.text
