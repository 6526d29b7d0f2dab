"""The tables of MSWC: both forms of its splits, and what is wrong with them."""

import os

import pytest

from kwskit.corpora.findings import Findings
from kwskit.corpora.mswc import mswc_clips
from kwskit.errors import CorpusError

HEADER = "SET,LINK,WORD,VALID,SPEAKER,GENDER"
ROWS = [
    "TRAIN,tiger/common_voice_en_1.opus,tiger,True,aa,MALE",
    "DEV,tiger/common_voice_en_2.opus,tiger,True,bb,NAN",
    "TEST,don't/common_voice_en_3.opus,don't,True,\"cc\",FEMALE",
    "TRAIN,lemon/common_voice_en_4.opus,lemon,False,NA,NAN",
]


@pytest.fixture
def corpus(tmp_path):
    for row in ROWS:
        path = tmp_path / "en/clips" / row.split(",")[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "en/en_splits.csv").write_text("\n".join([HEADER, *ROWS]) + "\n")
    return tmp_path


def test_the_splits_become_a_manifest(corpus, capsys):
    findings = Findings()
    table = mswc_clips(corpus, "en", findings)
    assert table["utt_id"].to_pylist() == [
        "en/tiger/common_voice_en_1",
        "en/tiger/common_voice_en_2",
        "en/don't/common_voice_en_3",
    ]
    assert table["path"].to_pylist()[0] == str(corpus / "en/clips/tiger/common_voice_en_1.opus")
    assert table["split"].to_pylist() == ["train", "dev", "test"]
    assert table["speaker"].to_pylist() == ["aa", "bb", "cc"]
    assert table["word"].to_pylist() == ["tiger", "tiger", "don't"]
    assert set(table["stop"].to_pylist()) == {1.0}
    assert not len(findings)
    assert "en: 3 clips of 4; 1 that listeners have not confirmed left out" in capsys.readouterr().out
    assert mswc_clips(corpus / "en", "en", findings) == table


def test_the_sets_may_be_files_of_their_own_beside_the_folder(corpus):
    table = mswc_clips(corpus, "en", Findings())
    (corpus / "en/en_splits.csv").unlink()
    for name in ("train", "dev", "test"):
        own = [row.partition(",")[2] for row in ROWS if row.startswith(name.upper())]
        (corpus / f"en_{name}.csv").write_text("\n".join([HEADER.partition(",")[2], *own]) + "\n")
    assert mswc_clips(corpus, "en", Findings()).sort_by("utt_id") == table.sort_by("utt_id")
    (corpus / "en_dev.csv").unlink()
    with pytest.raises(CorpusError, match=r"en_dev\.csv: no such file, though en_train\.csv is there"):
        mswc_clips(corpus, "en", Findings())


def test_what_cannot_be_used_is_found(corpus):
    more = ["TRAIN,lemon/common_voice_en_9.opus,lemon,True,dd,MALE", "TRAIN,apple/a.opus,apple,True,dd,MALE"]
    more += [
        "EXTRA,tiger/common_voice_en_1.opus,tiger,True,aa,MALE",
        "DEV,tiger/common_voice_en_2.opus,tiger,True,,MALE",
    ]
    (corpus / "en/en_splits.csv").write_text("\n".join([HEADER, *ROWS, *more]) + "\n")
    findings = Findings()
    assert len(mswc_clips(corpus, "en", findings)) == 3
    assert findings.counts == {
        "clips without a speaker": 1,
        "clips of an unknown set": 1,
        "clips that are not there": 2,
    }
    assert "2 clips that are not there: lemon/common_voice_en_9.opus; apple/a.opus" in findings.summary()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER + "\nTRAIN,tiger/a.opus,ti", "cannot be read, is it truncated"),
        ("LINK,WORD\ntiger/a.opus,tiger\n", "cannot be read"),
        (HEADER + "\n", "names no clip"),
        ("", "cannot be read"),
        (HEADER + "\n" + ROWS[3] + "\n", r"no clip of en is left of 1 in .*1 are unconfirmed"),
    ],
)
def test_bad_splits_are_told(corpus, content, message):
    (corpus / "en/en_splits.csv").write_text(content)
    with pytest.raises(CorpusError, match=message):
        mswc_clips(corpus, "en", Findings())


def test_bad_folders_are_told(corpus, tmp_path, monkeypatch):
    (corpus / "de.tar.gz").touch()
    with pytest.raises(CorpusError, match=r"de\.tar\.gz is an archive: unpack it"):
        mswc_clips(corpus, "de", Findings())
    with pytest.raises(CorpusError, match="wrong level"):
        mswc_clips(corpus / "en/clips/tiger", "en", Findings())
    with pytest.raises(CorpusError, match="fr/clips: no such folder; there is en"):
        mswc_clips(corpus, "fr", Findings())

    def denied(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(CorpusError, match=r"[Pp]ermission denied"):
        mswc_clips(corpus, "en", Findings())
