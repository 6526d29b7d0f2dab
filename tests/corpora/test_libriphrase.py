"""LibriPhrase: its CSVs, where its speech is, its trials, and sets built as it is."""

import csv
from collections import Counter
from itertools import product

import numpy as np
import pyarrow as pa
import pytest
import soundfile

from kwskit.corpora.alignments.read import in_order
from kwskit.corpora.findings import Findings
from kwskit.corpora.libriphrase.phrase_audio import phrase_files, phrases_of_utterances, without_pauses
from kwskit.corpora.libriphrase.phrase_pairs import PAIRS, csv_name, read_phrase_pairs, write_phrase_pairs
from kwskit.corpora.libriphrase.protocols import libriphrase_protocol
from kwskit.corpora.segments import phrase_segments
from kwskit.errors import CorpusError


def row(anchor, text, comparison, other, kind, words=1, seconds=0.5):
    target = int(kind == "diffspk_positive")
    anchor, comparison = (f"train-other-500/{n.split('-')[0]}/1/{n}_{words}word_0.wav" for n in (anchor, comparison))
    speakers = [name.split("/")[1] for name in (anchor, comparison)]
    values = (anchor, speakers[0], text, seconds, comparison, speakers[1], other, seconds, kind, target, words)
    return dict(zip(PAIRS, values, strict=True))


@pytest.fixture
def pairs():
    return pa.Table.from_pylist(
        [
            row("10-1-0000", "red", "20-1-0000", "red", "diffspk_positive"),
            row("10-1-0000", "red", "20-1-0001", "blue", "diffspk_easyneg"),
            row("10-1-0000", "red", "30-1-0000", "read", "diffspk_hardneg"),
            row("10-1-0000", "red", "30-1-0000", "read", "diffspk_hardneg"),
            row("10-1-0001", "red deer", "20-1-0001", "blue deer", "diffspk_easyneg", words=2),
        ],
        schema=pa.schema(PAIRS),
    )


def test_pairs_are_written_as_the_official_csvs_and_read_again(pairs, tmp_path):
    write_phrase_pairs(tmp_path, pairs)
    with (tmp_path / "libriphrase_diffspk_all_2word.csv").open(newline="") as source:
        facts = list(csv.reader(source))
    assert facts[0] == list(PAIRS)
    assert facts[1][:4] == ["train-other-500/10/1/10-1-0001_2word_0.wav", "10", "red deer", "0.5"]
    findings = Findings()
    assert read_phrase_pairs(tmp_path, findings) == pairs
    assert not len(findings)


def test_csvs_may_have_other_names_and_columns_in_another_order(pairs, tmp_path):
    write_phrase_pairs(tmp_path, pairs)
    for words in (1, 2, 3, 4):
        path = tmp_path / csv_name(words)
        table = list(csv.DictReader(path.open(newline="")))
        with (tmp_path / f"testset_train_500h_short_phrase_{words}word.csv").open("w", newline="") as sink:
            writer = csv.DictWriter(sink, ["extra", *reversed([name for name in PAIRS if name != "class"])])
            writer.writeheader()
            writer.writerows({"extra": "x", **{k: v for k, v in r.items() if k != "class"}} for r in table)
        path.unlink()
    assert read_phrase_pairs(tmp_path, Findings()) == pairs
    (tmp_path / "another_1word.csv").write_text("x\n")
    with pytest.raises(CorpusError, match=r"another_1word.csv and testset_\S+1word.csv both"):
        read_phrase_pairs(tmp_path, Findings())


def test_rows_that_cannot_be_used_are_counted(pairs, tmp_path):
    write_phrase_pairs(tmp_path, pairs)
    path = tmp_path / csv_name(1)
    text = path.read_text().splitlines()
    text[1] = text[1].replace(",red,0.5,train", ",,0.5,train")  # no text
    text[2] = text[2].replace("easyneg,0", "easyneg,1")
    text[3] = text[3].replace("hardneg", "strange")
    path.write_text("\n".join(text) + "\n")
    (tmp_path / csv_name(4)).unlink()
    findings = Findings()
    assert len(read_phrase_pairs(tmp_path, findings)) == 2
    assert findings.counts == {
        "rows of LibriPhrase with an empty text": 1,
        "rows of LibriPhrase of an unknown type": 1,
        "rows of LibriPhrase whose target is not that of their type": 1,
        "CSVs of LibriPhrase that are missing": 1,
    }
    assert "libriphrase_diffspk_all_1word.csv line 3: 'diffspk_easyneg', target 1" in findings.summary()


@pytest.mark.parametrize(
    ("content", "facts"),
    [
        ("anchor,target\nx,1\n", r"line 1: lacks the column anchor_spk, .*; it has anchor, target"),
        (f"{','.join(PAIRS)}\na,1,b", "download that broke off"),
        (f"{','.join(PAIRS)}\na,1,b,long,c,2,d,1,t,0,1\n", "cannot be read"),
    ],
)
def test_a_broken_csv_is_told(tmp_path, content, facts):
    (tmp_path / csv_name(1)).write_text(content)
    with pytest.raises(CorpusError, match=facts):
        read_phrase_pairs(tmp_path, Findings())


def test_no_csv_says_how_to_get_them(tmp_path):
    with pytest.raises(CorpusError, match="kwskit fetch libriphrase"):
        read_phrase_pairs(tmp_path, Findings())


