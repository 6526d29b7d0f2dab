"""Words and phrases, recomputed row by row."""

import itertools

import numpy as np
import pyarrow as pa
import pytest
import soundfile

from kwskit.corpora.findings import Findings
from kwskit.corpora.segments import audio_lengths, phrase_segments, word_segments
from kwskit.data.manifest import read_manifest
from kwskit.data.records import MANIFEST, write_records
from kwskit.errors import CorpusError


def table(rows: list[tuple], *names: str) -> pa.Table:
    return pa.table({name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)})


def aligned_table(rows: list[tuple]) -> pa.Table:
    return table(rows, "utterance", "start", "stop", "word")


def utterance_table(rows: list[tuple]) -> pa.Table:
    return table(rows, "utterance", "path", "speaker", "split", "seconds")


@pytest.fixture
def random_corpus() -> tuple[pa.Table, pa.Table]:
    """Forty utterances with words of random lengths, some of them unknown (a gap in the positions)."""
    rng = np.random.default_rng(5)
    aligned, utterances = [], []
    for utt in range(40):
        at, position = 0.0, 0
        for _ in range(int(rng.integers(3, 15))):
            at += rng.choice([0.0, 0.2])
            seconds = float(rng.uniform(0.06, 0.8))
            if rng.random() < 0.85:
                word = str(rng.choice(["a", "of", "it's", "river", "ñandú", "x1"]))
                aligned.append((f"u{utt}", round(at, 3), round(at + seconds, 3), word, position))
            at, position = round(at + seconds, 3), position + 1
        utterances.append((f"u{utt}", f"/c/u{utt}.flac", f"s{utt % 7}", "train", at))
    order = rng.permutation(len(utterances))
    shuffled = table(aligned, "utterance", "start", "stop", "word", "position").take(rng.permutation(len(aligned)))
    return shuffled, utterance_table([utterances[i] for i in order])


def naive_phrases(aligned: pa.Table, utterances: pa.Table, words: tuple[int, int], least: float, most: float) -> list:
    about = {row["utterance"]: row for row in utterances.to_pylist()}
    found = []
    for utt in dict.fromkeys(aligned["utterance"].to_pylist()):
        rows = sorted((r for r in aligned.to_pylist() if r["utterance"] == utt), key=lambda r: r["start"])
        for count in range(words[0], words[1] + 1):
            for i in range(len(rows) - count + 1):
                run = rows[i : i + count]
                if any(b["position"] != a["position"] + 1 for a, b in itertools.pairwise(run)):
                    continue
                if not least - 1e-9 <= run[-1]["stop"] - run[0]["start"] <= most + 1e-9:
                    continue
                name = f"{utt}_{run[0]['position']}" + (f"_{count}" if count > 1 else "")
                text = " ".join(r["word"] for r in run)
                place = about[utt]
                found.append((name, place["path"], run[0]["start"], run[-1]["stop"], text, place["speaker"], "train"))
    return sorted(found)


@pytest.mark.parametrize(("words", "least", "most"), [((1, 4), 0.5, 2.0), ((2, 2), 0.0, 1.0), ((3, 9), 0.3, 3.0)])
def test_phrases_are_those_of_a_loop(random_corpus, words, least, most):
    aligned, utterances = random_corpus
    findings = Findings()
    found = phrase_segments(aligned, utterances, findings, words, least, most)
    assert sorted(tuple(row.values()) for row in found.to_pylist()) == naive_phrases(
        aligned, utterances, words, least, most
    )
    assert found.schema.equals(pa.schema(MANIFEST))
    assert len(findings) == 0


def test_words_are_those_of_a_loop(random_corpus, monkeypatch):
    monkeypatch.setattr("kwskit.corpora.segments.CHUNK", 7)  # rows are made in pieces
    aligned, utterances = random_corpus
    found = word_segments(aligned, utterances, Findings(), 0.1, 0.6, min_letters=3)
    naive = [
        row for row in naive_phrases(aligned, utterances, (1, 1), 0.1, 0.6) if row[4] in ("it's", "river", "ñandú")
    ]
    assert sorted(tuple(row.values()) for row in found.to_pylist()) == naive


