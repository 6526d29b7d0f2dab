"""Speech of people to train a general model on: who and what is held back, and alignments that are made."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwskit.corpora.alignments.forced_alignment import UtteranceAligner
from kwskit.corpora.findings import Findings
from kwskit.corpora.held_back import part_of
from kwskit.corpora.people import people_speech
from kwskit.data.records import MANIFEST

SENTENCES = ["banana window seven marble", "kitten , garden hey velvet", "silver forest banana"]


def speakers(corpus: str, part: str, count: int) -> list[str]:
    """The first numbers that are a speaker of ``part``."""
    return list(itertools.islice((name for name in map(str, range(100, 999)) if part_of(corpus, name) == part), count))


def told(found):
    """{utt_id: (speaker, text, words of the words file)} of the stretches to train on."""
    said = {row["utt_id"]: [] for row in found.train.to_pylist()}
    for row in found.words.to_pylist():
        said[row["utt_id"]].append(row["word"])
    return {row["utt_id"]: (row["speaker"], row["word"], said[row["utt_id"]]) for row in found.train.to_pylist()}


@pytest.fixture(scope="module")
def librispeech(make_librispeech, tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    parts = {part: speakers("librispeech", part, 1 + (part == "train")) for part in ("train", "dev", "test")}
    make_librispeech(folder, {"train-clean-5": {name: SENTENCES for names in parts.values() for name in names}})
    return folder, parts


def test_test_people_and_test_words_are_left_out(librispeech, tmp_path):
    folder, parts = librispeech
    findings = Findings()
    found = people_speech("librispeech", folder, tmp_path / "alignments", findings)
    assert not (tmp_path / "alignments").exists()  # the corpus has its own
    stretches = told(found)
    assert len(stretches) == 2 * 5
    assert {speaker for speaker, _, _ in stretches.values()} == {f"librispeech-{name}" for name in parts["train"]}
    for name in parts["train"]:
        own = {
            key.removeprefix(f"librispeech-{name}-100-"): text for key, (_, text, _) in stretches.items() if name in key
        }
        assert own == {
            "0000_0": "banana window",
            "0000_3": "marble",
            "0001_0": "kitten garden",
            "0001_3": "velvet",
            "0002_0": "silver forest banana",
        }
    assert all(text.split() == words for _, text, words in stretches.values())
    assert found.train["split"].unique().to_pylist() == ["train"]
    assert found.dev.column_names == list(MANIFEST)
    assert found.dev["speaker"].unique().to_pylist() == [f"librispeech-{name}" for name in parts["dev"]]
    assert sorted(found.dev["word"].to_pylist()) == sorted(" ".join(SENTENCES).replace(" ,", "").split())
    assert all(name.startswith("librispeech-") for name in found.dev["utt_id"].to_pylist())
    assert all(Path(path).is_file() for path in found.train["path"].to_pylist())
    assert not len(findings)


def test_words_that_cannot_be_read_out_are_left_out(make_librispeech, tmp_path):
    (speaker,) = speakers("librispeech", "train", 1)
    make_librispeech(tmp_path, {"train-clean-5": {speaker: ["banana kitten window"]}})
    for grid in (tmp_path / "alignments").rglob("*.TextGrid"):
        grid.write_text(grid.read_text().replace("kitten", "дом"))
    findings = Findings()
    found = people_speech("librispeech", tmp_path, tmp_path / "made", findings)
    assert [text for _, text, _ in told(found).values()] == ["banana", "window"]
    assert findings.counts == {"words that cannot be read out": 1}
    assert len(found.dev) == 0
    assert found.dev.column_names == list(MANIFEST)


class Even(UtteranceAligner):
    """Words of one length."""

    name = "even"

    def spells(self, words):
        return True

    def place(self, samples, words):
        share = len(samples) / 16_000 / len(words)
        return [(k * share, (k + 1) * share, None) for k in range(len(words))]


@pytest.fixture
def even(monkeypatch):
    """Words of one length in the place of what PocketSphinx finds."""
    monkeypatch.setattr("kwskit.registry.build", lambda kind, name, jobs: Even())


def test_alignments_are_made_once_where_there_are_none(librispeech, tmp_path, even, capsys):
    folder, _ = librispeech
    for _ in range(2):
        found = people_speech("librispeech", folder / "LibriSpeech", tmp_path / "made", Findings())
        assert len(told(found)) == 2 * 5
    assert "12 of 12 utterances are there already" in capsys.readouterr().out
    assert list((tmp_path / "made").glob("*.csv"))


def test_corpora_with_tables_of_transcripts_are_aligned_by_them(tmp_path, even):
    """Common Voice and speechocean762 as published, whose texts no aligner finds by itself."""
    clips = tmp_path / "cv/en/clips"
    clips.mkdir(parents=True)
    names = speakers("common_voice", "train", 2) + speakers("common_voice", "test", 1)
    lines = ["client_id\tpath\tsentence"]
    for name in names:
        soundfile.write(clips / f"common_voice_en_{name}.wav", np.zeros(16_000), 16_000)
        lines.append(f"{name}\tcommon_voice_en_{name}.wav\tThe red Seven birds.")
    (tmp_path / "cv/en/validated.tsv").write_text("\n".join(lines) + "\n")
    found = people_speech("common_voice", tmp_path / "cv", tmp_path / "data/alignments/common_voice", Findings())
    assert sorted(text for _, text, _ in told(found).values()) == ["birds", "birds", "the red", "the red"]
    assert {speaker for speaker, _, _ in told(found).values()} == {f"common_voice-{name}" for name in names[:2]}

    root = tmp_path / "ocean"
    (root / "train").mkdir(parents=True)
    files = {name: [] for name in ("wav.scp", "text", "utt2spk", "spk2age", "spk2gender")}
    for speaker in speakers("speechocean762", "train", 1):
        (root / f"WAVE/SPEAKER{speaker}").mkdir(parents=True)
        soundfile.write(root / f"WAVE/SPEAKER{speaker}/0{speaker}1.WAV", np.zeros(16_000), 16_000)
        files["wav.scp"].append(f"0{speaker}1\tWAVE/SPEAKER{speaker}/0{speaker}1.WAV")
        files["text"].append(f"0{speaker}1\tWE CALL IT BEAR")
        files["utt2spk"].append(f"0{speaker}1\t{speaker}")
        files["spk2age"].append(f"{speaker} 6")
        files["spk2gender"].append(f"{speaker} m")
    for name, values in files.items():
        (root / "train" / name).write_text("\n".join(values) + "\n")
    found = people_speech("speechocean762", root, tmp_path / "data/alignments/speechocean762", Findings())
    assert [text for _, text, _ in told(found).values()] == ["we call it bear"]
