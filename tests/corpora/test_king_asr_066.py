"""King-ASR-066's layout: files, scripts and the table of speakers, and what is wrong with them."""

import os

import pytest
import soundfile

from kwskit.corpora.findings import Findings
from kwskit.corpora.king_asr_066 import king_transcripts, king_utterances, spoken_words
from kwskit.errors import CorpusError


@pytest.fixture
def corpus(tmp_path):
    for channel in "01":
        for speaker in ("0001", "0020"):
            folder = tmp_path / f"DATA/CHANNEL{channel}/WAVE/SPEAKER{speaker}/SESSION0"
            folder.mkdir(parents=True)
            for number in ("001", "002"):
                soundfile.write(folder / f"{channel}{speaker}0{number}.WAV", [0.0] * 100, 16000)
        (tmp_path / f"DATA/CHANNEL{channel}/SCRIPT").mkdir()
    (tmp_path / "TABLE").mkdir()
    (tmp_path / "TABLE/SPEAKER.TXT").write_text("SCD\tSEX\tAGE\tACC\n0001\tF\t30\tUSA\n0020\tM\t41\tUSA\n")
    return tmp_path


def test_utterances_are_named_by_channel_speaker_session_and_number(corpus):
    findings = Findings()
    table = king_utterances(corpus, [0], findings)
    assert table["utterance"].to_pylist() == ["000010001", "000010002", "000200001", "000200002"]
    assert table["speaker"].to_pylist() == ["0001", "0001", "0020", "0020"]
    assert os.path.isabs(table["path"][0].as_py())
    assert len(king_utterances(corpus, [0, 1], findings)) == 8
    assert not len(findings)


def test_what_is_out_of_place_is_found(corpus):
    folder = corpus / "DATA/CHANNEL0/WAVE/SPEAKER0001/SESSION0"
    for name in ("000020001.WAV", "take2.wav", "100010001.WAV"):
        soundfile.write(folder / name, [0.0] * 100, 16000, format="WAV")
    (corpus / "TABLE/SPEAKER.TXT").write_text("SCD\tSEX\tAGE\tACC\r\n0001\tF\t30\tUSA\r\n")
    findings = Findings()
    assert len(king_utterances(corpus, [0], findings)) == 4
    assert findings.counts == {
        "audio files that are not named as their folder says": 2,
        "audio files of another channel than their folder's": 1,
        "speakers that TABLE/SPEAKER.TXT lacks": 1,
    }
    assert "SPEAKER0020 (utterances like 000200001)" in findings.summary()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_scripts_hold_two_lines_an_utterance(corpus, encoding):
    script = corpus / "DATA/CHANNEL0/SCRIPT/000010.TXT"
    text = (
        "000010001\tThe café's open, isn't it?\r\n\tthe café's open <SPK/> isn't it **\r\n000010002\tOnly prompted.\r\n"
    )
    script.write_bytes(text.encode(encoding))
    findings = Findings()
    table = king_transcripts(corpus, [0], findings)
    assert table["utterance"].to_pylist() == ["000010001", "000010002"]
    assert table["text"].to_pylist() == ["the café's open isn't it", "only prompted"]
    assert not len(findings)


def test_bad_lines_of_scripts_are_found(corpus):
    script = corpus / "DATA/CHANNEL0/SCRIPT/000010.TXT"
    script.write_text("banana\n12\tshort name\n\tof nobody\n000010001\tyes\n\t<NON/>\n")
    findings = Findings()
    assert not len(king_transcripts(corpus, [0], findings))
    assert findings.counts == {
        "utterances in whose script there is no word": 1,
        "lines of scripts that cannot be read": 3,
    }
    assert "line 1: expected 000010001<TAB>text or <TAB>text, found 'banana'" in str(list(findings))
    with pytest.raises(CorpusError, match="CHANNEL1/SCRIPT: no scripts"):
        king_transcripts(corpus, [1], Findings())


def test_spoken_words_keep_apostrophes_within_words():
    assert spoken_words("'Tis <STA/>Tom's 'quoted' <FIL/>word--well, 3.5") == "tis tom's quoted word well 3 5"


def test_missing_folders_are_told(corpus, monkeypatch):
    with pytest.raises(CorpusError, match="CHANNEL3/WAVE: no such folder; DATA has CHANNEL0, CHANNEL1"):
        king_utterances(corpus, [3], Findings())
    (corpus / "DATA/CHANNEL4/WAVE").mkdir(parents=True)
    with pytest.raises(CorpusError, match="no audio: expected files like SPEAKER0001/SESSION0/400010001"):
        king_utterances(corpus, [4], Findings())

    def denied(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(CorpusError, match="cannot be read: Permission denied"):
        king_utterances(corpus, [0], Findings())
