"""kwskit transcribe with a recogniser that hears how long a recording is."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import soundfile

from kwskit.cli import main
from kwskit.corpora.alignments.transcripts import read_transcripts
from kwskit.corpora.common_voice import common_voice_clips
from kwskit.corpora.findings import Findings
from kwskit.corpora.transcribing import transcribe_folder
from kwskit.corpora.whisper_model import WhisperModel
from kwskit.errors import CorpusError


class Timekeeper:
    """Says the tenths of a second; counts its calls."""

    def __init__(self):
        self.calls = 0

    def transcribe(self, samples):
        self.calls += 1
        tenths = round(len(samples) / 1600)
        return (f" {tenths}\ttenths,\n it  was. ", 0.5) if tenths > 1 else ("", 0.0)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "speech/inner").mkdir(parents=True)
    for name, tenths in {"a.wav": 3, "inner/b.flac": 5, "silent.wav": 1}.items():
        soundfile.write(tmp_path / "speech" / name, np.zeros(1600 * tenths), 16_000)
    (tmp_path / "speech/broken.wav").write_text("no audio")
    return tmp_path / "speech"


def test_a_folder_becomes_a_corpus(folder):
    findings = transcribe_folder(folder, folder, Timekeeper())
    assert (folder / "text.tsv").read_text() == (
        "file\tsentence\tprobability\n"
        "a.wav\t3 tenths, it was.\t0.5000\n"
        "inner/b.flac\t5 tenths, it was.\t0.5000\n"
        "silent.wav\t\t0.0000\n"
    )
    assert findings.counts == {"audio files that cannot be read": 1, "recordings in which no words are heard": 1}
    assert read_transcripts(folder) == {"a": ["three", "tenths", "it", "was"], "b": ["five", "tenths", "it", "was"]}
    assert common_voice_clips(folder, Findings())["utterance"].to_pylist() == ["a", "b"]


def test_what_was_heard_is_not_heard_again(folder, monkeypatch):
    monkeypatch.setattr("kwskit.corpora.transcribing.SHARE", 1)

    class Breaks(Timekeeper):
        def transcribe(self, samples):
            if self.calls == 2:
                raise KeyboardInterrupt
            return super().transcribe(samples)

    with pytest.raises(KeyboardInterrupt):
        transcribe_folder(folder, folder, Breaks())
    assert len((folder / "text.tsv").read_text().splitlines()) == 3
    again = Timekeeper()
    transcribe_folder(folder, folder, again)
    assert again.calls == 1
    assert len((folder / "text.tsv").read_text().splitlines()) == 4


def test_elsewhere_names_are_relative_to_the_table(folder, tmp_path):
    transcribe_folder(folder, tmp_path / "out", Timekeeper())
    assert "../speech/inner/b.flac\t5 tenths" in (tmp_path / "out/text.tsv").read_text()
    assert len(common_voice_clips(tmp_path / "out", Findings())) == 2


def test_a_table_of_somebody_else_is_left_as_it_is(folder, tmp_path):
    (folder / "text.tsv").write_text("file\tsentence\na.wav\tby hand\n")
    with pytest.raises(CorpusError, match=r"text\.tsv: line 1: is not a table of kwskit transcribe .* --out"):
        transcribe_folder(folder, folder, Timekeeper())
    assert "by hand" in (folder / "text.tsv").read_text()
    (folder / "text.tsv").write_text("file\tsentence\tprobability\na.wav\tcut")
    with pytest.raises(CorpusError, match="line 2: expected file, sentence, probability, found 2 values"):
        transcribe_folder(folder, folder, Timekeeper())
    with pytest.raises(CorpusError, match="no audio in this folder"):
        transcribe_folder(tmp_path / "nothing", folder, Timekeeper())


class StandIn:
    """faster_whisper.WhisperModel as far as it is used: two segments, of two and of three tokens."""

    def __init__(self, model, device, compute_type):
        if model != "directory":
            raise ValueError(f"Invalid model size '{model}'")

    def transcribe(self, wav, language, **settings):
        assert wav.dtype == np.float32
        assert np.abs(wav).max() <= 1
        assert language == "en"
        segments = [(" Good day.", [1, 2], -0.1), (" Good bye.", [3, 4, 5], -0.6)]
        found = (SimpleNamespace(text=text, tokens=tokens, avg_logprob=mean) for text, tokens, mean in segments)
        return (found if wav.any() else iter(())), None


@pytest.fixture
def stand_in(monkeypatch):
    module = ModuleType("faster_whisper")
    module.WhisperModel = StandIn
    monkeypatch.setitem(sys.modules, "faster_whisper", module)


def test_whisper(stand_in):
    model = WhisperModel("directory")
    text, probability = model.transcribe(np.full(1600, -32768, np.int16))
    assert text == "Good day. Good bye."
    assert probability == pytest.approx(np.exp((2 * -0.1 + 3 * -0.6) / 5))
    assert model.transcribe(np.zeros(1600, np.int16)) == ("", 0.0)
    with pytest.raises(CorpusError, match="--model other: neither a directory of a model nor one to be downloaded"):
        WhisperModel("other")


def test_the_command(folder, stand_in, capsys):
    assert main(["transcribe", str(folder), "--model", "directory", "--strict"]) == 1
    assert "recordings have no text, and this is --strict" in capsys.readouterr().err
    assert main(["transcribe", str(folder), "--model", "directory"]) == 0
    output = capsys.readouterr().out
    assert "3 of 4 recordings are there already" in output
    assert "1 audio files that cannot be read" in output


def test_a_missing_package_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(CorpusError, match=r"pip install 'kwskit\[asr\]'"):
        WhisperModel("base.en")
