"""The Qualcomm Keyword Speech Dataset (Kim et al. 2019): four keywords, a folder each, in it a folder a speaker."""

from pathlib import Path

from kwskit.corpora.findings import Findings
from kwskit.corpora.keyword_recordings import KeywordRecording
from kwskit.corpora.locate import corpus_root
from kwskit.errors import CorpusError
from kwskit.text.normal_form import normal_form

NAME = "Qualcomm Keyword Speech Dataset"
FOLDERS = ("hey_android", "hey_snapdragon", "hi_galaxy", "hi_lumina")
KEYWORDS = tuple(normal_form(folder) for folder in FOLDERS)
PROTOCOL = "qualcomm"


def qualcomm_recordings(given: Path, findings: Findings) -> list[KeywordRecording]:
    """Every recording ``<keyword>/<speaker>/<recording>.wav``; the word is the folder's name with spaces.

    Parameters
    ----------
    given : the folder with the four keywords' folders, or the one above
    findings : takes recordings that lie in no speaker's folder

    Raises
    ------
    CorpusError
        As :func:`corpus_root`, and when a keyword has no recordings.
    """
    root = corpus_root(given, FOLDERS, NAME)
    found: list[KeywordRecording] = []
    for folder in FOLDERS:
        before = len(found)
        for path in sorted((root / folder).rglob("*.wav")):
            inside = path.relative_to(root).with_suffix("")
            if len(inside.parts) != 3:
                findings.add("recordings that are not keyword/speaker/recording.wav", str(path.relative_to(root)))
                continue
            found.append(KeywordRecording(inside.as_posix(), path, normal_form(folder), inside.parts[1]))
        if len(found) == before:
            raise CorpusError(f"{NAME}: {root / folder} holds no recordings (speaker/*.wav)")
    return found
