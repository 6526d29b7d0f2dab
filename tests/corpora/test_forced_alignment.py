"""Forced alignment with a network that hears tones, and with a program that plays the Montreal Forced Aligner."""

import os
import re
import shutil
import stat
import sys

import numpy as np
import pytest
import soundfile
import torch
from torch import nn

from kwskit.cli import main
from kwskit.corpora.alignments.ctc_model import CtcModel, load_ctc_model
from kwskit.corpora.alignments.read import read_alignments
from kwskit.corpora.findings import Findings
from kwskit.errors import CorpusError

# Still the only way to store a network with its code in one file.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
RATE, FRAME = 16_000, 320
LABELS = ["-", "|", *"ABCDEO'"]
TONES = {label: 400.0 * (index + 1) for index, label in enumerate(LABELS[1:])}


class ToneNetwork(nn.Module):
    """(1, samples) -> logits (1, samples // 320, labels): each label but the blank is a tone; silence is the blank."""

    def __init__(self):
        super().__init__()
        time = torch.arange(FRAME) / RATE
        waves = [f(2 * np.pi * hertz * time) for hertz in TONES.values() for f in (torch.sin, torch.cos)]
        self.register_buffer("waves", torch.stack(waves, 1) / FRAME)

    def forward(self, wav: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        frames = wav[:, : wav.shape[1] // 320 * 320].reshape(1, -1, 320)
        power = (frames @ self.waves).reshape(1, frames.shape[1], -1, 2).square().sum(3).sqrt()
        silent = torch.full((1, frames.shape[1], 1), 0.05)
        return 200 * torch.cat([silent, power], 2), torch.tensor([frames.shape[1]])


def spoken(text: str) -> tuple[np.ndarray, list[tuple[str, float, float]]]:
    """Samples of ``text``, 60 ms a letter with 40 ms of silence behind it, 200 ms between words; times of the words."""
    pieces, words, at = [np.zeros(5 * FRAME)], [], 5
    for word in text.split():
        start = at
        for letter in word.upper():
            time = np.arange(3 * FRAME) / RATE
            pieces += [0.4 * np.sin(2 * np.pi * TONES[letter] * time), np.zeros(2 * FRAME)]
            at += 5
        words.append((word, start * FRAME / RATE, (at - 2) * FRAME / RATE))
        pieces.append(np.zeros(10 * FRAME))
        at += 10
    return np.concatenate(pieces), words


@pytest.fixture
def network(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    torch.jit.script(ToneNetwork()).save(folder / "tones.pt")
    (folder / "tones.labels.txt").write_text("\n".join(LABELS) + "\n")
    return folder / "tones.pt"


@pytest.fixture
def corpus(tmp_path):
    """Three utterances in LibriSpeech's layout, and one of each kind of trouble."""
    folder = tmp_path / "corpus/19/198"
    folder.mkdir(parents=True)
    texts = {"19-198-0000": "abba bead", "19-198-0001": "cab", "19-198-0002": "dodo a'b"}
    times = {}
    for name, text in texts.items():
        samples, times[name] = spoken(text)
        soundfile.write(folder / f"{name}.flac", samples, RATE)
    lines = [f"{name} {text.upper()}" for name, text in texts.items()]
    (folder / "19-198.trans.txt").write_text("\n".join(lines) + "\n")
    return tmp_path / "corpus", times


def found_times(folder) -> dict[str, list[tuple[str, float, float]]]:
    found: dict[str, list] = {}
    for row in read_alignments(folder, Findings()).to_pylist():
        found.setdefault(row["utterance"], []).append((row["word"], row["start"], row["stop"]))
    return found


def test_words_are_found_where_they_were_put(corpus, network, tmp_path, capsys):
    folder, times = corpus
    command = [
        "align",
        "--corpus",
        str(folder),
        "--to",
        str(tmp_path / "out"),
        "--with",
        "ctc",
        "--model",
        str(network),
    ]
    assert main([*command, "--device", "cpu", "--strict"]) == 0
    assert {name: [w for w, *_ in words] for name, words in found_times(tmp_path / "out").items()} == {
        name: [w for w, *_ in words] for name, words in times.items()
    }
    for name, words in found_times(tmp_path / "out").items():
        for (_, start, stop), (_, true_start, true_stop) in zip(words, times[name], strict=True):
            assert abs(start - true_start) <= FRAME / RATE + 1e-6
            assert abs(stop - true_stop) <= FRAME / RATE + 1e-6
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert main(command) == 0
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == before
    assert "3 of 3 utterances are there already" in capsys.readouterr().out


def test_only_what_is_left_is_aligned(corpus, network, tmp_path, monkeypatch):
    monkeypatch.setattr("kwskit.corpora.alignments.forced_alignment.SHARE", 2)
    folder, _ = corpus
    command = [
        "align",
        "--corpus",
        str(folder),
        "--to",
        str(tmp_path / "out"),
        "--with",
        "ctc",
        "--model",
        str(network),
    ]
    assert main(command) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["ctc_000000.csv", "ctc_000001.csv"]
    (tmp_path / "out/ctc_000000.csv").unlink()
    assert main(command) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["ctc_000001.csv", "ctc_000002.csv"]
    assert len(found_times(tmp_path / "out")) == 3


def test_what_cannot_be_aligned_is_counted(corpus, network, tmp_path, capsys):
    folder, _ = corpus
    soundfile.write(folder / "19/198/short.wav", np.zeros(FRAME * 3), RATE)
    soundfile.write(folder / "19/198/foreign.wav", np.zeros(RATE), RATE)
    soundfile.write(folder / "19/198/mute.wav", np.zeros(RATE), RATE)
    (folder / "19/198/broken.wav").write_text("no audio")
    (folder / "again").mkdir()
    soundfile.write(folder / "again/short.wav", np.zeros(RATE), RATE)
    with (folder / "19/198/19-198.trans.txt").open("a") as sink:
        sink.write("short ABBA\nforeign XYZ\nbroken A\nabsent A\n")
    command = [
        "align",
        "--corpus",
        str(folder),
        "--to",
        str(tmp_path / "out"),
        "--with",
        "ctc",
        "--model",
        str(network),
    ]
    assert main([*command, "--transcripts", str(folder / "19/198/19-198.trans.txt")]) == 0
    message = capsys.readouterr().out
    for kind in (
        "1 utterances that are there twice",
        "1 audio files without a transcript",
        "1 transcripts without audio: absent",
        "1 transcripts that the aligner cannot spell: foreign: xyz",
        "1 audio files that cannot be read",
        "1 transcripts that do not fit their audio: short: 1 words in 0.1 s",
    ):
        assert kind in message
    assert main([*command, "--strict"]) == 1
    assert "this is --strict" in capsys.readouterr().err


def test_wrong_models_are_told(network, tmp_path):
    with pytest.raises(CorpusError, match=r"NOTHING: neither a TorchScript file nor a bundle .*WAV2VEC2_ASR_BASE_960H"):
        load_ctc_model("NOTHING")
    with pytest.raises(CorpusError, match="neither"):
        load_ctc_model("HUBERT_BASE")  # knows no letters
    model = CtcModel(ToneNetwork(), LABELS[:-1])
    with pytest.raises(CorpusError, match=r"gives \(1, 50, 9\); expected \(1, frames, 8\)"):
        model.log_probs(np.zeros(RATE, np.int16))
    (network.parent / "tones.labels.txt").unlink()
    with pytest.raises(CorpusError, match=r"expected the labels of tones\.pt"):
        load_ctc_model(str(network))
    (network.parent / "tones.labels.txt").write_text("-\n")
    network.write_bytes(b"no model")
    with pytest.raises(CorpusError, match="is no TorchScript model"):
        load_ctc_model(str(network))


FAKE_MFA = """\
#!{python}
import sys
from pathlib import Path
*options, corpus, dictionary, model, out = sys.argv[1:]
assert options == ["align", "--clean", "--num_jobs", "3"], options
assert (dictionary, model) == ("english_us_arpa", "my_model"), (dictionary, model)
if "fail" in Path(corpus).parent.parent.name:
    sys.exit("lots of words\\nthe dictionary is not there")
for lab in sorted(Path(corpus).rglob("*.lab")):
    audio = next(path for path in lab.parent.iterdir() if path.stem == lab.stem and path != lab)
    assert audio.exists()
    words = lab.read_text().split()
    if words == ["cab"]:
        continue  # the beam was too narrow
    tier = ['"IntervalTier"', '"words"', "0", str(len(words)), str(len(words))]
    for i, word in enumerate(words):
        tier += [str(i), str(i + 1), f'"{{word}}"']
    target = Path(out) / lab.parent.name / f"{{lab.stem}}.TextGrid"
    target.parent.mkdir(parents=True, exist_ok=True)
    head = ['File type = "ooTextFile"', '"TextGrid"', "0", "9", "<exists>", "1"]
    target.write_text("\\n".join(head + tier) + "\\n")
"""


@pytest.fixture
def fake_mfa(tmp_path, monkeypatch):
    program = tmp_path / "bin/mfa"
    program.parent.mkdir()
    program.write_text(FAKE_MFA.format(python=sys.executable))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


def test_mfa_is_run_and_its_textgrids_are_kept(corpus, fake_mfa, tmp_path, capsys):
    folder, _ = corpus
    command = ["align", "--corpus", str(folder), "--to", str(tmp_path / "out"), "--with", "mfa", "--model", "my_model"]
    assert main([*command, "--jobs", "3"]) == 0
    assert "1 utterances that were not aligned" in capsys.readouterr().out
    assert found_times(tmp_path / "out") == {
        "19-198-0000": [("abba", 0.0, 1.0), ("bead", 1.0, 2.0)],
        "19-198-0002": [("dodo", 0.0, 1.0), ("a'b", 1.0, 2.0)],
    }
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["198"]
    assert main([*command, "--jobs", "3", "--strict"]) == 1
    assert "2 of 3 utterances are there already" in capsys.readouterr().out


def test_a_failing_or_missing_mfa_is_told(corpus, fake_mfa, tmp_path, monkeypatch, capsys):
    folder, _ = corpus
    command = ["align", "--corpus", str(folder), "--to", str(tmp_path / "fail"), "--with", "mfa", "--model", "my_model"]
    assert main([*command, "--jobs", "3"]) == 1
    error = capsys.readouterr().err
    assert re.search(r"failed with exit status 1: .*the dictionary is not there", error)
    assert list((tmp_path / "fail").iterdir()) == []
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert main(command) == 1
    assert "no program 'mfa' on the PATH" in capsys.readouterr().err
