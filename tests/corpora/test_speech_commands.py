"""Google Speech Commands: its layout as published, and what is wrong with a copy of it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwskit.corpora.findings import Findings
from kwskit.corpora.keyword_recordings import KeywordRecording, keyword_manifest
from kwskit.corpora.speech_commands import COMMANDS, SpeechCommands
from kwskit.errors import CorpusError

SPEAKERS = ("0a7c2a8d", "ffd2ba2f")


def build(folder: Path, words=(*COMMANDS, "bed", "zero"), test_set=True) -> Path:
    """The corpus with two speakers and two takes, of which the second speaker's are the test list."""
    root = folder / "speech_commands_v0.02"
    noise = np.random.default_rng(0).integers(-999, 999, 800).astype(np.int16)
    for word in words:
        (root / word).mkdir(parents=True)
        for speaker in SPEAKERS:
            for take in range(2):
                soundfile.write(root / word / f"{speaker}_nohash_{take}.wav", noise, 16_000)
    (root / "_background_noise_").mkdir()
    soundfile.write(root / "_background_noise_/white_noise.wav", noise, 16_000)
    lines = [f"{word}/{SPEAKERS[1]}_nohash_{take}.wav" for word in words for take in range(2)]
    (root / "testing_list.txt").write_text("\n".join(lines) + "\n")
    (root / "validation_list.txt").write_text("")
    (root / "README.md").write_text("# Speech Commands Data Set v0.02\n")
    if test_set:
        for word in (*COMMANDS, "_unknown_", "_silence_"):
            target = folder / "speech_commands_test_set_v0.02" / word
            target.mkdir(parents=True)
            name = f"{SPEAKERS[1]}_nohash_0.wav" if word in COMMANDS else f"{word.strip('_')}_0.wav"
            soundfile.write(target / name, noise, 16_000)
    return root


@pytest.fixture
def root(tmp_path):
    return build(tmp_path)


@pytest.mark.parametrize("given", [".", "speech_commands_v0.02"])
def test_corpus_and_test_set_are_found_from_either_level(root, tmp_path, given):
    corpus = SpeechCommands.find(tmp_path / given)
    assert corpus.root.samefile(root)
    assert corpus.test_set is not None
    assert corpus.test_set.name == "speech_commands_test_set_v0.02"
    assert corpus.words == sorted([*COMMANDS, "bed", "zero"])


def test_recordings_are_listed_by_word_speaker_and_take(root):
    corpus, findings = SpeechCommands.find(root), Findings()
    recordings = corpus.recordings(findings)
    assert len(recordings) == 12 * 4
    name = "bed/0a7c2a8d_nohash_1"
    assert recordings[f"{name}.wav"] == KeywordRecording(name, root / f"{name}.wav", "bed", "0a7c2a8d")
    listed = corpus.testing_list(recordings, findings)
    assert [one.utt_id for one in listed] == [
        line.removesuffix(".wav") for line in (root / "testing_list.txt").read_text().split()
    ]
    official = corpus.official()
    assert [one.word for one in official] == [*COMMANDS, "_unknown_", "_silence_"]
    assert official[-1].utt_id == "test_set/_silence_/silence_0"
    assert len(findings) == 0


def test_training_is_what_no_list_names(root):
    (root / "validation_list.txt").write_text("bed/0a7c2a8d_nohash_1.wav\nyes/0a7c2a8d_nohash_0.wav\n")
    corpus = SpeechCommands.find(root)
    recordings = corpus.recordings(Findings())
    train, dev = corpus.training_parts(recordings, Findings())
    assert [one.utt_id for one in dev] == ["bed/0a7c2a8d_nohash_1", "yes/0a7c2a8d_nohash_0"]
    assert {one.speaker for one in train} == {SPEAKERS[0]}
    assert len(train) == 12 * 2 - 2
    for name in ("testing_list.txt", "validation_list.txt"):
        (root / name).unlink()
    (root / "bed/0a7c2a8d_nohash_0.wav").rename(root / "bed/0a7c2a8d_nohash_0.opus")
    alone = SpeechCommands(root, None)
    train, dev = alone.training_parts(alone.recordings(Findings()), Findings())
    assert (len(train), dev) == (48, [])


