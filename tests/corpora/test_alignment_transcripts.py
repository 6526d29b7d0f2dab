"""Transcripts that forced alignment reads."""

import numpy as np
import pytest
import soundfile

from kwskit.corpora.alignments.forced_alignment import spoken_utterances
from kwskit.corpora.alignments.transcripts import read_transcripts
from kwskit.corpora.findings import Findings
from kwskit.errors import CorpusError


def test_transcripts_of_every_kind(tmp_path):
    (tmp_path / "a.trans.txt").write_text("19-198-0000 HE SAID IT'S 'FINE'\n19-198-0001\n\n")
    assert read_transcripts(tmp_path / "a.trans.txt") == {"19-198-0000": ["he", "said", "it's", "fine"]}
    (tmp_path / "t.tsv").write_text('file\ttext\n103.flac\tChapter 1, "Mrs. Lind"--and 2 dogs.\n')
    assert read_transcripts(tmp_path / "t.tsv") == {
        "103": ["chapter", "one", "mrs", "lind", "and", "two", "dogs"],
    }
    (tmp_path / "t.csv").write_text('transcript,audio_filename\n"Grüße, Herr",x/y.wav\n')
    assert read_transcripts(tmp_path / "t.csv") == {"y": ["grüße", "herr"]}
    (tmp_path / "labs").mkdir()
    (tmp_path / "labs/u1.lab").write_text("one two\n")
    (tmp_path / "labs/u2.txt").write_text("three")
    assert read_transcripts(tmp_path / "labs") == {"u1": ["one", "two"], "u2": ["three"]}


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("x.txt", b"", "no transcripts: expected"),
        ("x.csv", b"a,b\n1,2\n", "line 1: expected columns such as file and text, found a, b"),
        ("x.txt", b"u \xff\xfe\n", "not UTF-8: save"),
    ],
)
def test_bad_transcripts_are_told(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(CorpusError, match=message):
        read_transcripts(tmp_path / name)
    with pytest.raises(CorpusError, match="cannot be read: No such file"):
        read_transcripts(tmp_path / "missing.txt")


def test_a_folder_without_audio_or_of_other_names_is_told(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name in "abc":
        soundfile.write(folder / f"{name}.flac", np.zeros(160), 16_000)
    (folder / "text.tsv").write_text("file\ttext\na.flac\tone\n")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="no audio in this folder"):
        spoken_utterances(tmp_path / "empty", folder, Findings())
    (tmp_path / "other.txt").write_text("nobody SAYS THIS\n")
    with pytest.raises(CorpusError, match=r"none of 3 audio files .* has one of 1 transcripts"):
        spoken_utterances(folder, tmp_path / "other.txt", Findings())
