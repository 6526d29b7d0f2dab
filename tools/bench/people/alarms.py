"""False alarms of phrases that nobody says, over hours of speech and music, at the thresholds that a model sets."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwskit import Spotter
from kwskit.constants import SAMPLE_RATE
from kwskit.corpora.held_back import part_without_text
from kwskit.data.audio import AudioError, read_blocks
from kwskit.data.audio_folder import audio_below
from kwskit.text.normal_form import normal_form
from people.clip import some
from people.resampling import Resampling
from people.sentences import SPEECH, held_back_sentences

UNTRANSCRIBED, MUSIC = "common_voice_untranscribed", "music"
KEYWORDS = Path(__file__).parents[1] / "keywords.txt"
COUNT = 50
ASKED = 0.5  # false alarms of a keyword an hour
NEAR = (0.2, 1.0)  # rates that are as good as asked


class AlarmTest:
    """Counts the hits of phrases in recordings in which they are not said.

    Parameters
    ----------
    recordings : by kind, such as ``music``
    keywords : phrases
    resamples, seed : of the intervals, whose draws are of recordings
    """

    def __init__(self, recordings: Mapping[str, Sequence[Path]], keywords: Sequence[str], resamples: int, seed: int):
        self.recordings, self.keywords = recordings, keywords
        self._resamples, self._seed = resamples, seed

    def measure(self, directory: str) -> dict[str, Any]:
        """Figures of a model: by kind, hours, alarms of a keyword an hour, and how many keywords have how many."""
        spotter = Spotter.load(directory)
        for keyword in self.keywords:
            spotter.enrol(keyword, fa_per_hour=ASKED)
        return {kind: self._kind(spotter, files) for kind, files in self.recordings.items()}

    def _kind(self, spotter: Spotter, files: Sequence[Path]) -> dict[str, Any]:
        counts, seconds = self._counts(spotter, files)
        hours = seconds.sum() / 3600
        draws = Resampling([str(file) for file in files], self._resamples, self._seed)
        # Of the alarms a recording, by the length of recordings: both are drawn together.
        rate = draws.mean(counts.sum(1) / len(self.keywords)) / draws.mean(seconds / 3600)
        own = counts.sum(0) / hours
        fewer, more = int((own < NEAR[0]).sum()), int((own > NEAR[1]).sum())
        most = np.argsort(-own, kind="stable")[:5]
        return {
            "hours": hours,
            "keywords": len(self.keywords),
            "rate": rate,
            "fewer": fewer,
            "near": len(own) - fewer - more,
            "more": more,
            "most": {self.keywords[k]: float(own[k]) for k in most.tolist()},
        }

    def _counts(self, spotter: Spotter, files: Sequence[Path]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Hits (files, keywords) and seconds (files,): recordings follow each other in one stream."""
        places = {keyword: k for k, keyword in enumerate(self.keywords)}
        counts = np.zeros((len(files), len(self.keywords)), np.int64)
        seconds = np.zeros(len(files))
        stream = spotter.listen()
        for row, file in enumerate(files):
            try:
                for block in read_blocks(file):
                    seconds[row] += len(block) / SAMPLE_RATE
                    for hit in stream.push(block):
                        counts[row, places[hit.keyword]] += 1
            except AudioError as error:
                print(f"heard up to where it is damaged: {error}")
        for hit in stream.finish():
            counts[-1, places[hit.keyword]] += 1
        return counts, seconds


def alarm_test(speech: Path, half: str, most: int | None, resamples: int, seed: int) -> AlarmTest | None:
    """That of a half: speech without text, sentences of held-back people, and music; None where there is neither.

    Parameters
    ----------
    speech : folder of people's speech
    half : ``dev`` or ``test``
    most : recordings of a kind, at most; None for all
    """
    sentences = list(held_back_sentences(speech, half))
    talk = [Path(one["path"]) for _, one in sentences]
    talk += _without_text(speech / SPEECH / UNTRANSCRIBED, half)
    found = {"speech": some(talk, most), "music": some(_without_text(speech / MUSIC, half), most)}
    said = " ".join(f" {normal_form(one['text'])} " for _, one in sentences)
    there = {kind: files for kind, files in found.items() if files}
    return AlarmTest(there, keywords_that_are_not(said), resamples, seed) if there else None


def keywords_that_are_not(said: str) -> list[str]:
    """The first phrases of two words and more of ``KEYWORDS`` that are not in ``said``, words between spaces."""
    phrases = (normal_form(line) for line in KEYWORDS.read_text("utf-8").splitlines())
    return [one for one in phrases if " " in one and f" {one} " not in said][:COUNT]


def _without_text(folder: Path, half: str) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in sorted(audio_below(folder).files) if part_without_text(path.stem) == half]