def test_what_cannot_be_used_is_left_out_and_counted():
    aligned = aligned_table(
        [
            ("fine", 0.0, 0.5, "one"),
            ("fine", 0.5, 1.05, "two"),  # 50 ms past the end: cut to it
            ("late", 0.5, 1.2, "past"),
            ("late", 1.0, 1.05, "behind"),
            ("odd", 0.1, 0.1, "point"),
            ("odd", -0.1, 0.3, "before"),
            ("odd", 0.2, float("nan"), "nan"),
            ("odd", 0.3, 0.31, "short"),
            ("odd", 0.4, 0.6, " "),
            ("odd", 0.7, 0.9, "twice"),
            ("odd", 0.7, 0.9, "twice"),
            ("silent", 0.0, 0.5, "nowhere"),
            ("nobody", 0.0, 0.5, "whose"),
        ]
    )
    utterances = utterance_table(
        [
            ("fine", "/c/fine.wav", "s1", "train", 1.0),
            ("late", "/c/late.wav", "s1", "train", 1.0),
            ("odd", "/c/odd.wav", "s2", "train", 1.0),
            ("odd", "/d/odd.wav", "s2", "train", 1.0),
            ("nobody", "/c/nobody.wav", " ", "train", 1.0),
            ("quiet", "/c/quiet.wav", "s1", "train", 1.0),
        ]
    )
    findings = Findings()
    found = word_segments(aligned, utterances, findings)
    assert [(r["utt_id"], r["stop"], r["word"]) for r in found.to_pylist()] == [
        ("fine_0", 0.5, "one"),
        ("fine_1", 1.0, "two"),
        ("odd_5", 0.9, "twice"),
    ]
    assert findings.counts == {
        "utterances without a speaker": 1,
        "utterances that are there twice": 1,
        "aligned utterances without audio": 2,
        "utterances without alignment": 1,
        "empty words": 1,
        "words whose times are no stretch": 3,
        "alignments past the end of their audio": 2,
        "words shorter than one window of 25 ms": 1,
        "words that are aligned twice": 1,
    }
    assert "late: 'past' ends at 1.2 s of 1 s" in findings.summary()
    known = Findings()
    word_segments(aligned, utterances, known, only_known=True)
    assert "aligned utterances without audio" not in known.counts


def test_a_wrong_corpus_is_told():
    aligned = aligned_table([("a", 0.0, 0.5, "one")])
    with pytest.raises(CorpusError, match=r"no aligned utterance \(a, …\) is one of the corpus \(b, …\)"):
        word_segments(aligned, utterance_table([("b", "/b.wav", "s", "train", 1.0)]), Findings())
    with pytest.raises(CorpusError, match="needs speaker, split, seconds"):
        word_segments(aligned, pa.table({"utterance": ["a"], "path": ["/a.wav"]}), Findings())


def test_lengths_come_from_headers_of_mixed_files(tmp_path):
    for name, rate, seconds in (("a.wav", 8000, 1.5), ("b.flac", 44100, 0.5), ("c.ogg", 48000, 1.0)):
        soundfile.write(tmp_path / name, np.zeros(int(rate * seconds), np.float32), rate)
    (tmp_path / "cut.flac").write_bytes((tmp_path / "b.flac").read_bytes()[:20])
    (tmp_path / "empty.wav").write_bytes(b"")
    names = ["a.wav", "b.flac", "c.ogg", "cut.flac", "empty.wav", "missing.wav", "a.wav"]
    rows = [(f"u{i}", str(tmp_path / name), "s", "train") for i, name in enumerate(names)]
    utterances = table(rows, "utterance", "path", "speaker", "split")
    findings = Findings()
    found = audio_lengths(utterances, 1, findings)
    assert dict(zip(found["utterance"].to_pylist(), found["seconds"].to_pylist(), strict=True)) == pytest.approx(
        {"u0": 1.5, "u1": 0.5, "u2": 1.0, "u6": 1.5}
    )
    assert findings.counts == {"audio files that cannot be read": 3}
    with pytest.raises(CorpusError, match="none of 1 audio files can be read"):
        audio_lengths(utterances.slice(5, 1), 1, Findings())


def test_segments_make_a_manifest_that_can_be_read(tmp_path):
    soundfile.write(tmp_path / "u1.wav", np.zeros(32000, np.int16), 16000)
    rows = [("u1", str(tmp_path / "u1.wav"), "s1", "train")]
    utterances = audio_lengths(table(rows, "utterance", "path", "speaker", "split"), 1, Findings())
    aligned = aligned_table([("u1", 0.0, 0.5, "good"), ("u1", 0.5, 1.0, "morning")])
    phrases = phrase_segments(aligned, utterances, Findings())
    write_records(tmp_path / "manifests/train.tsv", "manifest", phrases)
    assert read_manifest(tmp_path / "manifests/train.tsv")["word"].to_pylist() == ["good", "morning", "good morning"]