def test_without_the_test_set_there_is_none(tmp_path):
    root = build(tmp_path, test_set=False)
    assert SpeechCommands.find(root).official() == []
    with pytest.raises(CorpusError, match=r"test set of Speech Commands: .* lacks yes, no"):
        SpeechCommands.find(root, root / "_background_noise_")


def test_odd_recordings_and_lines_are_counted_and_named(root):
    shutil.move(root / "bed/0a7c2a8d_nohash_0.wav", root / "bed/anon.wav")
    with (root / "testing_list.txt").open("a") as lines:
        lines.write("bed/ffd2ba2f_nohash_0.wav\n\nbed/00000000_nohash_0.wav\nnonsense\n")
    corpus, findings = SpeechCommands.find(root), Findings()
    recordings = corpus.recordings(findings)
    assert len(recordings) == 47
    assert len(corpus.testing_list(recordings, findings)) == 24
    found = findings.summary()
    assert "1 recordings whose name tells no speaker (SPEAKER_nohash_TAKE.wav): bed/anon.wav" in found
    assert "1 lines of testing_list.txt that are there twice: line 25: bed/ffd2ba2f_nohash_0.wav" in found
    assert "2 lines of testing_list.txt whose recording is not there: line 27: bed/00000000" in found
    assert "line 28: nonsense" in found


def test_what_is_no_corpus_is_told(root, tmp_path):
    with pytest.raises(CorpusError, match="wrong level"):
        SpeechCommands.find(root / "yes")
    with pytest.raises(CorpusError, match="no such folder"):
        SpeechCommands.find(tmp_path / "elsewhere")
    (root / "testing_list.txt").write_text("yes/1_nohash_1.wav\n")
    corpus = SpeechCommands.find(root)
    with pytest.raises(CorpusError, match=r"names no recording that is there:\n1 lines .* line 1: yes/1"):
        corpus.testing_list(corpus.recordings(Findings()), Findings())
    shutil.rmtree(root / "stop")
    (root / "stop").mkdir()
    with pytest.raises(CorpusError, match=r"stop holds no recordings \(\*\.wav\)"):
        corpus.recordings(Findings())
    (root / "testing_list.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(CorpusError, match=r"testing_list\.txt: cannot be read"):
        corpus.testing_list({}, Findings())


def test_a_manifest_is_of_whole_files_and_leaves_out_what_cannot_be_read(root):
    (root / "yes/0a7c2a8d_nohash_0.wav").write_bytes(b"RIFF")
    (root / "yes/0a7c2a8d_nohash_1.wav").write_bytes(b"")
    soundfile.write(root / "no/0a7c2a8d_nohash_0.wav", np.zeros(300, np.int16), 16_000)
    soundfile.write(root / "no/0a7c2a8d_nohash_1.wav", np.zeros(4410, np.int16), 44_100)
    findings = Findings()
    recordings = SpeechCommands.find(root).recordings(findings)
    table = keyword_manifest(list(recordings.values()), 1, findings)
    assert findings.counts == {
        "audio files that cannot be read": 2,
        "recordings shorter than one window of 25 ms": 1,
    }
    assert "0a7c2a8d_nohash_0.wav: 18.8 ms" in findings.summary()
    assert len(table) == 45
    rows = {row["utt_id"]: row for row in table.to_pylist()}
    assert rows["no/0a7c2a8d_nohash_1"]["stop"] == pytest.approx(0.1)
    assert rows["up/ffd2ba2f_nohash_0"] == {
        "utt_id": "up/ffd2ba2f_nohash_0",
        "path": str(root / "up/ffd2ba2f_nohash_0.wav"),
        "start": 0.0,
        "stop": 0.05,
        "word": "up",
        "speaker": "ffd2ba2f",
        "split": "test",
    }
