"""speechocean762's layout, and what is wrong with it."""

import pytest

from kwskit.corpora.findings import Findings
from kwskit.corpora.speechocean762 import speechocean762_utterances
from kwskit.errors import CorpusError


@pytest.fixture
def corpus(tmp_path):
    root = tmp_path / "speechocean762"
    for part, speakers in {"train": ("0001", "0005"), "test": ("0003",)}.items():
        (root / part).mkdir(parents=True)
        files: dict[str, list[str]] = {name: [] for name in ("wav.scp", "text", "utt2spk", "spk2age", "spk2gender")}
        for speaker in speakers:
            (root / f"WAVE/SPEAKER{speaker}").mkdir(parents=True)
            files["spk2age"].append(f"{speaker} 6")
            files["spk2gender"].append(f"{speaker} m")
            for number in ("1", "2"):
                name = f"0{speaker}001{number}"
                (root / f"WAVE/SPEAKER{speaker}/{name}.WAV").touch()
                files["wav.scp"].append(f"{name}\tWAVE/SPEAKER{speaker}/{name}.WAV")
                files["text"].append(f"{name}\tWE CALL IT BEAR")
                files["utt2spk"].append(f"{name}\t{speaker}")
        for name, lines in files.items():
            (root / part / name).write_text("\n".join(lines) + "\n")
    return root


def test_both_parts(corpus):
    findings = Findings()
    table = speechocean762_utterances(corpus.parent, findings)
    assert table["split"].to_pylist() == ["train"] * 4 + ["test"] * 2
    assert table.slice(2, 1).to_pylist() == [
        {
            "utterance": "000050011",
            "path": str(corpus / "WAVE/SPEAKER0005/000050011.WAV"),
            "speaker": "0005",
            "split": "train",
            "text": "WE CALL IT BEAR",
            "age": "6",
            "gender": "m",
            "accent": "",
        }
    ]
    assert not len(findings)


def test_what_cannot_be_used_is_counted(corpus):
    (corpus / "WAVE/SPEAKER0001/000010011.WAV").unlink()
    text = corpus / "train/text"
    text.write_text(text.read_text().replace("000010012\tWE CALL IT BEAR", "000010012"))
    speakers = corpus / "train/utt2spk"
    speakers.write_text(speakers.read_text().replace("000050011\t0005\n", ""))
    findings = Findings()
    assert len(speechocean762_utterances(corpus, findings)) == 3
    assert findings.counts == {
        "utterances without a speaker": 1,
        "recordings that are not there": 1,
        "recordings without a transcript": 1,
    }


def test_missing_and_broken_files_are_told(corpus):
    (corpus / "train/wav.scp").write_text("000010011\n")
    with pytest.raises(CorpusError, match=r"wav\.scp: line 1: expected a key and its value"):
        speechocean762_utterances(corpus, Findings())
    (corpus / "train/wav.scp").unlink()
    with pytest.raises(CorpusError, match=r"wav\.scp: cannot be read"):
        speechocean762_utterances(corpus, Findings())


def test_a_folder_of_its_recordings(tmp_path):
    (tmp_path / "SPEAKER0001").mkdir()
    (tmp_path / "SPEAKER0001/000010011.opus").touch()
    row = "SPEAKER0001/000010011.opus\tWE CALL IT BEAR\t0001\t6\tm\n"
    (tmp_path / "text.tsv").write_text(f"file\tsentence\tspeaker\tage\tgender\n{row}")
    (found,) = speechocean762_utterances(tmp_path, Findings()).to_pylist()
    assert (found["utterance"], found["speaker"], found["split"], found["age"]) == ("000010011", "0001", "train", "6")
