"""Synthetic speech as utterances, from manifests by hand."""

import pyarrow as pa
import pytest

from kwskit.corpora.synthetic_utterances import manifest_below, sentence_stretches, single_words
from kwskit.data.records import MANIFEST, WORDS, write_records


def write(corpus, split, rows):
    columns = [list(column) for column in zip(*((*row, split) for row in rows), strict=True)] if rows else [[]] * 7
    table = pa.table(dict(zip(MANIFEST, columns, strict=True)))
    write_records(corpus / "manifests" / f"{split}.tsv", "manifest", table)


@pytest.fixture
def running(tmp_path):
    """Two sentences of one file, 0.25 s of silence between; the third word of the first was too short for a row."""
    train = [
        ("espeak-000007-0", "audio/a.wav", 0.05, 0.4, "one", "espeak:en"),
        ("espeak-000007-1", "audio/a.wav", 0.4, 0.8, "little", "espeak:en"),
        ("espeak-000007-3", "audio/a.wav", 0.84, 1.3, "bird", "espeak:en"),
        ("espeak-000008-0", "audio/a.wav", 1.55, 1.9, "sings", "espeak:fr"),
        ("espeak-000008-phrase", "audio/a.wav", 1.55, 2.4, "sings softly", "espeak:fr"),
    ]
    dev = [("espeak-000008-1", "audio/a.wav", 1.9, 2.4, "softly", "espeak:fr")]
    write(tmp_path / "running", "train", train)
    write(tmp_path / "running", "dev", dev)
    return tmp_path / "running"


def test_sentences_are_joined_from_their_words(running):
    manifest, words = sentence_stretches(running, 0.1)
    assert manifest.schema.equals(pa.schema(MANIFEST))
    assert [tuple(row.values())[:6] for row in manifest.to_pylist()] == [
        ("espeak-000007_0", "running/audio/a.wav", 0.0, 0.8, "one little", "espeak:en"),
        ("espeak-000007_3", "running/audio/a.wav", 0.84, 1.4, "bird", "espeak:en"),  # not into the next sentence
        ("espeak-000008_0", "running/audio/a.wav", 1.45, 2.5, "sings softly", "espeak:fr"),
    ]
    assert words.schema.equals(pa.schema(WORDS))
    assert [tuple(row.values()) for row in words.to_pylist()] == [
        ("espeak-000007_0", "one", 0.05, 0.4),
        ("espeak-000007_0", "little", 0.4, 0.8),
        ("espeak-000007_3", "bird", 0.0, 0.46),
        ("espeak-000008_0", "sings", 0.1, 0.45),
        ("espeak-000008_0", "softly", 0.45, 0.95),
    ]


def test_single_words_are_utterances(tmp_path):
    write(tmp_path / "isolated", "train", [("w-1", "audio/b.wav", 0.5, 1.25, "river", "pico:en")])
    manifest, words = single_words(tmp_path / "isolated")
    (row,) = manifest.to_pylist()
    assert row["path"] == "isolated/audio/b.wav"
    assert (row["start"], row["stop"], row["word"], row["speaker"]) == (0.5, 1.25, "river", "pico:en")
    assert [tuple(row.values()) for row in words.to_pylist()] == [("w-1", "river", 0.0, 0.75)]


def test_a_split_that_is_not_there(tmp_path, running):
    write(tmp_path / "isolated", "train", [])
    assert manifest_below(tmp_path / "isolated", "dev") is None
    assert manifest_below(running, "dev")["path"].to_pylist() == ["running/audio/a.wav"]