@pytest.mark.parametrize("cut", [0, 1, 2], ids=["as named", "without the part", "in a folder above"])
def test_cut_files_are_found_wherever_their_folders_begin(pairs, tmp_path, cut):
    root = tmp_path / "wavs"
    for side, row_ in product(("anchor", "comparison"), pairs.to_pylist()):
        name = row_[side].split("/", 1)[1] if cut == 1 else row_[side]
        path = root / "LibriPhrase_diffspk_all" / name if cut == 2 else root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.zeros(8000, np.int16), 16_000)
    findings = Findings()
    manifest, found = phrase_files(pairs, root, findings)
    assert not len(findings)
    assert len(manifest) == len(set(pairs["anchor"].to_pylist()) | set(pairs["comparison"].to_pylist()))
    assert set(manifest["stop"].to_pylist()) == {0.5}
    assert found["anchor"].to_pylist()[-1] == "10-1-0001_2word_0"
    words = dict(zip(manifest["utt_id"].to_pylist(), manifest["word"].to_pylist(), strict=True))
    assert words["10-1-0001_2word_0"] == "red deer"
    with pytest.raises(CorpusError, match="holds none of the files that the CSVs name"):
        phrase_files(pairs, _empty(tmp_path), Findings())


def _empty(tmp_path):
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


def aligned_speech(words):
    """(utterance, [(start, stop, word), ...]) as tables of alignments and utterances of 10 s."""
    rows = [(name, *word) for name, said in words.items() for word in said]
    columns = dict(zip(("utterance", "start", "stop", "word"), map(list, zip(*rows, strict=True)), strict=True))
    names = list(words)
    utterances = {
        "utterance": names,
        "path": [f"/x/{n}.flac" for n in names],
        "speaker": [n.split("-")[0] for n in names],
    }
    utterances |= {"split": ["train-other-500"] * len(names), "seconds": [10.0] * len(names)}
    return in_order(pa.table(columns)), pa.table(utterances)


def test_stretches_are_found_by_text_and_length(pairs):
    aligned, utterances = aligned_speech(
        {
            "10-1-0000": [(0.0, 0.3, "red"), (1.0, 1.52, "red"), (3.0, 3.9, "red")],  # the second is nearest to 0.5 s
            "10-1-0001": [(0.0, 0.2, "red"), (0.2, 0.5, "deer"), (0.5, 0.8, "red"), (1.0, 1.2, "deer")],  # one pause
            "20-1-0000": [(0.0, 1.5, "red")],  # another length
            "20-1-0001": [(0.1, 0.6, "blue"), (0.6, 1.2, "deer")],
            "30-1-0000": [(0.0, 0.5, "reed")],  # another text
            "99-1-0000": [(0.0, 0.5, "red")],
        }
    )
    findings = Findings()
    manifest, found = phrases_of_utterances(pairs, aligned, utterances, findings)
    stretches = {r["utt_id"]: (r["word"], r["start"], r["stop"]) for r in manifest.to_pylist()}
    kept = [(stretches[r["anchor"]], stretches[r["comparison"]], r["type"]) for r in found.to_pylist()]
    assert kept == [(("red", 1.0, 1.52), ("blue", 0.1, 0.6), "diffspk_easyneg")]
    assert findings.counts == {
        "segments of LibriPhrase that are aligned with another length": 2,
        "segments of LibriPhrase whose text is not aligned": 1,
        "rows of LibriPhrase without their speech": 4,
    }
    assert "1.50 s instead of 0.50 s" in findings.summary()


def test_phrases_end_at_pauses():
    aligned, utterances = aligned_speech(
        {
            "10-1-0000": [(0.0, 0.3, "a"), (0.3, 0.6, "b"), (0.7, 1.0, "c"), (1.002, 1.3, "d")],
            "20-1-0000": [(0.5, 0.9, "e"), (0.9, 1.2, "f")],
        }
    )
    phrases = phrase_segments(without_pauses(aligned), utterances, Findings(), (2, 2), 0, 9)
    assert phrases["word"].to_pylist() == ["a b", "c d", "e f"]


def test_protocols_expand_each_row(pairs):
    easy = pairs.filter(pa.array([True, True, True, True, False]))
    facts = {
        (protocol, kind): Counter(
            (r["utt_id"].split("/")[1], r["enrol_text"], r["target"])
            for r in libriphrase_protocol(easy, protocol, kind)[0].to_pylist()
        )
        for protocol, kind in product(("phonmatchnet", "mmkws", "clap_ipa"), ("easy", "hard"))
    }
    one_row = Counter([("10", "red", 1), ("10", "blue", 0), ("20", "blue", 1), ("20", "red", 0)])
    assert facts["phonmatchnet", "easy"] == one_row
    two_rows = Counter([("10", "red", 1), ("10", "read", 0), ("30", "read", 1), ("30", "red", 0)] * 2)
    assert facts["phonmatchnet", "hard"] == two_rows
    assert facts["mmkws", "easy"] == Counter([("10", "red", 1), ("20", "red", 1), ("10", "blue", 0), ("20", "red", 0)])
    assert facts["clap_ipa", "hard"] == Counter([("20", "red", 1), ("30", "red", 0), ("30", "red", 0)])


def test_the_order_of_phonmatchnet_is_drawn_with_the_seed(pairs):
    many = pa.concat_tables([pairs] * 50)
    lists = [libriphrase_protocol(many, "phonmatchnet", "hard", seed) for seed in (1, 1, 2)]
    assert lists[0][0] == lists[1][0] != lists[2][0]
    assert lists[0][1] == {"protocol": "phonmatchnet_hard", "repeats": "kept", "compat": "phonmatchnet", "seed": 1}
    targets = lists[0][0]["target"].to_numpy()
    assert 0.3 < targets[:100].mean() < 0.7
    with pytest.raises(ValueError, match="not cmcd easy"):
        libriphrase_protocol(pairs, "cmcd", "easy")
