"""The Qualcomm Keyword Speech Dataset: its layout, and copies with something missing."""

import shutil

import pytest

from kwskit.corpora.findings import Findings
from kwskit.corpora.keyword_recordings import KeywordRecording
from kwskit.corpora.qualcomm import FOLDERS, KEYWORDS, qualcomm_recordings
from kwskit.errors import CorpusError


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "qualcomm_keyword_speech_dataset"
    for folder in FOLDERS:
        for speaker in ("0001", "0002"):
            (root / folder / speaker).mkdir(parents=True)
            (root / folder / speaker / f"{speaker}_1.wav").touch()
    return root


def test_folders_are_keywords_and_speakers(root, tmp_path):
    findings = Findings()
    recordings = qualcomm_recordings(tmp_path, findings)
    assert len(recordings) == 8
    path = root / "hey_snapdragon/0001/0001_1.wav"
    assert recordings[2] == KeywordRecording("hey_snapdragon/0001/0001_1", path, "hey snapdragon", "0001")
    assert tuple(dict.fromkeys(one.word for one in recordings)) == KEYWORDS
    assert len(findings) == 0


def test_recordings_without_a_speaker_are_counted(root):
    (root / "hi_galaxy/lost.wav").touch()
    findings = Findings()
    assert len(qualcomm_recordings(root, findings)) == 8
    assert findings.summary() == "1 recordings that are not keyword/speaker/recording.wav: hi_galaxy/lost.wav"


def test_missing_keywords_are_told(root):
    shutil.rmtree(root / "hi_lumina/0001")
    shutil.rmtree(root / "hi_lumina/0002")
    with pytest.raises(CorpusError, match=r"hi_lumina holds no recordings"):
        qualcomm_recordings(root, Findings())
    shutil.rmtree(root / "hi_lumina")
    with pytest.raises(CorpusError, match="lacks hi_lumina; it has hey_android"):
        qualcomm_recordings(root, Findings())
    (root.parent / "keywords.zip").touch()
    with pytest.raises(CorpusError, match="is a file: unpack it"):
        qualcomm_recordings(root.parent / "keywords.zip", Findings())
